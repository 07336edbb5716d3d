# Junk at the full speed of the data plane: a second access port replays a capture of it without
# end, as fast as the worker takes it (millions of packets per second, no kernel in the way), while
# subscribers live on the first.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Junk at line rate."""

import random
import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.utils import wrpcap

from lab import config
from peer import Subscriber
from test_junk import GROWTH_KB, header, junk_kinds, ping, resident_kb

MAC = '02:00:5e:00:17:01'
SOURCE = '198.51.100.200'
SEED = 1701
FLOOD_S = 2
# A worker that shares two cores with everything else still takes more than this.
FLOOD_PPS = 200_000
PUNTED = {'unknown_tunnel', 'foreign_control', 'new_tunnel'}


def frame(payload, source=SOURCE, **udp):
    return (Ether(dst=MAC, src='02:00:5e:00:17:02') / IP(src=source, dst=config.LNS_ADDRESS) /
            UDP(**{'sport': 1701, 'dport': 1701, **udp}) / payload)


def replaying_port(lab, frames, **options):
    """For the data plane's configuration: an access port that these frames come from."""
    capture = lab.directory / 'junk.pcap'
    wrpcap(str(capture), frames)
    return {'name': 'flood', 'role': 'access', 'mac': MAC,
            'vdev': f'net_pcap0,rx_pcap={capture},infinite_rx=1', **options}


def dropped_junk():
    """What must end in the data plane; L2TP ids that nobody has."""
    rng = random.Random(SEED)
    kinds = [payload for what, payload, counter in junk_kinds(1, 1)
             if counter not in PUNTED and 'our session' not in what]
    whole = [frame(payload) for payload in kinds]
    whole += [frame(header(0x0002, rng.randrange(65536), 0) + rng.randbytes(size))
              for size in (20, 60, 300, 1400)]
    return whole + [
        frame(b'x' * 40, dport=1702),
        frame(b'x' * 40, len=9),
        frame(b'x' * 40, len=2000),
        Ether(bytes(frame(b'x' * 40))[:20]),
        Ether(bytes(frame(b'x' * 40))[:37]),
        Ether(dst=MAC) / ARP(pdst=config.LNS_ADDRESS),
        Ether(dst=MAC) / (b'\x45' + rng.randbytes(80)),
        Ether(dst='02:00:5e:00:17:ff') / IP(dst=config.LNS_ADDRESS) / UDP(dport=1701) / b'not ours',
    ]


def punted_junk():
    """What only the control plane can judge: control messages of nobody, and of new tunnels."""
    return [frame(payload) for _, payload, counter in junk_kinds(1, 1) if counter in PUNTED]


@pytest.fixture
def flooded(make_lab):
    """A running LNS whose second access port replays the given frames."""
    def start(frames):
        lab = make_lab()
        settings = lab.dataplane_config()
        settings['ports'].append(replaying_port(lab, frames * 8))
        lab.start_lns(settings)
        return lab
    return start


def watch(lab):
    """The flood goes on for a while: (what each counter moved by, seconds); nobody grew."""
    names = (lab.dataplane, lab.controlplane)
    resident = [resident_kb(process) for process in names]
    begin, before = time.monotonic(), {**lab.lnsctl('drops'), **lab.lnsctl('punt-overflows')}
    time.sleep(FLOOD_S)
    after = {**lab.lnsctl('drops'), **lab.lnsctl('punt-overflows')}
    seconds = time.monotonic() - begin
    for process, kb in zip(names, resident):
        assert process.running()
        assert resident_kb(process) - kb < GROWTH_KB, f'{process.name} grew'
    return {name: after[name] - before.get(name, 0) for name in after
            if after[name] != before.get(name, 0)}, seconds


def test_subscribers_live_through_junk_at_line_rate(flooded, open_lac):
    lab = flooded(dropped_junk())
    subscriber = Subscriber(open_lac(lab).call(), 'user1', config.PASSWORD)
    subscriber.connect()
    ping(subscriber, 1)

    moved, seconds = watch(lab)
    assert sum(moved.values()) > FLOOD_PPS * seconds, f'no flood: {moved} in {seconds:.1f} s'
    assert {'no_session', 'l2tp_version', 'bad_udp_length'} <= set(moved)

    ping(subscriber, 2)
    assert [s['user_name'] for s in lab.sessions()] == ['user1']
    assert len(lab.tunnels()) == 1


def test_control_plane_answers_under_control_junk_at_line_rate(flooded):
    lab = flooded(punted_junk())
    moved, seconds = watch(lab)
    assert sum(moved.values()) > FLOOD_PPS * seconds, f'no flood: {moved} in {seconds:.1f} s'
    assert moved['punt_source_rate'] > 0, 'its sender was over its limit, and that was counted'
    assert lab.tunnels() == [] and lab.sessions() == []
    lines = len(lab.controlplane.output().splitlines()) + len(lab.dataplane.output().splitlines())
    assert lines < 500, f'{lines} log lines'
