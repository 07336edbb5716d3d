# What a session costs in memory in each process, how fast sessions are programmed, and how long a
# data plane takes to be filled with a million of them by the control plane's own reconciler.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Bytes per session."""

import json

from lab.topology import Lab

from ..measurement import Bound, Failed, Measurement
from ..setting import SESSIONS, TUNNELS

ORDER = 69
DATAPLANE_MB = 1024  # of a million sessions' tables and the rest
TIMEOUT_S = 200
BENCH = 'tests/bench/controlplane/bench-controlplane'


def control_plane(setting, sessions, refill):
    """A real engine with so many sessions online; with `refill` a real data plane is filled from
    it, its worker polling."""
    with Lab(setting.tree) as lab:
        command = [setting.tree / BENCH, '--sessions', sessions, '--tunnels', TUNNELS]
        if refill:
            lab.start_dataplane(lab.dataplane_config(max_sessions=sessions,
                                                     megabytes=DATAPLANE_MB))
            command += ['--refill', f'unix:{lab.run_dir}/dataplane.sock']
        process = lab.start('bench-controlplane', command, cores={setting.other_cpu})
        status = process.wait(TIMEOUT_S)
        lab.processes.remove(process)
        if status != 0:
            raise Failed(f'bench-controlplane: {process.output()[-500:]}')
        return json.loads(process.output().splitlines()[-1])


def measurement(setting):
    sizes = {'64k': SESSIONS['64k']} if setting.quick else {
        name: SESSIONS[name] for name in ('64k', '1M')}
    runs = {}
    for name, sessions in sizes.items():
        runs[f'data plane, {name}'] = setting.bench_alone('memory',
                                                          *setting.traffic(sessions=sessions))
        runs[f'control plane, {name}'] = \
            lambda sessions=sessions: control_plane(setting, sessions, refill=True)

    def of(key, figure):
        return lambda results: results[key][figure]

    tables, engine = 'data plane, 1M', 'control plane, 1M'
    bounds = [
        Bound('1M: bytes per session in the data plane', of(tables, 'bytes_per_session'), 256, unit='B',
              number=10),
        Bound('1M: the same, hard limit', of(tables, 'bytes_per_session'), 512, unit='B', number=10),
        Bound('1M: of that, tables', of(tables, 'table_bytes_per_session'), unit='B'),
        Bound('1M: bytes per session in the control plane, resident',
              of(engine, 'bytes_per_session'), 1536, unit='B', number=10),
        Bound('1M: the same, hard limit', of(engine, 'bytes_per_session'), 4096, unit='B',
              number=10),
        Bound('1M: of that, in use on the heap', of(engine, 'heap_bytes_per_session'), unit='B'),
        Bound('1M: installed over gRPC by the reconciler', of(engine, 'refill_seconds'), 20,
              unit='s', number=10),
        Bound('1M: the longest turn of the protocol loop meanwhile',
              of(engine, 'refill_longest_turn_ms'), unit='ms'),
        Bound('1M: sessions programmed per second (no API)',
              of(tables, 'programmed_per_second'), unit='/s'),
        Bound('1M: CPU per call, engine and its peers', of(engine, 'cpu_us_per_call'), unit='us'),
    ]
    # Bytes are the same in every round.
    return Measurement('what a session costs', runs, bounds, figure='bytes_per_session',
                       unit='bytes per session: tables and records of the data plane, what the '
                            'control plane holds resident', rounds=1)
