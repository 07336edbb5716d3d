# What is measured under each name: the runs, interleaved round by round, and what is made of them.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The measurements and their bounds."""

import dataclasses
import statistics
from typing import Callable, Optional

from . import programs

SEED = 20240229
TUNNELS = 16
SMALL, IMIX, LARGE = 46, 0, 1400  # bytes of the IP packet; IMIX is 7:4:1 of 46, 552 and 1500
SESSIONS = {'1k': 1024, '64k': 65536, '1M': 1_000_000}
REPLAY_FRAMES = 4096
WRITER_CHANGES = 2000  # per second, beside lookups
FAULTS = ['unknown-session', 'bad-version', 'truncated', 'wrong-peer', 'spoofed-source']

# Forwarding work of the VPP L2TPv2 plugin, bursts of 32, in TSC ticks of a machine whose core made
# so many cycles per tick (docs/performance.md).
VPP_CORE_CYCLES_PER_TICK = 1.285
VPP_TICKS = {('uplink', '1k'): 208, ('uplink', '64k'): 287,
             ('downlink', '1k'): 140, ('downlink', '64k'): 195}


@dataclasses.dataclass
class Bound:
    """One judged figure: `value` of the rounds must be at most (or at least) `limit`."""
    what: str
    value: Callable  # of one round's results
    limit: Optional[float] = None  # None: only reported
    stretch: Optional[float] = None
    at_least: bool = False
    unit: str = 'x'

    def holds(self, value, limit):
        return value >= limit if self.at_least else value <= limit


@dataclasses.dataclass
class Measurement:
    what: str
    runs: dict  # key -> callable returning a run's results
    bounds: list
    figure: str = 'ticks_median'
    unit: str = 'TSC ticks per packet'


class Setting:
    """What all runs of a session share."""

    def __init__(self, cpu, seconds, directory):
        self.cpu, self.seconds, self.directory = cpu, seconds, directory

    def bench(self, mode, *arguments):
        return lambda: programs.bench(self.cpu, mode, '--seconds', self.seconds, '--seed', SEED,
                                      '--tunnels', TUNNELS, *arguments)

    def capture(self, direction, inner, sessions):
        path = self.directory / f'{direction}-{inner}-{sessions}.pcap'
        if not path.exists():
            programs.bench(self.cpu, 'frames', '--direction', direction, '--inner', inner,
                           '--sessions', sessions, '--tunnels', TUNNELS, '--seed', SEED,
                           '--frames', REPLAY_FRAMES, '--out', path)
        return path

    def replay(self, direction, inner, sessions):
        return lambda: self.bench(
            'datapath', '--direction', direction, '--inner', inner, '--sessions', sessions,
            '--capture', self.capture(direction, inner, sessions), '--frames', REPLAY_FRAMES)()

    def testpmd(self, direction, inner, sessions):
        return lambda: programs.testpmd(self.cpu, self.capture(direction, inner, sessions),
                                        REPLAY_FRAMES, self.seconds)


def ratio(a, b, figure='ticks_median'):
    return lambda results: results[a][figure] / results[b][figure]


def difference(a, b):
    return lambda results: results[a]['ticks_median'] - results[b]['ticks_median']


def datapath(setting):
    runs, bounds = {}, []
    for direction in ('uplink', 'downlink'):
        replayed, swapped = f'{direction} 1k, replay', f'macswap {direction} frames, replay'
        runs[replayed] = setting.replay(direction, SMALL, SESSIONS['1k'])
        runs[swapped] = setting.testpmd(direction, SMALL, SESSIONS['1k'])
        bounds.append(Bound(f'{direction}: cycles of testpmd macswap', ratio(replayed, swapped),
                            2.5, 1.8))
        # testpmd tells means over a tenth of a run, which others' load lengthens: its best one.
        bounds.append(Bound(f'{direction}: the same, least disturbed',
                            ratio(replayed, swapped, 'ticks_min')))
    runs['plain IPv4'] = setting.bench('datapath', '--direction', 'plain')
    for direction in ('uplink', 'downlink'):
        for name, sessions in SESSIONS.items():
            runs[f'{direction} {name}'] = setting.bench(
                'datapath', '--direction', direction, '--sessions', sessions)
        for name, inner in (('IMIX', IMIX), ('1400 B', LARGE)):
            runs[f'{direction} 1k {name}'] = setting.bench(
                'datapath', '--direction', direction, '--sessions', SESSIONS['1k'],
                '--inner', inner)
        first = f'{direction} 1k'
        bounds += [
            Bound(f'{direction}: rate of our plain IPv4 path', ratio('plain IPv4', first), 0.65,
                  0.75, at_least=True),
            Bound(f'{direction}: cycles at 64k of those at 1k', ratio(f'{direction} 64k', first),
                  1.12, 1.08),
            Bound(f'{direction}: cycles at 1M of those at 1k', ratio(f'{direction} 1M', first),
                  1.30, 1.20),
            Bound(f'{direction}: replay port of the synthetic one',
                  ratio(f'{direction} 1k, replay', first)),
        ]
    return Measurement('the whole worker, saturated, one core', runs, bounds)


