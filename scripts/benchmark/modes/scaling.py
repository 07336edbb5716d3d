# Two workers on two cores against one, and against what dpdk-testpmd gains from its second core on
# the same replay ports; and what it costs to hand packets to the worker that owns their session.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Two workers."""

from ..measurement import Bound, Chart, Measurement, Unavailable
from ..setting import TUNNELS

ORDER = 40
DIRECTIONS = ('uplink', 'downlink')
HANDOFF_LIMIT_TICKS = 60


def gain(one, two):
    """Rate of two cores over that of one: ticks are of all cores together."""
    return lambda results: 2 * results[one]['ticks_median'] / results[two]['ticks_median']


def handoff(owned, mixed):
    return lambda results: ((results[mixed]['ticks_median'] - results[owned]['ticks_median']) /
                            results[mixed]['handed_over'])


def needs_two_cores():
    raise Unavailable('a second core')


def measurement(setting):
    runs, bounds = {}, []
    if setting.other_cpu == setting.cpu:
        return Measurement('two workers', {'two workers': needs_two_cores}, [])
    cpus = [word for cpu in (setting.cpu, setting.other_cpu) for word in ('--cpus', cpu)]
    for direction in DIRECTIONS:
        traffic = setting.traffic(direction)
        one_queue = [setting.capture(*traffic)]
        owned = [setting.capture(*traffic, '--workers', 2, '--owner', owner) for owner in (0, 1)]
        two = [*cpus, '--workers', 2]
        names = {name: f'{direction}, {name}' for name in (
            'one worker, replay', 'two workers, replay', 'testpmd, one core', 'testpmd, two cores',
            'one worker', 'two, owned', 'two, mixed', 'two, one tunnel',
            'two on one core, owned', 'two on one core, mixed')}
        runs[names['one worker, replay']] = setting.replay('scaling', *traffic, *cpus,
                                                           captures=one_queue)
        runs[names['two workers, replay']] = setting.replay('scaling', *traffic, *two,
                                                            captures=owned)
        runs[names['testpmd, one core']] = setting.macswap(one_queue)
        runs[names['testpmd, two cores']] = setting.macswap(owned, workers=2)
        runs[names['one worker']] = setting.bench('scaling', *traffic, *cpus)
        runs[names['two, owned']] = setting.bench('scaling', *traffic, *two)
        runs[names['two, mixed']] = setting.bench('scaling', *traffic, *two, '--spread', 'mixed')
        runs[names['two, one tunnel']] = setting.bench(
            'scaling', *setting.traffic(direction, tunnels=1), *two, '--spread', 'one-queue')
        alone = ['--cpus', setting.cpu, '--workers', 2]
        runs[names['two on one core, owned']] = setting.bench('scaling', *traffic, *alone)
        runs[names['two on one core, mixed']] = setting.bench('scaling', *traffic, *alone,
                                                              '--spread', 'mixed')
        ours = gain(names['one worker, replay'], names['two workers, replay'])
        theirs = gain(names['testpmd, one core'], names['testpmd, two cores'])
        bounds += [
            Bound(f'{direction}: gain of a second worker, of testpmd\'s',
                  lambda r, ours=ours, theirs=theirs: ours(r) / theirs(r), 0.95, at_least=True,
                  number=5),
            Bound(f'{direction}: gain of a second worker', ours),
            Bound(f'{direction}: testpmd\'s', theirs),
            Bound(f'{direction}: handoff adds per packet handed over',
                  handoff(names['two, owned'], names['two, mixed']), HANDOFF_LIMIT_TICKS,
                  unit='ticks', number=5),
            Bound(f'{direction}: the same where both workers take turns on one core',
                  handoff(names['two on one core, owned'], names['two on one core, mixed']),
                  unit='ticks'),
            Bound(f'{direction}: lost in full handoff rings, saturated, mixed',
                  lambda r, key=names['two, mixed']: 100 * r[key]['ring_full'], unit='%'),
            Bound(f'{direction}: gain where one tunnel fills one queue',
                  gain(names['one worker'], names['two, one tunnel'])),
        ]
    chart = Chart('Rate of one and two workers', 'Mpps', {
        direction: {name: (f'{direction}, {name}', 'mpps')
                    for name in ('one worker', 'two, owned', 'two, mixed', 'two, one tunnel')}
        for direction in DIRECTIONS})
    return Measurement(
        'one worker and two, each on a core of its own', runs, bounds,
        unit='TSC ticks of all cores per packet sent', charts=[chart],
        notes=[f'"Owned": each packet comes to the worker that owns its session, of {TUNNELS} '
               'tunnels. "Mixed": to both alike, half of them are handed over. "One tunnel": all '
               'come to the first worker, as the outer addresses of a single tunnel make it.',
               'What a handoff costs on one core is what it costs in instructions and in batches '
               'that are half as full; the rest is what crosses between caches.'])
