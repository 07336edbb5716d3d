# How many calls a second come up, and what a call costs: lacsim against the pair of processes, the
# worker polling one core and everything else, lacsim included, on the other. With CHAP and tunnel
# authentication, on top of populations that are online already. And l2tpns under the same load.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Call set-up: rate, processor time, retransmissions."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from lab import config, freeradius, l2tpns, radius_stub
from lab.commands import wait_until
from lab.process import Process
from lab.topology import Lab

from ..measurement import Bound, Failed, Measurement, Unavailable, ratio

ORDER = 60
TUNNELS = 16
CALLS = 16_000
IN_FLIGHT = 400  # calls that have begun and are not online, at most
# l2tpns loses messages when more are under way, and then waits for its and lacsim's timers.
FEW_IN_FLIGHT = 32
POPULATIONS = {'0': 0, '5k': 5000, '20k': 20_000, '64k': 64_000}
TEN_TUNNELS = {'sessions': 10_000, 'tunnels': 10}
COMPARED_POPULATIONS = {'0': 0, '20k': 20_000}
MAX_SESSIONS = 100_000
POOL = '100.64.0.0/14'
L2TPNS_POOL = '100.64.0.0/16'  # it has 60,000 sessions at most
POPULATION_TIMEOUT = 120
# The control plane asks who may come, and tells who has.
RADIUS_PORTS = {'radius': 1812, 'accounting': 1813}
COLUMNS = {'calls/s': 'calls_per_second', 'LNS, us': 'lns_cpu_us', 'lacsim, us': 'lacsim_cpu_us',
           'set-up p50, ms': 'setup_p50_ms', 'p99, ms': 'setup_p99_ms',
           'retransmissions': 'retransmissions'}
TICKS = os.sysconf('SC_CLK_TCK')


def cpu_seconds(stat):
    """User and system time of a process from its /proc/<pid>/stat."""
    fields = stat.rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Caller:
    """lacsim as both LNSs are dialled: from its own namespace, on the cores beside the worker."""

    def __init__(self, start, addresses, directory, in_flight=IN_FLIGHT):
        """start(*words) -> the process and a function that gives its report; addresses: of LACs,
        those of the population behind those of the calls."""
        self._start, self._addresses, self._directory = start, addresses, directory
        self._pace = ['--in-flight', in_flight, '--rate', 1_000_000]

    def populate(self, sessions):
        """Sessions that stay; returns when all are online."""
        if sessions == 0:
            return
        mark = self._directory / 'populated'
        process, _ = self._start(
            '--sessions', sessions, '--tunnels', TUNNELS, '--host-name', 'population%d',
            '--lac-addresses', f'{self._addresses[TUNNELS]}/{TUNNELS}', *self._pace,
            '--setup-timeout', POPULATION_TIMEOUT, '--echo', 0, '--hold', -1,
            '--exec', f'touch {mark}')

        def ready():
            if not process.running():
                raise Failed(f'lacsim ended:\n{process.output()[-2000:]}')
            return mark.exists()
        wait_until(ready, lambda: f'{sessions} sessions; lacsim said:\n{process.output()[-2000:]}',
                   POPULATION_TIMEOUT)

    def dial(self, sessions, tunnels, server):
        """Calls as fast as they go; processor time of the process `server` and of lacsim is read
        when the last of them is online."""
        after = self._directory / 'after'
        stat = Path(f'/proc/{server.pid}/stat')
        before = cpu_seconds(stat.read_text())
        process, report_of = self._start(
            '--sessions', sessions, '--tunnels', tunnels, *self._pace,
            '--lac-addresses', f'{self._addresses[0]}/{TUNNELS}',
            '--echo', 0, '--close', 'none', '--setup-timeout', 60,
            '--exec', f'cat {stat} /proc/$PPID/stat > {after}')
        status = process.wait(120)
        report = report_of()
        if status != 0:
            raise Failed(f'lacsim: status {status}\n{process.output()[-2000:]}')
        of_server, of_lacsim = map(cpu_seconds, after.read_text().splitlines())
        calls = report['sessions']
        return {
            'calls_per_second': calls['per_second'],
            'setup_p50_ms': calls['setup_ms']['p50'],
            'setup_p99_ms': calls['setup_ms']['p99'],
            'retransmissions': report['control']['retransmissions'],
            'lns_cpu_us': (of_server - before) / sessions * 1e6,
            'lacsim_cpu_us': of_lacsim / sessions * 1e6,
        }


def start_radius(lab, settings, services):
    """Servers that accept everybody, on the core that everything but the worker shares."""
    for service in services:
        command = radius_stub.command(RADIUS_PORTS[service], freeradius.SECRET)
        stub = lab.start(f'{service}-stub', command, lab.lns, cores=lab.other_cores())
        stub.wait_for_output('ready')
        settings[service] = {'servers': [{'name': service, 'address': '127.0.0.1',
                                          'secret': freeradius.SECRET}]}


