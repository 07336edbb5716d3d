# A subscriber's download at its rate, by real TCP: iperf3 between the host and a Linux host behind
# a subscriber's TUN device. A shaper makes the download wait, and nothing else.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Shapers and limits of whole tunnels, end to end."""

import json
import re
import shutil

import pytest

from lab import config, wait_until

DEVICE = 'sub0'
RATE_BPS = 20_000_000
LIMIT_BPS = 8_000_000
BURST_BYTES = 20_000
OCTETS = 1000  # of an IP packet
TCP_HEADERS = 52  # IP and TCP with timestamps
SHAPER_DROPS = ('shaper_queue_full', 'shaper_full', 'shaper_delayed')

needs_iperf3 = pytest.mark.skipif(shutil.which('iperf3') is None, reason='needs iperf3')


class Download:
    """One subscriber online, its packets on a device, and an iperf3 server in the core."""

    def __init__(self, lab, **user):
        self.lab = lab
        settings = lab.controlplane_config(subscribers=1)
        settings['users'][0] |= user
        settings['ppp']['clamp_mss'] = True
        lab.start_lns(controlplane=settings)
        lab.start_lacsim('--sessions', 1, '--hold', -1, '--tun', DEVICE,
                         '--tun-netns', lab.subscriber.name)
        wait_until(lambda: self.ping('-c', 1) is not None, 'the subscriber to reach the host')
        lab.start('iperf3', ['iperf3', '--server', '--bind', config.HOST_ADDRESS], lab.host)
        wait_until(lambda: self.lab.host.run(['ss', '-Hltn', 'sport', '= :5201']).stdout,
                   'iperf3 to listen')

    def ping(self, *options):
        """Round trips from the subscriber, in milliseconds; None: not all were answered."""
        done = self.lab.subscriber.run(['ping', '-n', '-W', 2, *options, config.HOST_ADDRESS],
                                       check=False)
        if done.returncode != 0:
            return None
        return [float(ms) for ms in re.findall(r'time=([0-9.]+) ms', done.stdout)]

    def start(self, seconds, *options):
        """iperf3 in the subscriber's host, asking the server to send."""
        return self.lab.start('download', [
            'iperf3', '--client', config.HOST_ADDRESS, '--reverse', '--json', '--omit', 1,
            '--time', seconds, *options], self.lab.subscriber)

    def result(self, process, timeout=30):
        assert process.wait(timeout) == 0, process.output()
        report = json.loads(process.output())['end']
        return report['sum_sent'], report['sum_received']

    def counters(self):
        [session] = self.lab.sessions()
        key = session['key']
        shown = self.lab.lnsctl('session', 'show',
                                f'{key["local_tunnel_id"]}/{key["local_session_id"]}')
        return shown['counters']


def drops(lab):
    return {name: value for name, value in lab.lnsctl('drops').items() if value}


@needs_iperf3
def test_ping_is_quick_while_a_download_fills_the_rate(lab):
    download = Download(lab, rate_down_bps=RATE_BPS, shape_down=True)
    idle = download.ping('-c', 10, '-i', 0.1)
    process = download.start(5)
    loaded = download.ping('-c', 40, '-i', 0.1)
    _, received = download.result(process)
    mss = 1492 - TCP_HEADERS
    of_ip = received['bits_per_second'] * (mss + TCP_HEADERS) / mss
    dropped = drops(lab)
    print(f'download: {of_ip / 1e6:.2f} of {RATE_BPS / 1e6:.0f} Mbit/s of IP packets; '
          f'ping idle max {max(idle):.1f} ms, loaded max {max(loaded):.1f} ms, '
          f'average {sum(loaded) / len(loaded):.1f} ms; drops: {dropped}')
    assert of_ip == pytest.approx(RATE_BPS, rel=0.03)
    assert max(loaded) < 20
    assert set(dropped) <= set(SHAPER_DROPS)
    assert download.counters()['shaper_dropped_packets'] == sum(dropped.values())


@needs_iperf3
def test_download_below_the_rate_loses_nothing(lab):
    download = Download(lab, rate_down_bps=RATE_BPS, shape_down=True)
    sent, received = download.result(download.start(4, '--bitrate', RATE_BPS // 2))
    print(f'{received["bits_per_second"] / 1e6:.2f} Mbit/s, {sent["retransmits"]} retransmissions')
    assert received['bits_per_second'] == pytest.approx(RATE_BPS / 2, rel=0.05)
    assert sent['retransmits'] == 0
    assert drops(lab) == {}


def test_sessions_of_a_peer_share_its_limit(lab):
    settings = lab.controlplane_config()
    settings['peers'][0]['aggregate'] = {
        'rate_up_bps': LIMIT_BPS, 'burst_up_bytes': BURST_BYTES,
        'rate_down_bps': LIMIT_BPS, 'burst_down_bytes': BURST_BYTES}
    lab.start_lns(controlplane=settings)
    seconds, sessions = 6, 4
    pps = 2 * LIMIT_BPS // 8 // OCTETS
    # The limit goes with the tunnel: what it counted is read while the calls stay up a while longer.
    lacsim = lab.start_lacsim('--sessions', sessions, '--payload', OCTETS - 28, '--hold',
                              seconds + 2, pps=pps, seconds=seconds)
    seen = []

    def ended():
        seen[:] = lab.lnsctl('aggregates') or seen
        return not lacsim.running()

    wait_until(ended, 'the calls to end', timeout=60)
    report = lab.report_of(lacsim)
    for direction in ('up', 'down'):
        flow = report['traffic'][direction]
        assert flow['offered'] > 0.95 * pps * seconds, 'the machine did not offer enough'
        delivered = flow['received'] * OCTETS * 8
        print(f'{direction}: {delivered / seconds / 1e6:.2f} of {LIMIT_BPS / 1e6:.0f} Mbit/s')
        assert delivered == pytest.approx(LIMIT_BPS * seconds, rel=0.02), direction
    lost = {d: report['traffic'][d]['offered'] - report['traffic'][d]['received']
            for d in ('up', 'down')}
    assert drops(lab)['aggregate_policed'] == sum(lost.values())
    [aggregate] = seen
    assert (aggregate['aggregate']['name'], aggregate['tunnels']) == ('lab', 1)
    assert (aggregate['uplink_dropped_packets'],
            aggregate['downlink_dropped_packets']) == (lost['up'], lost['down'])
