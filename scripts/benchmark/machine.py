# What the figures were measured on, and whether the machine was quiet.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The machine of a measurement."""

import os
import platform
import statistics
import time
from pathlib import Path

# One-minute load at the start above which results are stamped, per core.
QUIET_LOAD = 0.25
# The kernel took the core from a measuring thread more often than this in a second.
QUIET_SWITCHES = 20
# The hypervisor took so much of all cores' time.
QUIET_STOLEN = 0.02
STOLEN_COLUMN = 8  # of the line "cpu" of /proc/stat, in ticks


def processor():
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return platform.processor()


def describe(clock, load):
    """`clock` is what `bench-dataplane clock` says, `load` the load before anything of ours ran."""
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


def stolen_seconds():
    words = Path('/proc/stat').read_text().splitlines()[0].split()
    return int(words[STOLEN_COLUMN]) / os.sysconf('SC_CLK_TCK')


class Noise:
    """What disturbed a mode, from now on."""

    def __init__(self):
        self._stolen, self._begin = stolen_seconds(), time.monotonic()

    def seen(self, results):
        """Of the machine's description, what the mode's time adds; `noisy` only if it was."""
        rates = [run['involuntary_switches'] / run['measured_seconds']
                 for one_round in results for run in one_round.values()
                 if 'involuntary_switches' in run]
        seconds = (time.monotonic() - self._begin) * os.cpu_count()
        stolen = (stolen_seconds() - self._stolen) / max(seconds, 1e-3)
        switches = statistics.median(rates) if rates else 0
        seen = {'switches_per_second': round(switches, 1), 'stolen': round(stolen, 4)}
        if switches > QUIET_SWITCHES or stolen > QUIET_STOLEN:
            seen['noisy'] = True
        return seen
