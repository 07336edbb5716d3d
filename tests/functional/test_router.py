# The LNS as a router between its subscribers and the network: what it tells those whose packets it
# does not carry, what its gateway address answers, and rates.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Router behaviour, end to end."""

import re

import pytest
from scapy.layers.inet import ICMP, IP, UDP, defragment

from lab import config
from peer import Subscriber, udp_socket

TIME_EXCEEDED, UNREACHABLE, ECHO_REPLY = 11, 3, 0
RATE_BPS = 8_000_000
BURST_BYTES = 20_000
OCTETS = 1000  # of an IP packet
SECONDS = 10


@pytest.fixture
def subscriber(lns, open_lac):
    """Online with an MRU of 1460, by a codec that is not ours."""
    one = Subscriber(open_lac(lns).call(), 'user1', config.PASSWORD)
    one.connect()
    return one


def probe(subscriber, ttl, address=config.HOST_ADDRESS):
    """What comes back for one datagram of a traceroute."""
    subscriber.send_ip(IP(src=subscriber.address, dst=address, ttl=ttl) /
                       UDP(sport=40000 + ttl, dport=33434 + ttl) / b'traceroute')
    return subscriber.receive_ip(lambda p: ICMP in p)


def quoted(answer):
    return IP(bytes(answer[ICMP].payload))


def ping(lns, *options):
    """From the host to whom the options end with; the command's result."""
    return lns.host.run(['ping', '-n', '-c', 1, '-W', 3, *options], check=False)


def router(lns):
    return {name: value for name, value in lns.lnsctl('router').items()
            if value and not name.startswith('lcp_')}


def test_traceroute_from_a_subscriber(lns, subscriber):
    first = probe(subscriber, 1)
    assert (first.src, first[ICMP].type) == (subscriber.gateway, TIME_EXCEEDED)
    assert quoted(first).dst == config.HOST_ADDRESS
    assert quoted(first)[UDP].dport == 33435
    last = probe(subscriber, 2)
    assert (last.src, last[ICMP].type, last[ICMP].code) == (config.HOST_ADDRESS, UNREACHABLE, 3)
    assert router(lns) == {'time_exceeded': 1}


def test_traceroute_to_the_gateway_and_ping(lns, subscriber):
    answer = probe(subscriber, 1, subscriber.gateway)
    assert answer.src == subscriber.gateway
    assert (answer[ICMP].type, answer[ICMP].code) == (UNREACHABLE, 3)
    subscriber.send_ip(IP(src=subscriber.address, dst=subscriber.gateway) /
                       ICMP(id=9, seq=3) / b'are you there?')
    reply = subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == ECHO_REPLY)
    assert (reply.src, reply.dst) == (subscriber.gateway, subscriber.address)
    assert bytes(reply[ICMP].payload) == b'are you there?'
    assert router(lns) == {'unreachable': 1, 'echo_reply': 1}


def test_linux_on_the_core_port_answers_pings_and_is_not_reached(lns, subscriber):
    """The worker answers for it."""
    for address in (config.CORE_ADDRESS, config.LNS_ADDRESS):
        subscriber.send_ip(IP(src=subscriber.address, dst=address) / ICMP(id=9, seq=3) / b'and you?')
        reply = subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == ECHO_REPLY)
        assert (reply.src, bytes(reply[ICMP].payload)) == (address, b'and you?')
    answer = probe(subscriber, 2, config.CORE_ADDRESS)
    assert (answer[ICMP].type, answer[ICMP].code) == (UNREACHABLE, 3)
    assert router(lns) == {'unreachable': 1, 'echo_reply': 2}
    assert lns.lnsctl('drops')['not_ours'] == 0


def test_traceroute_to_a_subscriber(lns, subscriber):
    """The host's own ping says who has answered."""
    said = ping(lns, '-t', 1, subscriber.address).stdout
    [router_address] = re.findall(r'From (\S+) icmp_seq=1 Time to live exceeded', said)
    assert router_address == config.CORE_ADDRESS
    lns.host.run(['ping', '-n', '-c', 1, '-W', 1, '-t', 2, subscriber.address], check=False)
    assert subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == 8).ttl == 1
    assert router(lns) == {'time_exceeded': 1}


def test_host_is_told_that_nobody_has_the_address(lns, subscriber):
    said = ping(lns, '100.64.200.200').stdout
    assert 'Destination Host Unreachable' in said
    assert lns.lnsctl('drops')['no_subscriber'] == 1


def test_hosts_path_mtu_discovery_learns_the_mru(lns, subscriber):
    said = ping(lns, '-M', 'do', '-s', 1472, subscriber.address)
    assert f'mtu = {subscriber.mru}' in said.stdout + said.stderr
    route = lns.host.run(['ip', 'route', 'get', subscriber.address]).stdout
    assert f'mtu {subscriber.mru}' in route
    assert router(lns) == {'packet_too_big': 1}


def test_without_df_the_subscriber_gets_fragments(lns, subscriber):
    ping(lns, '-M', 'dont', '-W', 1, '-s', 1472, subscriber.address)
    pieces = [subscriber.receive_ip(lambda p: p.proto == 1) for _ in range(2)]
    assert all(len(piece) <= subscriber.mru for piece in pieces)
    [whole] = defragment(pieces)
    assert len(bytes(IP(bytes(whole))[ICMP].payload)) == 1472
    assert router(lns) == {'fragmented_packets': 1, 'fragments': 2}


def test_fragments_of_a_lac_behind_a_narrow_link(lns, subscriber):
    lns.lac.run(['ip', 'link', 'set', 'lac0', 'mtu', 1000])
    server = udp_socket(lns.host.name, config.HOST_ADDRESS)
    server.settimeout(5)
    data = bytes(range(256)) * 5
    subscriber.send_ip(IP(src=subscriber.address, dst=config.HOST_ADDRESS) /
                       UDP(sport=7, dport=server.getsockname()[1]) / data)
    assert server.recvfrom(2000)[0] == data
    server.close()
    assert router(lns) == {'reassembled': 1}


def test_twice_the_rate_is_delivered_at_the_rate(lab):
    settings = lab.controlplane_config()
    settings['users'][0] |= {'rate_up_bps': RATE_BPS, 'burst_up_bytes': BURST_BYTES,
                             'rate_down_bps': RATE_BPS, 'burst_down_bytes': BURST_BYTES}
    lab.start_lns(controlplane=settings)
    pps = 2 * RATE_BPS // 8 // OCTETS
    report = lab.lacsim('--sessions', 1, '--payload', OCTETS - 28, pps=pps, seconds=SECONDS,
                        check=False)
    for direction in ('up', 'down'):
        flow = report['traffic'][direction]
        assert flow['offered'] > 0.95 * pps * SECONDS, 'the machine did not offer enough'
        delivered = flow['received'] * OCTETS * 8
        assert delivered == pytest.approx(RATE_BPS * SECONDS, rel=0.02), direction
    assert lab.lnsctl('drops')['policed'] == sum(
        report['traffic'][d]['offered'] - report['traffic'][d]['received'] for d in ('up', 'down'))
