# All subscribers of several LACs dial at the same moment, as after a power cut, and are asked of
# FreeRADIUS on the same machine; then the LACs go away with all of them, and it begins anew. Judged:
# who came up, whether anything hangs, and whether what the LNS held is given back.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Everybody at once, round after round."""

from lab import LabError, wait_until

from .books import Books
from .servers import USERS, Servers
from .sizes import size_of

LEAST_UP = 0.999
# What the allocator keeps depends on how the calls of a round mixed, and is at its most after some rounds:
# of 14 rounds, 136 MB after the first, 146 after the sixth, 142 after the last. Of five rounds the last
# is therefore held against the larger of the first two, and a leak of 200 octets a call is still seen.
MEMORY_GROWTH = 1.05
MEMORY_SLACK_MB = 4
SETTLING_ROUNDS = 2
# Connections between the processes that are made when they are first needed, and stay: fewer than
# there are rounds, so a leak of one a round is seen.
LATE_CONNECTIONS = 2
ROUND_TIMEOUT_S = 240
SETTLE_TIMEOUT_S = 90


class Redial:
    def __init__(self, lab, verdict, *, subscribers, rounds):
        """lab: not started, with as many LAC addresses as LACs shall dial."""
        self._lab, self._verdict = lab, verdict
        self._subscribers, self._rounds = subscribers, rounds
        self._users = [f'user{i}' for i in range(1, subscribers + 1)]
        self._servers = Servers(lab, self._users)

    def run(self):
        lab = self._lab
        self._servers.start()
        settings = self._servers.configure(lab.controlplane_config(subscribers=0))
        lab.start_lns(lab.dataplane_config(max_sessions=max(65536, 2 * self._subscribers)), settings)
        sizes = [self._sizes()]
        self._print_sizes('before', sizes[0])
        for number in range(1, self._rounds + 1):
            self._round(number)
            sizes.append(self._sizes())
            self._print_sizes(f'after round {number}', sizes[-1])
        self._judge_sizes(sizes)
        self._judge_books()

    def _round(self, number):
        lab, verdict = self._lab, self._verdict
        before = self._radius_counters()
        mark = lab.directory / f'up-{number}'
        # As many at once as there are: nothing paces them but L2TP's window.
        lacsim = lab.start_lacsim(
            '--sessions', self._subscribers, '--tunnels', len(lab.lac_addresses), '--user', 'user%d',
            '--rate', 1_000_000, '--in-flight', 65535, '--setup-timeout', 120, '--echo', 0,
            '--hold', -1, '--close', 'tunnels', '--exec', f'touch {mark}', '--quiet')

        def settled():
            if not lacsim.running():
                raise LabError(f'lacsim ended:\n{lacsim.output()}')
            return mark.exists()
        wait_until(settled, f'round {number}: every call to come up or fail', ROUND_TIMEOUT_S)
        online = lab.lnsctl('status')
        lacsim.stop(60)
        report = lab.report_of(lacsim)
        lab.processes.remove(lacsim)
        sessions, control = report['sessions'], report['control']
        asked = {name: value - before[name] for name, value in self._radius_counters().items()}
        print(f'round {number}: {sessions["established"]} of {sessions["asked"]} up, '
              f'the last after {sessions["setup_seconds"]:.1f} s ({sessions["per_second"]:.0f}/s); '
              f'set-up p50 {sessions["setup_ms"]["p50"] / 1000:.1f} s, '
              f'p99 {sessions["setup_ms"]["p99"] / 1000:.1f} s, '
              f'max {sessions["setup_ms"]["max"] / 1000:.1f} s')
        print('  RADIUS: ' + ', '.join(f'{value} {name}' for name, value in asked.items() if value)
              + f'; L2TP: {control["tx"]} sent, {control["retransmissions"]} again')
        for failure in sessions['failures']:
            print(f'  {failure["count"]} x {failure["text"]}')
        verdict.require(sessions['established'] >= LEAST_UP * sessions['asked'],
                        f'at least {LEAST_UP:.1%} up: {sessions["established"] / sessions["asked"]:.3%}')
        verdict.require(sessions['lost'] == 0, f'nobody lost who was up: {sessions["lost"]}')
        verdict.require(online['sessions'] == online['sessions_online'] == sessions['established'],
                        f'nobody stuck: {online["sessions"]} sessions, '
                        f'{online["sessions_online"]} of them online')
        self._wait_until_all_is_given_back(number)

    def _wait_until_all_is_given_back(self, number):
        lab = self._lab

        def held():
            status, counters = lab.lnsctl('status'), lab.lnsctl('counters')
            radius, dataplane = lab.lnsctl('radius'), lab.lnsctl('dataplane')
            numbers = {
                'tunnels': status['tunnels'], 'sessions': status['sessions'],
                'addresses': sum(pool['used'] for pool in lab.lnsctl('pool')),
                'sessions in the data plane': dataplane['sessions'],
                'tunnels in the data plane': dataplane['tunnels'],
                'users who wait': radius['waiting'], 'users asked': radius['in_flight'],
                'sessions accounted for': counters['accounting_sessions_open'],
                'Stops due': counters['accounting_sessions_stopping'],
                'records on their way': counters['accounting_queue_records'],
            }
            return {name: int(value) for name, value in numbers.items() if int(value)}
        try:
            wait_until(lambda: not held(), '', SETTLE_TIMEOUT_S)
        except LabError:
            pass
        left = held()
        self._verdict.require(not left, f'round {number} gave everything back: {left or "yes"}')

    def _radius_counters(self):
        counters = self._lab.lnsctl('counters')
        names = {'asked': f'radius.{USERS}.requests', 'accepted': 'aaa.radius.accepted',
                 'sent again': f'radius.{USERS}.retransmissions',
                 'refused as too many': 'aaa.radius.busy',
                 'waited too long': 'aaa.radius.waited-too-long',
                 'unanswered': 'aaa.radius.unanswered'}
        return {name: counters[counter] for name, counter in names.items()}

    def _sizes(self):
        return {'control plane': size_of(self._lab.controlplane),
                'data plane': size_of(self._lab.dataplane)}

    @staticmethod
    def _print_sizes(when, sizes):
        for name, size in sizes.items():
            print(f'  {when}: {name} {size}')

    def _judge_sizes(self, sizes):
        """What the first rounds left is what the pools, tables and sockets grew to."""
        first = sizes[1:1 + SETTLING_ROUNDS] if self._rounds > SETTLING_ROUNDS else sizes[1:2]
        for name, before in sizes[1].items():
            after = sizes[-1][name]
            settled = max(size[name].memory_mb for size in first)
            self._verdict.require(after.memory_mb <= settled * MEMORY_GROWTH + MEMORY_SLACK_MB,
                                  f'{name}: memory {settled:.1f} MB at most after the first '
                                  f'{len(first)} rounds, {after.memory_mb:.1f} MB after the last')
            self._verdict.require(
                after.descriptors <= before.descriptors + LATE_CONNECTIONS
                and after.threads <= before.threads,
                f'{name}: descriptors {before.descriptors} and {after.descriptors}, sockets '
                f'{before.sockets} and {after.sockets}, threads {before.threads} and {after.threads}')

    def _judge_books(self):
        books = Books(self._servers.records())
        print(f'records: {dict(books.kinds)}, {books.repeated} came twice')
        faults = books.faults()
        for fault in faults:
            print(f'  {fault}')
        calls = self._lab.lnsctl('counters')['lns.session-online']
        self._verdict.require(
            not faults and books.kinds['Start'] == books.kinds['Stop'] == calls,
            f'one Start and one Stop of each of {calls} calls that were online')
