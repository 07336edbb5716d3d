# What the packet path costs beside what it cost at an earlier commit, stage by stage: the price of
# everything since then for packets that use none of it. Each commit measures itself, in a release
# build of its own, on the same synthetic ports; the two take turns.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An earlier commit, and now."""

from ..measurement import Bound, Chart, Measurement, ratio

ORDER = 28
# The last one before ICMP, next-hop groups, reassembly, policies, VRFs and echoes.
BEFORE = '94b4365910'
KINDS = {'plain IPv4': 'plain', 'uplink': 'uplink', 'downlink': 'downlink'}
LIMIT = 1.10  # of the plain path


def measurement(setting):
    before = setting.earlier or BEFORE
    runs, bounds = {}, []
    for name, direction in KINDS.items():
        traffic = setting.traffic(direction)
        earlier, now = f'{name}, before', f'{name}, now'
        runs[earlier] = setting.bench_of(before, 'datapath', *traffic)
        runs[now] = setting.bench('datapath', *traffic)
        judged = {'limit': LIMIT, 'number': 13} if direction == 'plain' else {}
        bounds.append(Bound(f'{name}: cycles of those before', ratio(now, earlier), **judged))
    chart = Chart('Before and now', 'TSC ticks per packet',
                  {when: {name: f'{name}, {when}' for name in KINDS} for when in ('before', 'now')})
    return Measurement('an earlier commit and now', runs, bounds, charts=[chart],
                       notes=[f'Before: commit {before}.'])
