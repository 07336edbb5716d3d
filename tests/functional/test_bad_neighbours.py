# Sessions of one LAC misbehave, each in a way of its own, while those of another forward: sources
# that are not theirs, a flood, fragments that never become a packet, lengths of 65,535. Each is
# contained where it is and counted under its name, packet by packet; the others' traffic is
# numbered, and nothing of it is lost, late in its order or damaged.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Bad neighbours."""

import random
import socket
import struct
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from lab import config, wait_until
from peer import Lac, Subscriber, exchange, udp_socket
from peer.sockets import inside
from test_junk import header

BYSTANDERS, PPS, SECONDS = 20, 2000, 3
RATE_BPS, BURST_BYTES = 800_000, 20_000
FLOOD_PACKETS, FLOOD_PPS, FLOOD_OCTETS = 20_000, 20_000, 200
TRIES, TRIES_PER_S = 200, 400
HOST_PORT = 7007
WIDE_MRU = 1500


@pytest.fixture
def street(make_lab):
    """(lab, its LAC's tunnel, a bad session, a good one of the other LAC, the host's socket)."""
    lab = make_lab(lacs=2)
    settings = lab.controlplane_config(subscribers=BYSTANDERS + 2)
    settings['users'][BYSTANDERS] |= {'rate_up_bps': RATE_BPS, 'burst_up_bytes': BURST_BYTES}
    lab.start_lns(controlplane=settings)
    host = udp_socket(lab.host.name, config.HOST_ADDRESS, HOST_PORT)
    lacs = [Lac(udp_socket(lab.lac.name, address), (config.LNS_ADDRESS, 1701), config.SECRET)
            for address in reversed(lab.lac_addresses)]
    subscribers = []
    for number, lac in enumerate(lacs):
        lac.open()
        subscribers.append(Subscriber(lac.call(), f'user{BYSTANDERS + 1 + number}',
                                      config.PASSWORD, mru=WIDE_MRU))
        subscribers[-1].connect()
    yield lab, *subscribers, host
    for lac in lacs:
        lac.leave()
        lac.socket.close()
    host.close()


def paced(count, per_second):
    """Their numbers, in time: a burst that a busy machine's worker finds no room for would cost
    others packets for the machine's sake."""
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0, start + number / per_second - time.monotonic()))
        yield number


def send_in_pieces(good, host):
    """A packet that fits no outer one on the LAC's link: its kernel cuts, the LNS puts together."""
    data = random.randbytes(WIDE_MRU - 28)
    good.send_ip(IP(src=good.address, dst=config.HOST_ADDRESS) /
                 UDP(sport=2, dport=HOST_PORT) / data)
    assert host.recvfrom(2000)[0] == data


def drops(lab):
    return {name: count for name, count in lab.lnsctl('drops').items() if count}


def others_notice_nothing(lab, good, host, attack):
    """The attack goes on while twenty sessions forward; what it returns. The good session of the
    same LAC as theirs has its packets cut by its kernel, so that they are put together again."""
    before = lab.lnsctl('traffic')['downlink_packets']
    lacsim = lab.start_lacsim('--sessions', BYSTANDERS, pps=PPS, seconds=SECONDS,
                              lac_address=lab.lac_addresses[0])
    wait_until(lambda: lab.lnsctl('traffic')['downlink_packets'] > before + PPS / 4, 'traffic')
    result = attack()
    exchange(good, host)
    send_in_pieces(good, host)
    assert lab.lnsctl('traffic')['downlink_packets'] < before + PPS * SECONDS, \
        'the attack outlasted the traffic'
    assert lacsim.wait(60) == 0, lacsim.output()  # lost, reordered, damaged: it would say so
    report = lab.report_of(lacsim)
    lab.processes.remove(lacsim)
    for way in ('up', 'down'):
        traffic = report['traffic'][way]
        assert traffic['received'] == traffic['offered'] > 0.8 * PPS * SECONDS, traffic
    return result


def expect_drops(lab, before, expected):
    """These have moved by so many, and no others."""
    def moved():
        return {name: count - before.get(name, 0) for name, count in drops(lab).items()
                if count != before.get(name, 0)}
    wait_until(lambda: moved() == expected, lambda: f'{expected} to be counted: {moved()}', 5)


def test_one_that_spoofs_its_source(street):
    lab, bad, good, host = street
    rng = random.Random(5)

    def attack():
        for number in paced(TRIES, TRIES_PER_S):
            source = [good.address, config.HOST_ADDRESS, config.LNS_ADDRESS, bad.gateway,
                      socket.inet_ntoa(rng.randbytes(4))][number % 5]
            bad.send_ip(IP(src=source, dst=config.HOST_ADDRESS) /
                        UDP(sport=1, dport=HOST_PORT) / b'spoofed')

    before = drops(lab)
    others_notice_nothing(lab, good, host, attack)
    expect_drops(lab, before, {'spoofed_source': TRIES})
    host.setblocking(False)
    with pytest.raises(BlockingIOError):
        print(host.recvfrom(100), 'reached the host')


