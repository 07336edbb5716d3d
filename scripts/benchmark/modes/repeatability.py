# Whether the figures of `datapath` can be trusted: ten runs, each in a process of its own with
# memory of its own, and the coefficient of variation of their medians.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The same thing ten times."""

import statistics

from ..measurement import Bound, Measurement
from ..setting import SESSIONS, SMALL

ORDER = 25
TIMES = 10
DIRECTIONS = ('uplink', 'downlink')
LIMIT_PERCENT = 3


def variation(key):
    """In percent. The ten are one round."""
    return lambda results: results[key]['variation_percent']


def repeat(setting, times, arguments):
    def run():
        ticks = [setting.bench_alone('datapath', *arguments)()['ticks_median']
                 for _ in range(times)]
        mean = statistics.mean(ticks)
        return {'ticks_median': statistics.median(ticks), 'each': ticks,
                'variation_percent': 100 * statistics.stdev(ticks) / mean}
    return run


def measurement(setting):
    times = 2 if setting.quick else TIMES
    runs = {f'{direction}, {name}': repeat(setting, times, setting.traffic(direction, SMALL,
                                                                           SESSIONS[name]))
            for direction in DIRECTIONS for name in ('1k', '64k')}
    bounds = [Bound(f'{key}: coefficient of variation of {times} runs', variation(key),
                    LIMIT_PERCENT, unit='%', number=11) for key in runs]
    return Measurement(f'{times} runs of the whole worker, a new process each', runs, bounds,
                       rounds=1, columns={'median': 'ticks_median', 'variation %':
                                          'variation_percent'})
