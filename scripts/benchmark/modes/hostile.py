# What it costs to drop a packet, for each way of being wrong, against forwarding one. The program
# fails a run in which a packet was sent or dropped for any other reason than the expected one.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets that are dropped."""

from ..measurement import Bound, Chart, Measurement, ratio

ORDER = 35
FAULTS = ['unknown-session', 'bad-version', 'truncated', 'wrong-peer', 'spoofed-source']


def measurement(setting):
    runs = {'forwarded': setting.bench('datapath', *setting.traffic())}
    bounds = []
    for fault in FAULTS:
        runs[fault] = setting.bench('datapath', *setting.traffic(), '--fault', fault)
        bounds.append(Bound(f'{fault}: cycles of a forwarded packet', ratio(fault, 'forwarded'),
                            1.0, number=7))
    chart = Chart('A packet that is dropped', 'TSC ticks', {'': {key: key for key in runs}})
    return Measurement('packets that are dropped, each for its expected reason', runs, bounds,
                       charts=[chart])
