# Junk on UDP/1701, as fast as this machine sends it, while a subscriber is online: nothing changes
# but named counters. The data plane handles it, so neither the session nor the tables notice.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Junk at full speed."""

import random
import struct
import time
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP

from lab import config, wait_until
from peer import Subscriber, udp_socket

FLOOD_S = 3
SEED = 1701
# Resident memory may move a little; junk must not make it grow.
GROWTH_KB = 16 * 1024


def header(flags, *words):
    return struct.pack(f'!{1 + len(words)}H', flags, *words)


def junk_kinds(tunnel_id, session_id):
    """(what, payload, counter): each way to be wrong that the path tells apart."""
    noise = random.Random(SEED).randbytes(200)
    unknown = 1 if tunnel_id != 1 else 2
    frame = b'\xff\x03\x00\x21' + noise
    return [
        ('nothing', b'', 'bad_udp_length'),
        ('one byte', b'\x00', 'bad_udp_length'),
        ('L2F', header(0x0001) + noise, 'l2tp_version'),
        ('L2TPv3 control', header(0xc803, 60, 0, 0, 0) + noise[:50], 'l2tp_version'),
        ('data of an unknown tunnel', header(0x0002, unknown, 77) + frame, 'no_session'),
        ('data of our session from elsewhere', header(0x0002, tunnel_id, session_id) + frame,
         'wrong_peer'),
        ('control of an unknown tunnel', header(0xc802, 12, unknown, 0, 5, 5), 'unknown_tunnel'),
        ('control of our tunnel from elsewhere', header(0xc802, 12, tunnel_id, 0, 5, 5),
         'foreign_control'),
        ('control without sequence numbers', header(0xc002, 12, 0, 0, 0, 0), 'bad_control_header'),
        ('control longer than its datagram', header(0xc802, 1400, 0, 0, 0, 0),
         'bad_control_header'),
        ('a message that is none', header(0xc802, 20, 0, 0, 0, 0) + noise[:8], 'new_tunnel'),
    ]


def flood_payloads(tunnel_id, session_id):
    rng = random.Random(SEED)
    return [payload for _, payload, _ in junk_kinds(tunnel_id, session_id)] + \
        [rng.randbytes(size) for size in (20, 60, 300, 1400)]


def resident_kb(process):
    for line in Path(f'/proc/{process.pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    raise AssertionError('no VmRSS')


def flood(sock, payloads, seconds):
    """Sends them round-robin; how many."""
    sent = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for payload in payloads * 20:
            try:
                sock.sendto(payload, (config.LNS_ADDRESS, 1701))
                sent += 1
            except BlockingIOError:
                pass
    return sent


def ping(subscriber, sequence):
    subscriber.send_ip(IP(src=subscriber.address, dst=config.HOST_ADDRESS) /
                       ICMP(id=99, seq=sequence) / b'still there')
    subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == 0 and p[ICMP].seq == sequence)


def test_junk_changes_nothing_but_counters(make_lab, open_lac):
    lab = make_lab(lacs=2)
    lab.start_lns()
    lac = open_lac(lab)
    call = lac.call()
    subscriber = Subscriber(call, 'user1', config.PASSWORD)
    subscriber.connect()
    ping(subscriber, 1)

    payloads = flood_payloads(lac.peer_id, call.peer_id)
    sock = udp_socket(lab.lac.name, lab.lac_addresses[1])
    sock.setblocking(False)
    flood(sock, payloads, 0.2)  # what grows once, grows now
    time.sleep(0.3)
    before = {process: resident_kb(process) for process in (lab.dataplane, lab.controlplane)}
    drops_before = lab.lnsctl('drops')
    tunnels_before = lab.tunnels()

    sent = flood(sock, payloads, FLOOD_S)
    assert sent > 10_000 * FLOOD_S, f'only {sent} packets: that is no flood'

    # The subscriber and its tunnel are untouched, with the state they had.
    ping(subscriber, 2)
    assert subscriber.echo() == subscriber.lns_magic
    assert [s['user_name'] for s in lab.sessions()] == ['user1']
    ids = [(t['local_tunnel_id'], t['state']) for t in lab.tunnels()]
    assert ids == [(t['local_tunnel_id'], t['state']) for t in tunnels_before]
    assert lab.lnsctl('dataplane')['sessions'] == 1
    for process, resident in before.items():
        assert process.running()
        assert resident_kb(process) - resident < GROWTH_KB, f'{process.name} grew'

    # It is all in named counters, and mostly where each kind belongs.
    drops = lab.lnsctl('drops')
    grown = {name for name in drops if drops[name] > drops_before.get(name, 0)}
    assert len(grown) >= 5, f'only {grown} moved'
    # Log lines stay bounded, too: none per packet.
    lines = len(lab.controlplane.output().splitlines()) + len(lab.dataplane.output().splitlines())
    assert lines < 500, f'{lines} log lines'
    # And a new caller gets through afterwards.
    wait_until(lab.connected, 'the control plane to answer')
    assert Subscriber(lac.call(), 'user2', config.PASSWORD).connect()


@pytest.fixture
def call(lns, open_lac):
    return open_lac(lns).call()


def counters(lab):
    return {**lab.lnsctl('drops'), **lab.lnsctl('punts')}


def expect_counted(lab, sock, what, payload, counter):
    """Ten of them: this counter moves by ten and, of those that mean junk, no other."""
    before = counters(lab)
    for _ in range(10):
        sock.sendto(payload, (config.LNS_ADDRESS, 1701))
    wait_until(lambda: counters(lab)[counter] == before[counter] + 10,
               lambda: f'ten of "{what}" in {counter}; counters: {counters(lab)}', 5)
    moved = {name for name, value in counters(lab).items() if value != before[name]}
    # The tunnel's own life goes on meanwhile.
    assert moved - {'tunnel_control', 'ppp_control'} == {counter}, what


def test_each_kind_of_junk_has_its_counter(lns, call):
    sock = udp_socket(lns.lac.name, lns.lac_addresses[0])
    for what, payload, counter in junk_kinds(call.lac.peer_id, call.peer_id):
        expect_counted(lns, sock, what, payload, counter)


def test_malformed_data_of_the_right_peer_has_its_counter(lns, call):
    ids = (call.lac.peer_id, call.peer_id)
    for what, payload, counter in [
            ('length beyond the datagram', header(0x4002, 900, *ids) + b'x' * 100,
             'bad_l2tp_length'),
            ('offset beyond the datagram', header(0x0202, *ids, 5000) + b'x' * 100,
             'bad_l2tp_length'),
            ('no PPP protocol', header(0x0002, *ids) + b'\xff\x03', 'bad_ppp_frame'),
            ('IP before IPCP', header(0x0002, *ids) + b'\xff\x03\x00\x21' + b'E' * 40,
             'protocol_not_open')]:
        expect_counted(lns, call.lac.socket, what, payload, counter)
