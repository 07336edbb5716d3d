# The RADIUS servers go away while thousands of sessions are online and calls keep coming, and come
# back. Judged: who was online stays, calls meanwhile go as radius.when_down says, and every accounting
# record of that time arrives afterwards, once.
#
# Batches of calls follow each other without a pause, one leaves while the next dials, each of three kinds
# of users side by side: those whom the servers accepted lately (the cache knows them), those of the
# configuration (local_users), and strangers, who are refused with CDN 4 as long as nobody answers.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Accounting and set-ups while no server answers."""

import time
from dataclasses import dataclass

from lab import LabError, config, wait_until

from .books import Books
from .servers import Servers

# Of a batch's calls.
LOCAL_SHARE = STRANGER_SHARE = 0.1
LACS = 4  # of each kind of caller
CDN_NO_FACILITIES = 4
# Records that servers may have when they die without having said so: those in flight at once.
MOST_ON_THEIR_WAY = 512
BATCH_TIMEOUT_S = 120
# Of the calls a second that are asked for; what the first call of each batch waits for its tunnel.
LEAST_OFFERED = 0.97
# lacsim may be late by so much and still place every call.
CATCH_UP_S = 1


@dataclass
class Plan:
    online: int = 10_000        # sessions that stay
    rate: int = 1000            # calls a second
    outage_s: float = 60
    batch_s: float = 10         # how long a batch dials
    interim_s: int = 30
    pps: int = 500              # subscribers' packets a second, each way
    freeze: bool = False        # the servers hang, and are not gone


@dataclass(frozen=True)
class Pace:
    """How fast calls were placed and settled: from the first call to the last, and to its answer."""
    calls: int = 0
    first: float = float('inf')
    last: float = 0
    answered: float = 0

    @classmethod
    def of(cls, report):
        dialling = report['dialling']
        return cls(report['sessions']['asked'], dialling['first_call_us'] / 1e6,
                   dialling['last_call_us'] / 1e6, dialling['last_answer_us'] / 1e6)

    def __add__(self, other):
        return Pace(self.calls + other.calls, min(self.first, other.first),
                    max(self.last, other.last), max(self.answered, other.answered))

    @property
    def offered(self):
        return self.calls / (self.last - self.first)

    def __str__(self):
        return (f'offered {self.offered:.0f} calls/s, '
                f'answered {self.calls / (self.answered - self.first):.0f}/s')


@dataclass
class Batch:
    """Callers of several kinds who dial side by side."""
    when: str
    expected: dict  # by kind, whether they are let in
    dialling: dict  # by kind, the lacsim
    pace: Pace = Pace()


class Callers:
    """One kind of callers: batch after batch from the same LACs and as the same users."""

    def __init__(self, lab, first_lac, user, calls, rate):
        self._lab, self._user, self._calls, self._rate = lab, user, calls, rate
        # Two batches overlap: one leaves while the other dials.
        self._addresses = [f'{lab.lac_addresses[first_lac + shift * LACS]}/{LACS}'
                           for shift in range(2)]
        self._batches = 0
        self._running = None

    @property
    def names(self):
        return [self._user.replace('%d', str(i)) for i in range(1, self._calls + 1)]

    def dial(self):
        shift = self._batches % 2
        self._batches += 1
        self._running = self._lab.start_lacsim(
            '--sessions', self._calls, '--tunnels', LACS, '--user', self._user, '--auth', 'pap',
            '--rate', self._rate, '--catch-up', CATCH_UP_S, '--in-flight', 4096,
            '--setup-timeout', 60, '--echo', 0, '--hold', 0, '--close', 'tunnels', '--quiet',
            '--allow-loss', lac_address=self._addresses[shift])
        return self._running