def test_one_that_floods(street):
    lab, bad, good, host = street
    packet = b'\xff\x03\x00\x21' + bytes(
        IP(src=bad.address, dst=config.HOST_ADDRESS) / UDP(sport=1, dport=9) /
        bytes(FLOOD_OCTETS - 28))
    frame = header(0x0002, bad.call.lac.peer_id, bad.call.peer_id) + packet

    def attack():
        start = time.monotonic()
        for _ in paced(FLOOD_PACKETS, FLOOD_PPS):
            bad.call.lac.socket.sendto(frame, (config.LNS_ADDRESS, 1701))
        return time.monotonic() - start

    before = drops(lab)
    seconds = others_notice_nothing(lab, good, host, attack)
    policed = drops(lab)['policed'] - before.get('policed', 0)
    passed = (FLOOD_PACKETS - policed) * FLOOD_OCTETS
    carried = RATE_BPS / 8 * seconds + BURST_BYTES
    assert passed == pytest.approx(carried, rel=0.1), f'{policed} policed'
    [session] = [one for one in lab.sessions() if one['user_name'] == bad.user]
    assert session['state'] == 'online'


def never_whole(source, count):
    """First fragments, of packets whose rest never comes."""
    for number in range(count):
        yield bytes(IP(src=source, dst=config.LNS_ADDRESS, id=number, flags='MF', proto=17) /
                    (struct.pack('!HHHH', 1701, 1701, 1500, 0) + bytes(992)))


def test_one_whose_fragments_never_complete(street):
    lab, bad, good, host = street
    [source, _] = bad.call.lac.socket.getsockname()
    with inside(lab.lac.name):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def attack():
        for _, packet in zip(paced(5 * TRIES, 5 * TRIES_PER_S), never_whole(source, 5 * TRIES)):
            raw.sendto(packet, (config.LNS_ADDRESS, 0))
        # Of the subscriber's own packets, too: those are the host's to wait for.
        for number in paced(TRIES, 5 * TRIES_PER_S):
            bad.send_ip(IP(src=bad.address, dst=config.HOST_ADDRESS, id=number, flags='MF',
                           proto=17) / bytes(64))

    before = drops(lab)
    others_notice_nothing(lab, good, host, attack)

    def contained():
        after = drops(lab)
        waited = after.get('reassembly_time', 0) - before.get('reassembly_time', 0)
        refused = after.get('reassembly_full', 0) - before.get('reassembly_full', 0)
        return waited + refused == 5 * TRIES and waited > 0 and refused > 0
    wait_until(contained, lambda: f'each to be counted: {drops(lab)}', 5)
    assert set(drops(lab)) - set(before) == {'reassembly_time', 'reassembly_full'}
    raw.close()


def test_one_whose_lengths_are_65535(street):
    lab, bad, good, host = street
    lac = bad.call.lac
    ids = (lac.peer_id, bad.call.peer_id)
    inner = bytes(IP(src=bad.address, dst=config.HOST_ADDRESS) / ICMP() / b'short')
    longest = b'\xff\xff'
    udp = bytes(IP(src=lac.socket.getsockname()[0], dst=config.LNS_ADDRESS, proto=17)) + \
        struct.pack('!HH', lac.socket.getsockname()[1], 1701) + longest + b'\0\0' + bytes(60)
    with inside(lab.lac.name):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def attack():
        for _ in paced(TRIES, TRIES_PER_S):
            for frame in (
                    struct.pack('!HHHH', 0x4002, 65535, *ids) + b'\xff\x03\x00\x21' + inner,
                    header(0x0002, *ids) + b'\xff\x03\x00\x21' + inner[:2] + longest + inner[4:],
                    header(0x0202, *ids, 65535) + b'\xff\x03\x00\x21' + inner,
                    header(0xc802, 65535, lac.peer_id, 0, 5, 5)):
                lac.socket.sendto(frame, (config.LNS_ADDRESS, 1701))
            raw.sendto(udp, (config.LNS_ADDRESS, 0))
        # PPP control with such a length is for the control plane, which hears nothing.
        for protocol in (0xc021, 0x8021):
            lac.socket.sendto(header(0x0002, *ids) + struct.pack('!HHBB', 0xff03, protocol, 1, 1) +
                              longest + b'\0\0', (config.LNS_ADDRESS, 1701))
        # A datagram that is really as long as one can be, in the pieces that its kernel makes.
        lac.socket.sendto(header(0x0002, *ids) + bytes(65000), (config.LNS_ADDRESS, 1701))

    before = drops(lab)
    others_notice_nothing(lab, good, host, attack)
    # One packet may have 16 pieces; of 44 twice as many are refused together, the rest waits.
    expect_drops(lab, before, {'bad_l2tp_length': 2 * TRIES, 'bad_inner_header': TRIES,
                               'bad_control_header': TRIES, 'bad_udp_length': TRIES,
                               'reassembly_full': 32, 'reassembly_time': 12})
    assert bad.echo() == bad.lns_magic
    exchange(bad, host)
    raw.close()
