# The whole worker on one core, saturated: small packets, IMIX and 1,400 bytes, uplink, downlink and
# both at once, at three populations; against dpdk-testpmd on the same replay ports and against our
# own plain IPv4 path between the same synthetic ones.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The whole worker."""

from .. import programs
from ..measurement import Bound, Measurement, ratio
from ..setting import IMIX, LARGE, REPLAY_FRAMES, SESSIONS, SMALL

ORDER = 20


def replay(setting, traffic):
    return lambda: setting.bench('datapath', *traffic, '--capture', setting.capture(*traffic),
                                 '--frames', REPLAY_FRAMES)()


def testpmd(setting, traffic):
    return lambda: programs.testpmd(setting.cpu, setting.capture(*traffic), REPLAY_FRAMES,
                                    setting.seconds)


def measurement(setting):
    runs, bounds = {}, []
    for direction in ('uplink', 'downlink'):
        replayed, swapped = f'{direction} 1k, replay', f'macswap {direction} frames, replay'
        runs[replayed] = replay(setting, setting.traffic(direction))
        runs[swapped] = testpmd(setting, setting.traffic(direction))
        bounds.append(Bound(f'{direction}: cycles of testpmd macswap', ratio(replayed, swapped),
                            2.5, 1.8, number=1))
        # testpmd tells means over a tenth of a run, which others' load lengthens: its best one.
        bounds.append(Bound(f'{direction}: the same, least disturbed',
                            ratio(replayed, swapped, 'ticks_min')))
    runs['plain IPv4'] = setting.bench('datapath', *setting.traffic('plain'))
    for direction in ('uplink', 'downlink'):
        for name, sessions in SESSIONS.items():
            runs[f'{direction} {name}'] = setting.bench(
                'datapath', *setting.traffic(direction, SMALL, sessions))
        for name, inner in (('IMIX', IMIX), ('1400 B', LARGE)):
            runs[f'{direction} 1k {name}'] = setting.bench(
                'datapath', *setting.traffic(direction, inner))
        first = f'{direction} 1k'
        bounds += [
            Bound(f'{direction}: rate of our plain IPv4 path', ratio('plain IPv4', first), 0.65,
                  0.75, at_least=True, number=2),
            Bound(f'{direction}: cycles at 64k of those at 1k', ratio(f'{direction} 64k', first),
                  1.12, 1.08, number=3),
            Bound(f'{direction}: cycles at 1M of those at 1k', ratio(f'{direction} 1M', first),
                  1.30, 1.20, number=3),
            Bound(f'{direction}: replay port of the synthetic one',
                  ratio(f'{direction} 1k, replay', first)),
        ]
    return Measurement('the whole worker, saturated, one core', runs, bounds)
