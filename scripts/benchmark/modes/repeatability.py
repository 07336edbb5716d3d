# Whether the figures of `datapath` can be trusted: ten quiet runs, each in a process of its own with
# memory of its own, and the coefficient of variation of their medians.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The same thing ten times."""

import functools
import statistics

from .. import machine
from ..measurement import Bound, Measurement
from ..setting import SESSIONS, SMALL

ORDER = 25
TIMES = 10
ATTEMPTS = 4  # at a run that is not disturbed; the last one counts, disturbed or not
DIRECTIONS = ('uplink', 'downlink')
LIMIT_PERCENT = 3


def variation(key):
    """In percent. The ten are one round."""
    return lambda results: results[key]['variation_percent']


class Repeats:
    """The same runs again and again, all of them in turn, so that drift touches all alike."""

    def __init__(self, runs, times):
        self._runs, self._times = runs, times
        self._disturbed = dict.fromkeys(runs, 0)

    def _quiet(self, key):
        """Core cycles per packet of a run that nothing disturbed."""
        for attempt in range(ATTEMPTS):
            noise = machine.Noise()
            figures = self._runs[key]()
            if 'noisy' not in noise.seen([{key: figures}]):
                break
            self._disturbed[key] += 1
        return figures['ticks_median'] * figures['core_cycles_per_tick']

    @functools.cached_property
    def _cycles(self):
        cycles = {key: [] for key in self._runs}
        for _ in range(self._times):
            for key in self._runs:
                cycles[key].append(self._quiet(key))
        return cycles

    def keys(self):
        return self._runs.keys()

    def of(self, key):
        """A run of Measurement: what the ten of `key` are together."""
        def run():
            cycles = self._cycles[key]
            return {'cycles_median': statistics.median(cycles), 'each': cycles,
                    'disturbed': self._disturbed[key],
                    'variation_percent': 100 * statistics.stdev(cycles) / statistics.mean(cycles)}
        return run


def measurement(setting):
    times = 2 if setting.quick else TIMES
    repeats = Repeats({
        f'{direction}, {name}': setting.bench_alone(
            'datapath', *setting.traffic(direction, SMALL, SESSIONS[name]))
        for direction in DIRECTIONS for name in ('1k', '64k')}, times)
    runs = {key: repeats.of(key) for key in repeats.keys()}
    bounds = [Bound(f'{key}: coefficient of variation of {times} runs', variation(key),
                    LIMIT_PERCENT, unit='%', number=11) for key in runs]
    return Measurement(
        f'{times} runs of the whole worker, a new process each', runs, bounds, rounds=1,
        unit='core cycles per packet', figure='cycles_median',
        columns={'median': 'cycles_median', 'variation %': 'variation_percent',
                 'disturbed': 'disturbed'},
        notes=['A run that the kernel or the hypervisor disturbed, by the limits that stamp a '
               f'machine as noisy, is made again, at most {ATTEMPTS - 1} times; "disturbed" tells '
               'how many were.'])
