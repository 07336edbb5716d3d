# A LAC and subscriber that share no code with us (tests/support/peer) against the real LNS: tunnel,
# call, PPP, and IP packets to a host and back.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An independent client, end to end."""

import ipaddress

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from lab import config, wait_until
from peer import Subscriber, udp_socket

def is_echo_reply(sequence):
    return lambda p: ICMP in p and p[ICMP].type == 0 and p[ICMP].seq == sequence


@pytest.mark.parametrize('auth', ['chap', 'pap'])
def test_dials_authenticates_and_exchanges_packets(lns, open_lac, auth):
    lac = open_lac(lns)
    assert lac.lns_host_name == 'lns.example'
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD, auth=auth)
    address = subscriber.connect()
    assert ipaddress.ip_address(address) in ipaddress.ip_network(config.POOL)
    assert subscriber.dns == '192.0.2.53'
    assert ipaddress.ip_address(subscriber.gateway) in ipaddress.ip_network(config.POOL)
    [session] = lns.sessions()
    assert (session['user_name'], session['ipv4_address'], session['state']) == \
        ('user1', address, 'online')
    assert (session['calling_number'], session['called_number']) == ('5551', '5552')

    # ICMP, answered by the host's Linux.
    for sequence in range(1, 6):
        subscriber.send_ip(IP(src=address, dst=config.HOST_ADDRESS) /
                           ICMP(id=7, seq=sequence) / (b'x' * 100))
        reply = subscriber.receive_ip(is_echo_reply(sequence))
        assert (reply.src, reply.dst) == (config.HOST_ADDRESS, address)
        assert bytes(reply[ICMP].payload) == b'x' * 100
        assert reply.ttl == 63, 'one router on the way'

    # UDP, in both directions, with a program on the host.
    host = udp_socket(lns.host.name, config.HOST_ADDRESS, 7007)
    host.settimeout(5)
    subscriber.send_ip(IP(src=address, dst=config.HOST_ADDRESS, ttl=9) /
                       UDP(sport=4444, dport=7007) / b'question')
    data, sender = host.recvfrom(2000)
    assert (data, sender) == (b'question', (address, 4444))
    host.sendto(b'answer', sender)
    reply = subscriber.receive_ip(lambda p: UDP in p and p[UDP].dport == 4444)
    assert bytes(reply[UDP].payload) == b'answer'

    # Goodbye from our side: Terminate-Ack, then a CDN; the session is gone.
    subscriber.terminate()
    wait_until(lambda: lns.sessions() == [], 'the session to go')
    lac.close()
    wait_until(lambda: not [t for t in lns.tunnels() if t['state'] == 'established'],
               'the tunnel to go')


def test_packets_right_behind_the_last_configure_ack_are_forwarded(lns, open_lac):
    """The subscriber is open once it has the LNS's Ack and has sent its own; packets may follow at
    once, before the LNS has read that Ack."""
    lac = open_lac(lns)
    first = Subscriber(lac.call(), 'user1', config.PASSWORD)
    address = first.connect()
    first.send_ip(IP(src=address, dst=config.HOST_ADDRESS) / ICMP(id=7, seq=1))
    first.receive_ip(is_echo_reply(1))  # the host's neighbour entry is there

    host = udp_socket(lns.host.name, config.HOST_ADDRESS, 7007)
    host.settimeout(5)
    for i in range(2, 10):
        subscriber = Subscriber(lac.call(), f'user{i}', config.PASSWORD)
        address = subscriber.connect(burst=lambda source: [
            IP(src=source, dst=config.HOST_ADDRESS) / UDP(sport=i, dport=7007) / bytes([n])
            for n in range(3)])
        for n in range(3):
            assert host.recvfrom(2000) == (bytes([n]), (address, i))


def test_without_a_secret(lab, open_lac):
    lab.start_lns(controlplane=lab.controlplane_config(secret=None))
    lac = open_lac(lab, secret=None)
    assert Subscriber(lac.call(), 'user1', config.PASSWORD).connect()


def test_lns_challenges_a_lac_that_does_not(lns, open_lac):
    lac = open_lac(lns, challenge=False)
    assert Subscriber(lac.call(), 'user1', config.PASSWORD).connect()


def test_frames_without_address_and_control_and_with_length(lns, open_lac):
    """Either form is accepted on any packet (RFC 2661 3.1, RFC 1661 6.6)."""
    lac = open_lac(lns)
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD)
    address = subscriber.connect()
    for sequence, (prefix, with_length) in enumerate(
            [(b'\xff\x03\x00\x21', True), (b'\x00\x21', False), (b'\x21', True),
             (b'\xff\x03\x21', False)], 1):
        packet = bytes(IP(src=address, dst=config.HOST_ADDRESS) / ICMP(id=8, seq=sequence) / b'x')
        subscriber.call.send(prefix + packet, with_length=with_length)
        subscriber.receive_ip(is_echo_reply(sequence))


def test_two_tunnels_of_one_address_and_port_pair_apart(lns, open_lac):
    """The same host with two source ports, and two calls in each."""
    lacs = [open_lac(lns), open_lac(lns)]
    addresses = set()
    for i, lac in enumerate(lacs):
        for j in range(2):
            addresses.add(Subscriber(lac.call(), f'user{2 * i + j + 1}', config.PASSWORD).connect())
    assert len(addresses) == 4
    assert len(lns.tunnels()) == 2
    lacs[0].close()
    wait_until(lambda: len(lns.sessions()) == 2, 'the other tunnel\'s sessions to stay')


def test_spoofed_source_is_dropped_and_counted(lns, open_lac):
    lac = open_lac(lns)
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD)
    subscriber.connect()
    host = udp_socket(lns.host.name, config.HOST_ADDRESS, 7007)
    before = sum(lns.lnsctl('drops').values())
    subscriber.send_ip(IP(src='100.64.200.200', dst=config.HOST_ADDRESS) /
                       UDP(sport=1, dport=7007) / b'spoofed')
    wait_until(lambda: sum(lns.lnsctl('drops').values()) == before + 1, 'a drop to be counted')
    host.settimeout(0.3)
    with pytest.raises(TimeoutError):
        host.recvfrom(2000)


def test_echo_and_hello(lab, open_lac):
    settings = lab.controlplane_config()
    settings['peers'][0]['hello_interval_s'] = 1
    settings['ppp']['echo_interval_s'] = 1
    lab.start_lns(controlplane=settings)
    lac = open_lac(lab)
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD)
    subscriber.connect()
    assert subscriber.echo() == subscriber.lns_magic
    lac.pump(lambda: lac.hellos >= 2, 'two HELLOs of the LNS')
    # Its echo requests have been answered on the way, so the session is still there.
    assert [s['state'] for s in lab.sessions()] == ['online']


def test_silent_peer_is_cleared(lab, open_lac):
    """A LAC that vanishes: HELLO is not acknowledged; tunnel, session and address return."""
    settings = lab.controlplane_config()
    settings['peers'][0].update(hello_interval_s=1, retransmit_initial_ms=100,
                                retransmit_cap_ms=200, max_retransmits=3)
    lab.start_lns(controlplane=settings)
    lac = open_lac(lab)
    Subscriber(lac.call(), 'user1', config.PASSWORD).connect()
    lac.socket.close()
    wait_until(lambda: lab.lnsctl('status')['sessions'] == 0, 'the session to be cleared', 20)
    assert lab.lnsctl('dataplane')['sessions'] == 0
    assert [pool['used'] for pool in lab.lnsctl('status')['pools']] == [0]
