# The demonstration itself: start, dial, send, look, judge.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""One run of scripts/demo."""

import re
import shutil

from lab import Lab, LabError, config, wait_until

from . import kept, table
from .verdict import Verdict

HUGEPAGES_MB = 512
# Beyond the tables: packet buffers and what EAL itself takes.
MEMORY_PER_SESSION_KB = 2
PINGS = 5
TUN = 'ppp-sub1'
# After traffic the subscribers stay for the last look at the counters.
HOLD_S = 4


def demonstrate(args, tree):
    """Runs it; exit status."""
    if kept.exists():
        print('demo: a lab of an earlier --keep still runs; end it with scripts/demo --clean')
        return 1
    verdict = Verdict()
    hugepages = HUGEPAGES_MB + args.sessions * MEMORY_PER_SESSION_KB // 1024
    lab = Lab(tree, lacs=args.tunnels, workers=args.workers, hugepages_mb=hugepages)
    try:
        with lab:
            Demonstration(lab, args, verdict).run()
            # A lab is only left behind if it is worth looking at.
            lab.keep = args.keep
    except LabError as error:
        print(f'demo: {error}')
        return 1
    if not args.keep:
        verdict.require(True, 'no process, namespace, XDP program, hugepage or socket left behind')
    print('\ndemo: ' + ('everything held' if verdict.passed else 'FAILED'))
    return 0 if verdict.passed else 1


