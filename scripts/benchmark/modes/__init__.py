# The modes of the bench, one file each. A file is found by being here; it defines
#
#   ORDER                     its place in a run of all
#   measurement(setting)      what it measures (measurement.Measurement), from setting.Setting
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Everything that can be measured."""

import importlib
import pkgutil


def find():
    """Modules of all modes by name, in the order they run in."""
    modules = {info.name.replace('_', '-'): importlib.import_module(f'{__name__}.{info.name}')
               for info in pkgutil.iter_modules(__path__)}
    return dict(sorted(modules.items(), key=lambda item: (item[1].ORDER, item[0])))
