# L2TP whose outer packets are IPv6, on the real packet path: LACs with IPv6 addresses dial beside
# one with IPv4, data and control both ways, no packet lost, and a UDP checksum in each of ours
# (RFC 8200 8.1).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""LACs over IPv6, end to end."""

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.utils import rdpcap

from lab import config, wait_until

LNS6, FIRST_LAC6 = 'fd00:5::1', 'fd00:5::11'
TUNNELS, SESSIONS = 4, 100
OVER_IPV6 = ('--lns', f'[{LNS6}]', '--lac-addresses', f'{FIRST_LAC6}/{TUNNELS}', '--tunnels', TUNNELS,
             '--sessions', SESSIONS)


@pytest.fixture
def both(lab):
    """An LNS with an address of each family for LACs."""
    lab.lns.add_address(config.ACCESS_INTERFACE, f'{LNS6}/64')
    for index in range(TUNNELS):
        lab.lac.add_address('lac0', f'{FIRST_LAC6[:-1]}{index + 1}/64')
    lab.lns.wait_while_probing(config.ACCESS_INTERFACE)
    settings = config.with_ipv6(lab.controlplane_config(subscribers=SESSIONS))
    settings['lns']['addresses'].append(LNS6)
    lab.start_lns(controlplane=settings)
    return lab


def test_subscribers_come_online_and_pass_traffic(both):
    capture = both.capture(both.lac, 'lac0', 'outer', f'src host {LNS6}')
    lacsim = both.start_lacsim(*OVER_IPV6, '--network', 'both', '--ping', 3, '--hold', 3, pps=1000,
                               seconds=2)
    wait_until(lambda: both.lnsctl('status')['sessions_online'] == SESSIONS, 'all to be online')
    endpoints = {tunnel['peer_endpoint'] for tunnel in both.tunnels()}
    assert endpoints == {f'[{FIRST_LAC6[:-1]}{index + 1}]:1701' for index in range(TUNNELS)}
    assert lacsim.wait(60) == 0, lacsim.output()
    report = both.report_of(lacsim)
    assert report['sessions']['established'] == SESSIONS
    assert report['ping']['received'] == 3
    for direction in ('up', 'down'):
        flow = report['traffic'][direction]
        assert flow['offered'] >= 600  # of 2000; a busy machine makes the sender late
        assert (flow['lost'], flow['reordered'], flow['duplicated'], flow['corrupt']) == (0,) * 4
    assert not [name for name, value in both.lnsctl('drops').items() if value], 'no drop expected'
    wait_until(lambda: both.lnsctl('status')['sessions'] == 0, 'all to be gone')

    capture.stop()
    ours = [packet for packet in rdpcap(str(capture.path)) if IPv6 in packet and UDP in packet]
    data = [packet for packet in ours if not bytes(packet[UDP].payload)[0] & 0x80]
    assert len(data) >= report['traffic']['down']['offered']
    for packet in ours:
        said = packet[UDP].chksum
        assert said != 0
        del packet[UDP].chksum
        assert IPv6(bytes(packet[IPv6]))[UDP].chksum == said


def test_lacs_of_both_families_share_the_lns(both):
    over_ipv6 = both.start_lacsim(*OVER_IPV6[:-1], SESSIONS // 2, '--hold', 4)
    over_ipv4 = both.start_lacsim('--sessions', SESSIONS // 2, '--hold', 4)
    wait_until(lambda: both.lnsctl('status')['sessions_online'] == SESSIONS, 'all to be online')
    families = {('[' in tunnel['peer_endpoint']) for tunnel in both.tunnels()}
    assert families == {True, False}
    for lacsim in (over_ipv6, over_ipv4):
        assert lacsim.wait(60) == 0, lacsim.output()
