# LCP echoes of every subscriber, every second, done by the data plane: what is left of them for the
# control plane to do, how long answers take, and how soon one who is gone is noticed. The worker
# polls one core; both processes' other threads and lacsim, which answers, share the other.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""LCP echoes: the control plane's processor time, round-trip times, the dead noticed."""

import time
from pathlib import Path

from lab.commands import wait_until
from lab.topology import Lab

from ..measurement import Bound, Failed, Measurement
from .setup_rate import cpu_seconds

ORDER = 65
SESSIONS, QUICK_SESSIONS = 10_000, 1000
SECONDS, QUICK_SECONDS = 60, 5
TUNNELS = 16
SILENT_SHARE = 100  # one subscriber in so many plays dead in the end
MISSES = 3
NOTICED_S = 5
POOL = '100.64.0.0/14'
DIAL_TIMEOUT_S = 120


class Echoes:
    """One run in a lab that has been made: so many sessions, watched for so many seconds, then some
    of them fall silent."""

    def __init__(self, lab, sessions, seconds):
        self.lab, self.sessions, self.seconds = lab, sessions, seconds
        self.silent = max(1, sessions // SILENT_SHARE)

    def run(self):
        """The figures."""
        self._start_lns()
        # The watch begins when all have been asked a few times.
        settle = 2
        silent_after = settle + self.seconds + 3
        caller = self.lab.start_lacsim(
            '--sessions', self.sessions, '--tunnels', min(TUNNELS, self.sessions),
            '--user', 'user1', '--echo', 0, '--in-flight', 200, '--rate', 1_000_000,
            '--setup-timeout', DIAL_TIMEOUT_S, '--silent', self.silent,
            '--silent-after', silent_after, '--hold', silent_after + NOTICED_S + 2,
            '--close', 'tunnels')
        wait_until(lambda: self.lab.lnsctl('status')['sessions_online'] == self.sessions,
                   lambda: f'{self.sessions} sessions; lacsim said:\n{caller.output()[-2000:]}',
                   DIAL_TIMEOUT_S)
        time.sleep(settle)
        figures = self._watch()
        figures |= self._round_trips()
        status = caller.wait(silent_after + 60)
        self.lab.processes.remove(caller)
        report = self.lab.report_of(caller)
        if status != 0:
            raise Failed(f'lacsim: status {status}\n{caller.output()[-2000:]}')
        noticed = report['silent']['noticed_after_ms']
        counters = self.lab.lnsctl('counters')
        return figures | {
            'silent': report['silent']['subscribers'],
            'noticed': report['silent']['noticed'],
            'noticed_p50_s': noticed['p50'] / 1000,
            'noticed_max_s': noticed['max'] / 1000,
            'lost_sessions': report['sessions']['lost'],
            'echoes_by_the_control_plane': counters['ppp.echo-sent'],
        }

    def _start_lns(self):
        settings = self.lab.controlplane_config(subscribers=1)
        settings['pools'] = [{'name': 'lab', 'prefix': POOL}]
        settings['ppp'] |= {'echo_interval_s': 1, 'echo_max_misses': MISSES, 'echo_always': True}
        self.lab.start_lns(controlplane=settings)

    def _watch(self):
        stat = Path(f'/proc/{self.lab.controlplane.pid}/stat')
        cpu, begin, sent = cpu_seconds(stat.read_text()), time.monotonic(), self._requests()
        time.sleep(self.seconds)
        took = time.monotonic() - begin
        return {
            'control_plane_cpu_percent': 100 * (cpu_seconds(stat.read_text()) - cpu) / took,
            'echoes_per_second': (self._requests() - sent) / took,
        }

    def _requests(self):
        return self.lab.lnsctl('router').get('lcp_echo_request', 0)

    def _round_trips(self):
        """Over all sessions, as the data plane keeps them."""
        echoes = [row['echo'] for row in self.lab.lnsctl('session', 'counters')]
        smoothed = sorted(echo['rtt_smoothed_us'] for echo in echoes)
        return {
            'sessions_with_rtt': sum(echo['rtt_last_us'] > 0 for echo in echoes),
            'rtt_min_us': min(echo['rtt_min_us'] for echo in echoes),
            'rtt_p50_us': smoothed[len(smoothed) // 2],
            'rtt_p99_us': smoothed[len(smoothed) * 99 // 100],
            'rtt_max_us': max(echo['rtt_max_us'] for echo in echoes),
            'lost_percent': 100 * sum(echo['lost'] for echo in echoes)
            / sum(echo['sent'] for echo in echoes),
        }


def measurement(setting):
    sessions, seconds = (QUICK_SESSIONS, QUICK_SECONDS) if setting.quick else (SESSIONS, SECONDS)
    key = f'{sessions} sessions'

    def run():
        with Lab(setting.tree, lacs=TUNNELS) as lab:
            return Echoes(lab, sessions, seconds).run()

    def of(figure):
        return lambda results: results[key][figure]

    bounds = [
        Bound('processor time of the control plane, of one core', of('control_plane_cpu_percent'),
              5, unit='%'),
        Bound('subscribers without a round-trip time',
              lambda results: sessions - results[key]['sessions_with_rtt'], 0),
        Bound('the last dead subscriber noticed after', of('noticed_max_s'), NOTICED_S, unit='s'),
    ]
    columns = {'control plane, %': 'control_plane_cpu_percent', 'echoes/s': 'echoes_per_second',
               'RTT p50, us': 'rtt_p50_us', 'p99, us': 'rtt_p99_us', 'max, us': 'rtt_max_us',
               'lost, %': 'lost_percent', 'noticed p50, s': 'noticed_p50_s',
               'max, s': 'noticed_max_s'}
    return Measurement(
        'LCP echoes of every subscriber every second', {key: run}, bounds,
        figure='control_plane_cpu_percent', columns=columns, rounds=1,
        unit=f'over {seconds} s; round-trip times are the smoothed ones of each session, the '
             'maximum that of any single echo',
        notes=[f'{sessions // SILENT_SHARE} subscribers fall silent in the end; noticed is the '
               f'first LCP Terminate-Request or CDN. {MISSES} echoes may be missed.'])