class Demonstration:
    def __init__(self, lab, args, verdict):
        self.lab = lab
        self.args = args
        self.verdict = verdict
        self.seen_online = 0
        self.seen_programmed = 0

    def run(self):
        lab, args = self.lab, self.args
        print(f'demo: starting Terminus in namespaces {lab.prefix}-*')
        lab.start_lns(dataplane=lab.dataplane_config(max_sessions=max(65536, args.sessions)),
                      controlplane=lab.controlplane_config(subscribers=args.sessions))
        capture = lab.capture(lab.lac, 'lac0', 'access') if args.capture else None
        linux_answers = self._ping_the_lns()
        report = self._dial()
        counters = {name: lab.lnsctl(name) for name in ('drops', 'punts', 'xdp', 'traffic')}
        workers = lab.lnsctl('workers')
        self._print(report, counters, workers)
        self._judge(report, counters, linux_answers)
        if capture:
            self._judge_capture(capture)
        if args.keep:
            self._leave_subscribers()

    def _ping_the_lns(self):
        """ARP and ICMP echo to the LNS's own address, from an LAC: Linux answers both."""
        self.lab.lac.run(['ip', 'neighbour', 'flush', 'dev', 'lac0'])
        ping = self.lab.lac.run(['ping', '-c', 3, '-i', '0.2', '-W', 2, config.LNS_ADDRESS],
                                check=False)
        neighbour = self.lab.lac.run(['ip', 'neighbour', 'show', config.LNS_ADDRESS]).stdout
        return ping.returncode == 0 and 'lladdr' in neighbour

    def _dial(self):
        """lacsim's whole run, with looks at the LNS while everybody is online; its report."""
        lab, args = self.lab, self.args
        print(f'demo: dialling {args.sessions} sessions over {args.tunnels} tunnels')
        lacsim = lab.start_lacsim(
            '--tunnels', args.tunnels, '--sessions', args.sessions, '--rate', args.rate,
            '--tun', TUN, '--tun-netns', lab.subscriber.name,
            '--exec', f'ip netns exec {lab.subscriber} '
                      f'ping -c {PINGS} -i 0.2 {config.HOST_ADDRESS}',
            '--ping', PINGS, '--hold', HOLD_S, pps=args.pps, seconds=args.seconds)
        setup = 60 + args.sessions / args.rate * 3

        def all_online():
            if not lacsim.running():
                return True
            status = lab.lnsctl('status')
            self.seen_online = max(self.seen_online, status['sessions_online'])
            return self.seen_online >= args.sessions

        wait_until(all_online, lambda: f'{args.sessions} sessions online (saw {self.seen_online});'
                   f' lacsim said:\n{lacsim.output()}', setup)
        if lacsim.running():
            self.seen_programmed = lab.lnsctl('dataplane')['sessions']
            print(f'demo: {self.seen_online} sessions online; traffic for {args.seconds:g} s')
        lacsim.wait(setup + args.seconds + 120)
        lab.processes.remove(lacsim)
        self.exec_output = lacsim.output()
        return lab.report_of(lacsim)

    # --- what is printed ---

    def _print(self, report, counters, workers):
        tunnels, sessions = report['tunnels'], report['sessions']
        table.heading('Calls')
        table.row('tunnels up', f"{tunnels['established']} of {tunnels['asked']}")
        table.row('sessions up', f"{sessions['established']} of {sessions['asked']}")
        table.row('seen online by lnsctl', self.seen_online)
        table.row('programmed over gRPC', self.seen_programmed)
        setup = sessions['setup_ms']
        table.row('set-up rate', f"{sessions['per_second']:.0f} sessions/s")
        table.row('set-up time', f"p50 {setup['p50']:.1f} ms, p99 {setup['p99']:.1f} ms")
        for failure in sessions['failures'] + tunnels['failures']:
            table.row('failed', f"{failure['count']} x {failure['text']}")

        table.heading('Traffic                             '
                      '   offered    received      lost   reordered   packets/s   p99 latency')
        for name, title in (('up', 'uplink, subscribers to host'),
                            ('down', 'downlink, host to subscribers')):
            flow = report['traffic'][name]
            table.row(title, f"{flow['offered']:>9,} {flow['received']:>11,} {flow['lost']:>9,}"
                             f" {flow['reordered']:>11,} {flow['per_second']:>11,.0f}"
                             f" {flow['latency_ms']['p99']:>10.2f} ms")
        ping = report['ping']
        table.row('ping by lacsim', f"{ping['received']} of {ping['sent']} answered")
        table.row('ping in the subscriber', self._real_ping() or 'no result')

        table.counters('Packets through the data plane', counters['traffic'])
        table.counters('Taken by the XDP program', counters['xdp'])
        table.counters('Punted to the control plane', counters['punts'])
        table.counters('Dropped', counters['drops'])
        self._print_cycles(workers)

    def _real_ping(self):
        match = re.search(r'(\d+) packets transmitted, (\d+) received.*', self.exec_output)
        return match.group(0) if match else ''

    @staticmethod
    def _print_cycles(workers):
        table.heading(f'Cycles per packet (TSC at {workers["tsc_hz"] / 1e9:.2f} GHz)')
        packets, cycles = {}, {}
        for worker in workers['workers']:
            for stage in worker['stages']:
                name = stage['stage']
                packets[name] = packets.get(name, 0) + stage['packets']
                cycles[name] = cycles.get(name, 0) + stage['cycles']
        for name, count in packets.items():
            if count:
                table.row(name, f'{cycles[name] / count:>8.0f}', f'{count:>12,} packets')

    # --- what must hold ---

    def _judge(self, report, counters, linux_answers):
        args, require = self.args, self.verdict.require
        tunnels, sessions, traffic = report['tunnels'], report['sessions'], report['traffic']
        table.heading('Verdict')
        require(tunnels['established'] == args.tunnels,
                f'{args.tunnels} tunnels, each authenticated')
        require(sessions['established'] == args.sessions and sessions['lost'] == 0,
                f'{args.sessions} sessions came up by CHAP and stayed')
        require(self.seen_online == args.sessions, 'the control plane lists them all as online')
        require(self.seen_programmed == args.sessions, 'the data plane holds them all')
        for name in ('up', 'down'):
            flow = traffic[name]
            offered = flow['offered']
            # How much lacsim can offer is up to the machine; that there was traffic is not.
            require(offered >= args.pps * args.seconds / 10,
                    f'{name}link: {offered:,} packets were offered')
            require(offered == flow['received'], f'{name}link: no packet lost')
            require(not (flow['reordered'] or flow['duplicated'] or flow['corrupt']),
                    f'{name}link: none reordered, duplicated or damaged')
        require(report['ping']['received'] == report['ping']['sent'] == PINGS,
                'pings from a subscriber answered')
        require(report['exec']['exit_code'] == 0, 'a real ping inside a subscriber answered')
        require(report['passed'], 'lacsim is content')

        xdp, punts = counters['xdp'], counters['punts']
        sent = traffic['up']['offered'] + traffic['down']['offered']
        require(xdp.get('l2tp_redirected', 0) > traffic['up']['offered'] and
                xdp.get('subscriber_redirected', 0) >= traffic['down']['offered'],
                f'{sent:,} data packets came through AF_XDP by the XDP program')
        require(sum(punts.values()) >= 6 * args.sessions,
                'control messages were punted over the rings')
        require(linux_answers and xdp.get('passed', 0) > 0,
                'ARP and ping to the LNS answered by Linux, through XDP_PASS')
        status = self.lab.lnsctl('status')
        require(status['sessions'] == 0 and all(pool['used'] == 0 for pool in status['pools']),
                'after hanging up: no session and no address in use')

    def _judge_capture(self, capture):
        missed = capture.stop()
        faults = capture.faults()
        for fault in faults:
            print(f'    {fault}')
        self.verdict.require(missed == 0, 'the capture holds every packet')
        self.verdict.require(not faults, 'tshark finds no malformed packet and no expert error')
        shutil.copyfile(capture.path, self.args.capture)
        print(f'    capture: {self.args.capture}')

    def _leave_subscribers(self):
        """Everybody dials again, to stay."""
        args, lab = self.args, self.lab
        lab.start_lacsim('--tunnels', args.tunnels, '--sessions', args.sessions,
                         '--rate', args.rate, '--tun', TUN,
                         '--tun-netns', lab.subscriber.name, '--hold', -1, '--quiet')
        wait_until(lambda: lab.lnsctl('status')['sessions_online'] == args.sessions,
                   'the subscribers to dial again', 60 + args.sessions / args.rate * 3)
        kept.remember(lab)
        kept.explain(lab)
