# The whole worker on one core, saturated: small packets, IMIX and 1,400 bytes, uplink, downlink and
# both at once, at three populations; against dpdk-testpmd on the same replay ports, and against our
# own plain IPv4 path between the same synthetic ports.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The whole worker."""

from ..measurement import Bound, Chart, Measurement, ratio
from ..setting import IMIX, LARGE, SESSIONS, SMALL

ORDER = 20
SIZES = {'46 B': SMALL, 'IMIX': IMIX, '1400 B': LARGE}
DIRECTIONS = ('uplink', 'downlink')
POPULATION_LIMITS = {'64k': (1.12, 1.08), '1M': (1.30, 1.20)}  # of the cycles at 1k; stretch


def key_of(direction, size, sessions):
    return f'{direction}, {size}, {sessions}'


def of_the_clock(key):
    """Packets of the run times the median of their ticks, of all the ticks there were: 1, if the
    figure tells what the core really did, and less by what disturbed it."""
    return lambda results: (results[key]['ticks_median'] * results[key]['packets'] /
                            (results[key]['measured_seconds'] * results[key]['tsc_hz']))


def against_testpmd(setting, runs, bounds):
    """The same frames from the same kind of port, to testpmd and to us."""
    small = {direction: setting.traffic(direction) for direction in DIRECTIONS}
    for direction in DIRECTIONS:
        captures = [setting.capture(*small[direction])]
        ours, theirs = f'{direction}, replay', f'testpmd macswap, {direction} frames, replay'
        runs[ours] = setting.replay('datapath', *small[direction], captures=captures)
        runs[theirs] = setting.macswap(captures)
        bounds += [
            Bound(f'{direction}: cycles of testpmd macswap', ratio(ours, theirs), 2.5, 1.8,
                  number=1),
            Bound(f'{direction}: the same, each at its least disturbed',
                  ratio(ours, theirs, 'ticks_min')),
            Bound(f'{direction}: replay port of the synthetic one',
                  ratio(ours, key_of(direction, '46 B', '1k'))),
        ]
    theirs = 'testpmd macswap, both directions, replay'
    runs[theirs] = setting.macswap(*[[setting.capture(*small[direction])]
                                     for direction in DIRECTIONS])
    bounds.append(Bound('both: cycles of testpmd macswap both ways',
                        ratio(key_of('both', '46 B', '1k'), theirs)))


def measurement(setting):
    runs, bounds = {}, []
    against_testpmd(setting, runs, bounds)
    for size, inner in SIZES.items():
        runs[f'plain IPv4, {size}'] = setting.bench('datapath', *setting.traffic('plain', inner))
        for direction in (*DIRECTIONS, 'both'):
            for name, sessions in SESSIONS.items():
                runs[key_of(direction, size, name)] = setting.bench(
                    'datapath', *setting.traffic(direction, inner, sessions))
    for direction in (*DIRECTIONS, 'both'):
        # Larger packets are reported: writing them is the source's work, in both paths.
        for size in SIZES:
            limits = {'limit': 0.65, 'stretch': 0.75, 'number': 2} if size == '46 B' else {}
            bounds.append(Bound(f'{direction}, {size}: rate of our plain IPv4 path',
                                ratio(f'plain IPv4, {size}', key_of(direction, size, '1k')),
                                at_least=True, **limits))
        bounds.append(Bound(f'{direction}: ticks per packet times packets, of the clock',
                            of_the_clock(key_of(direction, '46 B', '1k'))))
        for name, (limit, stretch) in POPULATION_LIMITS.items():
            bounds.append(Bound(f'{direction}: cycles at {name} of those at 1k',
                                ratio(key_of(direction, '46 B', name),
                                      key_of(direction, '46 B', '1k')), limit, stretch, number=3))
    charts = [
        Chart('Small packets by population', 'TSC ticks per packet',
              {direction: {name: key_of(direction, '46 B', name) for name in SESSIONS}
               for direction in (*DIRECTIONS, 'both')}),
        Chart('1k sessions by packet size', 'TSC ticks per packet',
              {**{direction: {size: key_of(direction, size, '1k') for size in SIZES}
                  for direction in (*DIRECTIONS, 'both')},
               'plain IPv4': {size: f'plain IPv4, {size}' for size in SIZES}}),
        Chart('Against testpmd on replay ports', 'TSC ticks per packet',
              {'Terminus': {direction: f'{direction}, replay' for direction in DIRECTIONS},
               'testpmd macswap': {direction: f'testpmd macswap, {direction} frames, replay'
                                   for direction in DIRECTIONS}}),
    ]
    return Measurement('the whole worker, saturated, one core', runs, bounds, charts=charts)