class Outage:
    def __init__(self, lab, verdict, plan):
        self._lab, self._verdict, self._plan = lab, verdict, plan
        calls = int(plan.rate * plan.batch_s)
        local, stranger = int(calls * LOCAL_SHARE), int(calls * STRANGER_SHARE)
        share = 1 - LOCAL_SHARE - STRANGER_SHARE
        self._known = Callers(lab, LACS, 'known%d', calls - local - stranger, int(plan.rate * share))
        self._local = Callers(lab, 3 * LACS, 'local%d', local, int(plan.rate * LOCAL_SHARE))
        self._strangers = Callers(lab, 5 * LACS, 'stranger%d', stranger,
                                  int(plan.rate * STRANGER_SHARE))
        self._stayers = [f'stays{i}' for i in range(1, plan.online + 1)]
        self._servers = Servers(lab, self._stayers + self._known.names + self._strangers.names)

    # LAC addresses that the lab must have.
    LAC_ADDRESSES = 7 * LACS

    def run(self):
        lab, plan, verdict = self._lab, self._plan, self._verdict
        self._servers.start()
        lab.start_lns(lab.dataplane_config(), self._settings())
        stayers = self._bring_online()
        if not self._batch('servers answer', known=True):
            return
        away = time.monotonic()
        (self._servers.freeze if plan.freeze else self._servers.kill)()
        self._dial_during_the_outage()
        counters = lab.lnsctl('counters')
        print(f'servers away for {time.monotonic() - away:.1f} s: '
              f'{counters["accounting_queue_records"]} records wait, '
              f'{counters["aaa.radius.cached"]} let in from the cache')
        verdict.require(counters['accounting_queue_records'] > 0, 'records wait for the servers')
        status = lab.lnsctl('status')
        verdict.require(status['sessions_online'] >= plan.online,
                        f'{status["sessions_online"]} sessions online with nobody to ask')
        back = time.monotonic()
        (self._servers.thaw if plan.freeze else self._servers.start)()
        self._wait_for_servers()
        print(f'asked again {time.monotonic() - back:.1f} s after they were back')
        self._batch('servers back', known=True, local=False, stranger=True)
        verdict.require(stayers.running(), 'those who were online before are still there')
        stayers.stop(180)
        self._judge_stayers(lab.report_of(stayers))
        lab.processes.remove(stayers)
        self._wait_for_records()
        self._judge_books()

    def _settings(self):
        settings = self._lab.controlplane_config(subscribers=0)
        settings['users'] = [{'name': name, 'password': config.PASSWORD}
                             for name in self._local.names]
        settings['ppp']['auth'] = ['pap']
        interim = self._plan.interim_s
        settings = self._servers.configure(settings, interim_interval_s=interim,
                                           least_interim_s=min(interim, 60))
        settings['radius']['when_down'] = ['cache', 'local_users']
        return settings

    def _bring_online(self):
        lab, plan = self._lab, self._plan
        mark = lab.directory / 'online'
        stayers = lab.start_lacsim(
            '--sessions', plan.online, '--tunnels', LACS, '--user', 'stays%d', '--auth', 'pap',
            '--rate', 2000, '--in-flight', 2048, '--setup-timeout', 60, '--echo', 0, '--hold', -1,
            '--exec', f'touch {mark}', '--quiet', '--allow-loss', pps=plan.pps,
            seconds=plan.outage_s, lac_address=f'{lab.lac_addresses[0]}/{LACS}')
        wait_until(mark.exists, lambda: f'{plan.online} sessions online; lacsim said:\n'
                                        f'{stayers.output()}', BATCH_TIMEOUT_S)
        return stayers

    def _dial(self, when, **expected):
        """Starts a batch; expected: by kind of caller, whether they are let in."""
        callers = {'known': self._known, 'local': self._local, 'stranger': self._strangers}
        return Batch(when, expected, {kind: callers[kind].dial() for kind in expected})

    def _judge(self, batch):
        """Waits for its end; what was told, and whether it was as expected."""
        lab = self._lab
        told, as_wanted = [], True
        for kind, lacsim in batch.dialling.items():
            lacsim.wait(BATCH_TIMEOUT_S)
            report = lab.report_of(lacsim)
            sessions = report['sessions']
            lab.processes.remove(lacsim)
            batch.pace += Pace.of(report)
            expected = batch.expected[kind]
            wanted = sessions['asked'] if expected else 0
            refused = sum(failure['count'] for failure in sessions['failures']
                          if failure.get('by_peer') and failure.get('result') == CDN_NO_FACILITIES)
            as_wanted &= sessions['established'] == wanted
            as_wanted &= kind != 'stranger' or expected or refused == sessions['asked']
            told.append(f'{kind} {sessions["established"]} of {sessions["asked"]} up')
            if not expected or not as_wanted:
                told += [f'{failure["count"]} x {failure["text"]}' for failure in sessions['failures']]
        self._verdict.require(as_wanted, f'{batch.when}, {batch.pace}: {"; ".join(told)}')
        return as_wanted

    def _batch(self, when, **expected):
        return self._judge(self._dial(when, **expected))

    def _dial_during_the_outage(self):
        """Batch after batch at its time: while one dials, the one before goes."""
        plan, pace = self._plan, Pace()
        begin, before, number = time.monotonic(), None, 0
        while number == 0 or number * plan.batch_s < plan.outage_s:
            time.sleep(max(0, begin + number * plan.batch_s - time.monotonic()))
            number += 1
            batch = self._dial(f'servers away, batch {number}', known=True, local=True,
                               stranger=False)
            if before:
                self._judge(before)
                pace += before.pace
            before = batch
        self._judge(before)
        pace += before.pace
        self._verdict.require(pace.offered >= LEAST_OFFERED * plan.rate,
                              f'{plan.rate} calls/s while the servers are away: {pace}')

    def _wait_for_servers(self):
        def answering():
            return all(server['alive'] for server in self._lab.lnsctl('radius')['servers'])
        wait_until(answering, 'the servers to be asked again', 60)

    def _judge_stayers(self, report):
        sessions = report['sessions']
        self._verdict.require(
            sessions['established'] == self._plan.online and sessions['lost'] == 0,
            f'nobody online was lost: {sessions["established"]} of {sessions["asked"]} up, '
            f'{sessions["lost"]} lost')

    def _wait_for_records(self):
        names = ('accounting_sessions_open', 'accounting_sessions_stopping',
                 'accounting_queue_records')

        def left():
            counters = self._lab.lnsctl('counters')
            return {name: counters[name] for name in names if counters[name]}
        started = time.monotonic()
        try:
            wait_until(lambda: not left(), '', BATCH_TIMEOUT_S)
        except LabError:
            pass
        self._verdict.require(not left(), f'every record acknowledged: {left() or "yes"} '
                                          f'({time.monotonic() - started:.1f} s)')

    def _judge_books(self):
        verdict = self._verdict
        books = Books(self._servers.records())
        counters = self._lab.lnsctl('counters')
        written = {'Start': counters['accounting_starts'],
                   'Interim-Update': counters['accounting_interims'],
                   'Stop': counters['accounting_stops']}
        arrived = {kind: books.kinds[kind] for kind in written}
        print(f'records written {written}, arrived {arrived}, the latest {books.latest} s '
              'late')
        verdict.require(arrived == written, 'every record that was written has arrived')
        verdict.require(books.repeated <= MOST_ON_THEIR_WAY,
                        f'at most {MOST_ON_THEIR_WAY} came twice: {books.repeated}')
        verdict.require(counters['accounting_interims_dropped'] == 0
                        and counters['accounting_records_dropped'] == 0, 'none was dropped')
        faults = books.faults(self._plan.interim_s)
        for fault in faults:
            print(f'  {fault}')
        verdict.require(not faults, f'{len(books.ledgers)} sessions: one Start, its Interims, '
                                    'one Stop, in order')
        traffic = self._lab.lnsctl('traffic')
        counted = {'Input': traffic['uplink_packets'], 'Output': traffic['downlink_packets']}
        verdict.require(books.stop_packets == counted,
                        f'packets of all Stops {dict(books.stop_packets)}, of the data plane {counted}')
