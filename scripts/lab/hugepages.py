# Reserves hugepages for the data plane and puts the old number back afterwards.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Hugepages of the default size."""

from pathlib import Path

from .commands import LabError

COUNT = Path('/proc/sys/vm/nr_hugepages')


def meminfo(key):
    for line in Path('/proc/meminfo').read_text().splitlines():
        name, value = line.split(':')
        if name == key:
            return int(value.split()[0])
    return 0


class Hugepages:
    """At least `megabytes` of free hugepages while it lives."""

    def __init__(self, megabytes):
        self.before = int(COUNT.read_text())
        page_kb = meminfo('Hugepagesize') or 2048
        needed = -(-megabytes * 1024 // page_kb)
        missing = needed - meminfo('HugePages_Free')
        if missing > 0:
            COUNT.write_text(str(self.before + missing))
        free = meminfo('HugePages_Free')
        if free < needed:
            self.restore()
            raise LabError(f'reserved {free} of {needed} hugepages of {page_kb} KiB: too little '
                           'free memory in one piece; free some, or reboot and try again')

    def restore(self):
        COUNT.write_text(str(self.before))