def forwarding_work(setting):
    runs, bounds = {'plain IPv4': setting.bench('forwarding-work', '--direction', 'plain')}, []
    for (direction, name), ticks in VPP_TICKS.items():
        reference = ticks * VPP_CORE_CYCLES_PER_TICK
        limit = 0.45 if direction == 'uplink' else 0.5
        variants = [('', [])]
        if direction == 'downlink':
            variants.append((' without UDP checksum', ['--no-udp-checksum']))
        for text, extra in variants:
            key = f'{direction} {name}{text}'
            runs[key] = setting.bench('forwarding-work', '--direction', direction, '--sessions',
                                      SESSIONS[name], *extra)
            bounds.append(Bound(f'{key}: core cycles of the VPP plugin\'s',
                                lambda results, key=key, reference=reference:
                                results[key]['ticks_median'] *
                                results[key]['core_cycles_per_tick'] / reference, limit))
    return Measurement('the stages alone, bursts of 32', runs, bounds)


def hostile(setting):
    runs = {'forwarded': setting.bench('datapath', '--direction', 'uplink')}
    bounds = []
    for fault in FAULTS:
        runs[fault] = setting.bench('datapath', '--direction', 'uplink', '--fault', fault)
        bounds.append(Bound(f'{fault}: cycles of a forwarded packet', ratio(fault, 'forwarded'),
                            1.0))
    return Measurement('packets that are dropped', runs, bounds)


def handoff(setting):
    runs, bounds = {}, []
    for direction in ('uplink', 'downlink'):
        one, two = f'{direction}, one worker', f'{direction}, two workers by turns'
        runs[one] = setting.bench('datapath', '--direction', direction)
        runs[two] = setting.bench('datapath', '--direction', direction, '--workers', 2)
        bounds.append(Bound(f'{direction}: handoff adds per packet handed over',
                            lambda results, one=one, two=two:
                            (results[two]['ticks_median'] - results[one]['ticks_median']) /
                            results[two]['handed_over'], 60, unit='ticks'))
    return Measurement('half of the packets belong to the other worker; both on one core', runs,
                       bounds)


def session_table(setting):
    runs, bounds = {}, []
    sizes = {'1k': 1024, '64k': 65536, '1M': 1_000_000, '16M': 16_000_000}
    for name, keys in sizes.items():
        for table in ('ours', 'rte-hash', 'direct'):
            runs[f'{table} {name}'] = setting.bench(
                'session-table', '--table', table, '--sessions', keys, '--writer', WRITER_CHANGES)
        judged = name == '1M'
        bounds += [
            Bound(f'{name}: cycles of rte_hash bulk', ratio(f'ours {name}', f'rte-hash {name}'),
                  0.6 if judged else None),
            Bound(f'{name}: cycles above a direct index',
                  difference(f'ours {name}', f'direct {name}'), 25 if judged else None,
                  unit='ticks'),
        ]
    return Measurement(f'random keys, a writer changing {WRITER_CHANGES} entries a second beside',
                       runs, bounds, unit='TSC ticks per lookup')


def memory(setting):
    runs = {name: setting.bench('memory', '--sessions', SESSIONS[name]) for name in ('64k', '1M')}
    total = lambda results: (results['1M']['table_bytes_per_session'] +  # noqa: E731
                             results['1M']['heap_bytes_per_session'])
    bounds = [Bound('1M: bytes per session in the data plane', total, 256, unit='B'),
              Bound('1M: the same, hard limit', total, 512, unit='B'),
              Bound('1M: of that, tables', lambda r: r['1M']['table_bytes_per_session'], unit='B'),
              Bound('1M: sessions programmed per second (no API)',
                    lambda r: r['1M']['programmed_per_second'], unit='/s')]
    return Measurement('what a session costs', runs, bounds, figure='table_bytes_per_session',
                       unit='bytes of tables per session')


MEASUREMENTS = {
    'session-table': session_table,
    'datapath': datapath,
    'forwarding-work': forwarding_work,
    'hostile': hostile,
    'handoff': handoff,
    'memory': memory,
}


def run(measurement, rounds, progress):
    """Every run once per round, so that drift touches all alike; results by key, then round."""
    results = {key: [] for key in measurement.runs}
    for round_ in range(rounds):
        for key, start in measurement.runs.items():
            results[key].append(start())
            progress(round_, key)
    return results


def judge(measurement, results):
    """One row per bound: the median over rounds and whether it holds."""
    rounds = len(next(iter(results.values())))
    rows = []
    for bound in measurement.bounds:
        values = [bound.value({key: runs[i] for key, runs in results.items()})
                  for i in range(rounds)]
        median = statistics.median(values)
        rows.append({
            'what': bound.what, 'unit': bound.unit, 'median': median, 'min': min(values),
            'max': max(values), 'limit': bound.limit, 'stretch': bound.stretch,
            'at_least': bound.at_least,
            'holds': None if bound.limit is None else bound.holds(median, bound.limit),
        })
    return rows
