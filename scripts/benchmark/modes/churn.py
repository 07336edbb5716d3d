# What sessions that come and go through the API cost the packets of others: one worker at half of
# the rate it reaches saturated, alone and beside 1,000 installs and 1,000 removals a second.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Installs and removals beside traffic."""

from ..measurement import Bound, Measurement, ratio
from ..setting import SESSIONS

ORDER = 55
PER_SECOND = 1000
LOAD = 0.5
DIRECTIONS = ('uplink', 'downlink')


def measurement(setting):
    runs, bounds = {}, []
    for direction in DIRECTIONS:
        quiet, busy = f'{direction}, quiet', f'{direction}, sessions come and go'
        for key, rate in ((quiet, 0), (busy, PER_SECOND)):
            runs[key] = setting.bench(
                'churn', *setting.traffic(direction, sessions=SESSIONS['64k']), '--load', LOAD,
                '--churn', rate, seconds=2 * setting.seconds)
        bounds += [
            Bound(f'{direction}: cycles of quiet', ratio(busy, quiet), 1.05, number=6),
            # A run of which a packet is dropped by the worker fails; these overran its ring.
            Bound(f'{direction}: packets lost', lambda r, busy=busy: r[busy]['lost'], 0, unit='',
                  number=6),
            Bound(f'{direction}: the same, of the means',
                  ratio(busy, quiet, 'ticks_mean')),
            Bound(f'{direction}: installs and removals taken',
                  lambda r, busy=busy: r[busy]['changes_per_second'], unit='/s'),
        ]
    return Measurement(
        f'one worker at half load, 64k sessions, beside {PER_SECOND:,} installs and as many '
        'removals a second through gRPC', runs, bounds,
        notes=['Ticks are of turns that found packets; the gRPC service and its client run on the '
               'other cores.'])
