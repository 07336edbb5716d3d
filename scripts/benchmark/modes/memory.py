# What a session costs in memory, and how fast sessions are programmed.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Bytes per session."""

from ..measurement import Bound, Measurement
from ..setting import SESSIONS

ORDER = 69


def data_plane_bytes(results):
    run = results['tables, 1M']
    return run['table_bytes_per_session'] + run['heap_bytes_per_session']


def measurement(setting):
    runs = {f'tables, {name}': setting.bench_alone('memory',
                                                   *setting.traffic(sessions=SESSIONS[name]))
            for name in ('64k', '1M')}
    bounds = [
        Bound('1M: bytes per session in the data plane', data_plane_bytes, 256, unit='B',
              number=10),
        Bound('1M: the same, hard limit', data_plane_bytes, 512, unit='B', number=10),
        Bound('1M: of that, tables', lambda r: r['tables, 1M']['table_bytes_per_session'],
              unit='B'),
        Bound('1M: sessions programmed per second (no API)',
              lambda r: r['tables, 1M']['programmed_per_second'], unit='/s'),
    ]
    return Measurement('what a session costs', runs, bounds, figure='table_bytes_per_session',
                       unit='bytes of tables per session', rounds=2)
