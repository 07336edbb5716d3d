# What the figures were measured on, and whether the machine was quiet.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The machine of a measurement."""

import os
import platform
from pathlib import Path

# One-minute load above which results are stamped, per core.
QUIET_LOAD = 0.25
# The kernel took the core from a measurement more often than this in a second.
QUIET_SWITCHES = 20


def processor():
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return platform.processor()


def describe(clock):
    """`clock` is what `bench-dataplane clock` says."""
    load = os.getloadavg()[0]
    return {
        'processor': processor(),
        'cores': os.cpu_count(),
        'kernel': platform.release(),
        'dpdk': clock['dpdk'],
        'tsc_hz': clock['tsc_hz'],
        'core_cycles_per_tick': clock['core_cycles_per_tick'],
        'load_at_start': load,
        'noisy': load > QUIET_LOAD * os.cpu_count(),
    }


def text(machine):
    stamp = ' — NOISY: judge no figure by this run' if machine['noisy'] else ''
    return (f'{machine["processor"]}, {machine["cores"]} cores, Linux {machine["kernel"]}, '
            f'{machine["dpdk"]}, TSC {machine["tsc_hz"] / 1e9:.2f} GHz, core '
            f'{machine["core_cycles_per_tick"]:.3f} cycles per tick, load at start '
            f'{machine["load_at_start"]:.2f}{stamp}')