def terminus(setting, population, sessions=CALLS, tunnels=TUNNELS, in_flight=IN_FLIGHT, radius=()):
    """One run: a fresh lab, a population, calls. `radius`: which of RADIUS_PORTS there are."""
    with Lab(setting.tree, lacs=2 * TUNNELS) as lab:
        lns = lab.controlplane_config(subscribers=1)
        lns['pools'] = [{'name': 'lab', 'prefix': POOL}]
        lns['lns']['max_sessions'] = MAX_SESSIONS
        lns['ppp']['echo_interval_s'] = 0
        if radius:
            start_radius(lab, lns, radius)
            lns['users'] = []
        lab.start_lns(lab.dataplane_config(max_sessions=MAX_SESSIONS), lns)

        def start(*words):
            process = lab.start_lacsim('--user', 'user1', *words)
            return process, lambda: lab.report_of(process)
        caller = Caller(start, lab.lac_addresses, lab.directory, in_flight)
        caller.populate(population)
        return caller.dial(sessions, tunnels, lab.controlplane)


def rival(setting, population):
    """The same against l2tpns, with a RADIUS server that is never what it waits for: it has the
    core on which our worker polls."""
    if reason := l2tpns.missing():
        raise Unavailable(reason)
    main, [worker] = config.cores()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='l2tpns-')))
        lab = l2tpns.L2tpnsLab(setting.tree / 'tools/lacsim/lacsim', directory, stack, sessions=1,
                               pool=L2TPNS_POOL, debug=0, lacs=2 * TUNNELS)
        lab.start_radius_stub(cores={worker})
        server = lab.start_l2tpns('chap', cores={main})

        def start(*words):
            report = directory / 'report.json'
            process = Process('lacsim', lab.lacsim_command(*words, sessions=1, report=report),
                              directory / 'lacsim.log', cores={main})
            stack.callback(process.kill)
            return process, lambda: json.loads(report.read_text())
        caller = Caller(start, lab.lac_addresses, directory, FEW_IN_FLIGHT)
        caller.populate(population)
        return caller.dial(CALLS, TUNNELS, server)


def measurement(setting):
    calls = 1000 if setting.quick else CALLS
    populations = {'0': 0} if setting.quick else POPULATIONS
    runs = {f'{name} online': lambda population=population: terminus(setting, population, calls)
            for name, population in populations.items()}
    runs['10,000 sessions over 10 tunnels'] = lambda: terminus(
        setting, 0, 1000 if setting.quick else TEN_TUNNELS['sessions'], TEN_TUNNELS['tunnels'])
    for name, services in {'RADIUS': ('radius',),
                           'RADIUS and accounting': ('radius', 'accounting')}.items():
        runs[f'0 online, {name}'] = lambda services=services: terminus(
            setting, 0, calls, radius=services)
    few = f'{FEW_IN_FLIGHT} in flight'
    for name, population in ({} if setting.quick else COMPARED_POPULATIONS).items():
        runs[f'{name} online, {few}'] = lambda population=population: terminus(
            setting, population, in_flight=FEW_IN_FLIGHT)
        runs[f'l2tpns, {name} online, {few}'] = lambda population=population: rival(
            setting, population)

    bounds = [
        Bound('calls per second, 0 online', lambda r: r['0 online']['calls_per_second'], 4000,
              at_least=True, unit='/s', number=9),
        Bound('control plane: CPU per call at 64k of that at 5k',
              ratio('64k online', '5k online', 'lns_cpu_us'), 1.15, number=9),
    ] + [
        Bound(f'{name} online, {few}: calls per second of l2tpns\'s',
              ratio(f'{name} online, {few}', f'l2tpns, {name} online, {few}', 'calls_per_second'))
        for name in COMPARED_POPULATIONS
    ]
    return Measurement(
        'calls with CHAP and tunnel authentication; LNS and lacsim share a core', runs, bounds,
        figure='calls_per_second', columns=COLUMNS,
        unit='calls, and processor time per call', rounds=1 if setting.quick else 2,
        notes=['"LNS" is the control plane, all its threads; lacsim the other end of every message.',
               'LCP echoes are off on both sides: they are a load of the population, not of calls.',
               'With RADIUS every call is asked of a stub that accepts everybody, on the core of LNS '
               'and lacsim; with accounting, every Start goes through the spool on disk to another.',
               'l2tpns asks a RADIUS stub on the core that our worker polls. It is compared with few '
               'calls in flight: with more it loses messages and waits for timers.'])
