# What the stages cost without receive and transmit, in core cycles, against the figures of the VPP
# L2TPv2 plugin (docs/performance.md): the same set-up, another processor.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The stages alone."""

from ..measurement import Bound, Chart, Measurement
from ..setting import SESSIONS

ORDER = 30
# Of the plugin, bursts of 32, in TSC ticks of a machine whose core made so many cycles per tick.
VPP_CORE_CYCLES_PER_TICK = 1.285
VPP_TICKS = {('uplink', '1k'): 208, ('uplink', '64k'): 287,
             ('downlink', '1k'): 140, ('downlink', '64k'): 195}
LIMITS = {'uplink': 0.45, 'downlink': 0.5}
CHECKSUM = {'': [], ' without UDP checksum': ['--no-udp-checksum']}


def of_reference(key, reference):
    return lambda results: (results[key]['ticks_median'] *
                            results[key]['core_cycles_per_tick'] / reference)


def measurement(setting):
    runs = {'plain IPv4': setting.bench('forwarding-work', *setting.traffic('plain'))}
    bounds = []
    for (direction, name), ticks in VPP_TICKS.items():
        for text, extra in CHECKSUM.items() if direction == 'downlink' else [('', [])]:
            key = f'{direction} {name}{text}'
            runs[key] = setting.bench(
                'forwarding-work', *setting.traffic(direction, sessions=SESSIONS[name]), *extra)
            bounds.append(Bound(f'{key}: core cycles of the VPP plugin\'s',
                                of_reference(key, ticks * VPP_CORE_CYCLES_PER_TICK),
                                LIMITS[direction], number=12))
    chart = Chart('Forwarding work', 'TSC ticks per packet',
                  {direction: {name: f'{direction} {name}' for name in ('1k', '64k')}
                   for direction in LIMITS})
    return Measurement('the stages alone, bursts of 32', runs, bounds, charts=[chart])
