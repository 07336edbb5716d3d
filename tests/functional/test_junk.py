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

from lab import config, wait_until
from peer import Lac, Subscriber, udp_socket
from scapy.layers.inet import ICMP, IP

FLOOD_S = 3
SEED = 1701
# Resident memory may move a little; junk must not make it grow.
GROWTH_KB = 16 * 1024


def junk_kinds(rng, tunnel_id, session_id):
    """Name -> payload; every way to be wrong that the path must tell apart."""
    def header(flags, *words):
        return struct.pack(f'!{1 + len(words)}H', flags, *words)

    noise = rng.randbytes(200)
    unknown = 1 if tunnel_id != 1 else 2
    return {
        'empty': b'',
        'one byte': b'\x00',
        'noise': noise,
        'L2F': header(0x0001) + noise,
        'L2TPv3 control': header(0xc803, 60, 0, 0, 0) + noise[:50],
        'data of an unknown tunnel': header(0x0002, unknown, 77) + b'\xff\x03\x00\x21' + noise,
        'data of our session from elsewhere':
            header(0x0002, tunnel_id, session_id) + b'\xff\x03\x00\x21' + noise,
        'control of an unknown tunnel': header(0xc802, 12, unknown, 0, 5, 5),
        'control of our tunnel from elsewhere': header(0xc802, 12, tunnel_id, 0, 5, 5),
        'control without sequence bit': header(0xc002, 12, 0, 0, 0, 0),
        'control longer than its datagram': header(0xc802, 1400, 0, 0, 0, 0),
        'message that is none': header(0xc802, 20, 0, 0, 0, 0) + rng.randbytes(8),
        'length beyond the datagram': header(0x4002, 900, tunnel_id, session_id) + noise,
        'offset beyond the datagram': header(0x0202, tunnel_id, session_id, 5000) + noise,
        'large': rng.randbytes(1400),
    }


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


def test_junk_changes_nothing_but_counters(make_lab):
    lab = make_lab(lacs=2)
    lab.start_lns()
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), (config.LNS_ADDRESS, 1701),
              config.SECRET)
    lac.open()
    call = lac.call()
    subscriber = Subscriber(call, 'user1', config.PASSWORD)
    subscriber.connect()
    ping(subscriber, 1)

    kinds = junk_kinds(random.Random(SEED), lac.peer_id, call.peer_id)
    sock = udp_socket(lab.lac.name, lab.lac_addresses[1])
    sock.setblocking(False)
    flood(sock, list(kinds.values()), 0.2)  # what grows once, grows now
    time.sleep(0.3)
    before = {process: resident_kb(process) for process in (lab.dataplane, lab.controlplane)}
    drops_before = lab.lnsctl('drops')
    tunnels_before = lab.tunnels()

    sent = flood(sock, list(kinds.values()), FLOOD_S)
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
    wait_until(lambda: lab.connected(), 'the control plane to answer')
    assert Subscriber(lac.call(), 'user2', config.PASSWORD).connect()


def test_each_kind_of_junk_has_its_counter(lns):
    lac = Lac(udp_socket(lns.lac.name, lns.lac_addresses[0]), (config.LNS_ADDRESS, 1701),
              config.SECRET)
    lac.open()
    call = lac.call()
    sock = udp_socket(lns.lac.name, lns.lac_addresses[0])
    for what, payload in junk_kinds(random.Random(SEED), lac.peer_id, call.peer_id).items():
        def total():
            return sum(lns.lnsctl('drops').values()) + sum(lns.lnsctl('punts').values())
        before = total()
        for _ in range(10):
            sock.sendto(payload, (config.LNS_ADDRESS, 1701))
        wait_until(lambda: total() >= before + 10, f'ten packets of "{what}" to be counted', 5)
