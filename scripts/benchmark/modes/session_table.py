# The session table against rte_hash in its lock-free mode, bulk lookups, and against a direct
# index, which nothing can beat: random keys in bursts of 32, and a writer on another core.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Lookups of random session keys."""

from ..measurement import Bound, Chart, Measurement, difference, ratio

ORDER = 10
SIZES = {'1k': 1024, '64k': 65536, '1M': 1_000_000, '16M': 16_000_000}
TABLES = {'ours': 'ours', 'rte-hash': 'rte_hash bulk', 'direct': 'direct index'}
JUDGED = '1M'
WRITER_CHANGES = 2000  # per second


def measurement(setting):
    runs, bounds = {}, []
    sizes = {name: SIZES[name] for name in (['1k', JUDGED] if setting.quick else SIZES)}
    for name, keys in sizes.items():
        for table in TABLES:
            runs[f'{table} {name}'] = setting.bench(
                'session-table', '--table', table, '--sessions', keys, '--seed', setting.seed,
                '--writer', WRITER_CHANGES)
        limits = {'number': 4} if name == JUDGED else {}
        bounds += [
            Bound(f'{name}: cycles of rte_hash bulk', ratio(f'ours {name}', f'rte-hash {name}'),
                  0.6 if limits else None, **limits),
            Bound(f'{name}: cycles above a direct index',
                  difference(f'ours {name}', f'direct {name}'), 25 if limits else None,
                  unit='ticks', **limits),
        ]
    chart = Chart('Lookup of a random key', 'TSC ticks',
                  {text: {name: f'{table} {name}' for name in sizes}
                   for table, text in TABLES.items()}, lines=True)
    return Measurement(f'random keys, a writer changing {WRITER_CHANGES} entries a second beside',
                       runs, bounds, unit='TSC ticks per lookup', charts=[chart])
