# An operator looks at packets: what would become of one, which pass of a session, which are dropped
# and why. The subscriber and its LAC are the tests' own.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Looking at packets."""

import subprocess

import pytest
from lab import LabError, config, wait_until
from peer import Lac, Subscriber, exchange, udp_socket
from scapy.layers.inet import IP, UDP
from scapy.utils import rdpcap

STRANGER = '192.0.2.77'


@pytest.fixture
def online(lab):
    """A running LNS with one subscriber, and a program on the host."""
    lab.start_lns()
    host = udp_socket(lab.host.name, config.HOST_ADDRESS, 7007)
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), (config.LNS_ADDRESS, 1701),
              secret=config.SECRET)
    lac.open()
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD)
    subscriber.connect()
    exchange(subscriber, host)
    yield lab, lac, subscriber, host
    lac.leave()
    host.close()


def session_key(lab):
    key = lab.sessions()[0]['key']
    return f"{key['local_tunnel_id']}/{key['local_session_id']}"


def explain(lab, *words):
    return lab.lnsctl('explain', 'packet', *words)


def stages(said):
    return [step['stage'] for step in said['steps']]


def test_a_packet_is_explained_by_the_live_tables_and_nothing_happens(online):
    lab, _, subscriber, host = online
    key = session_key(lab)
    before = lab.lnsctl('drops'), lab.lnsctl('traffic')

    down = explain(lab, '--from', config.HOST_ADDRESS, '--to', subscriber.address)
    assert (down['verdict'], down['out_port']) == ('transmit', 'access')
    assert 'subscriber_lookup' in stages(down) and 'l2tp_encap' in stages(down)
    up = explain(lab, '--session', key, '--from', subscriber.address, '--to', config.HOST_ADDRESS)
    assert (up['verdict'], up['out_port']) == ('transmit', 'core')
    spoofed = explain(lab, '--session', key, '--from', STRANGER, '--to', config.HOST_ADDRESS)
    assert (spoofed['verdict'], spoofed['reason']) == ('drop', 'spoofed_source')
    assert stages(spoofed)[-1] == 'source_guard'
    nobody = explain(lab, '--from', config.HOST_ADDRESS, '--to', '100.64.200.200')
    assert (nobody['verdict'], nobody['reason']) == ('drop', 'no_subscriber')
    with pytest.raises(LabError, match='no session 1/2'):
        explain(lab, '--session', '1/2', '--from', STRANGER, '--to', config.HOST_ADDRESS)

    assert (lab.lnsctl('drops'), lab.lnsctl('traffic')) == before
    exchange(subscriber, host)


def watch(lab, *words):
    return subprocess.Popen([lab.program('lnsctl'), '--run-dir', lab.run_dir, *map(str, words)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, keep_going):
    """The output, once the watch has what it waits for."""
    wait_until(lambda: keep_going() or process.poll() is not None, 'the watch to end', timeout=20)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out


def test_the_packets_of_a_session_are_captured(online, tmp_path):
    lab, _, subscriber, host = online
    file = tmp_path / 'session.pcapng'
    process = watch(lab, 'capture', '--session', session_key(lab), '--packets', 8, file)
    finish(process, lambda: exchange(subscriber, host))
    packets = rdpcap(str(file))
    assert len(packets) == 8
    inner = [bytes(packet) for packet in packets]
    assert any(b'from ' in frame for frame in inner)  # up, as the LAC sent it
    assert any(b'to ' in frame for frame in inner)    # down, as it was sent to the LAC
    assert all(packet[UDP].dport == 1701 for packet in packets if packet.haslayer(UDP) and
               packet[IP].dst == config.LNS_ADDRESS)


def test_what_is_dropped_is_traced_with_its_reason(online):
    lab, _, subscriber, host = online
    process = watch(lab, 'trace', '--reason', 'spoofed_source', '--packets', 2)

    def spoof():
        subscriber.send_ip(IP(src=STRANGER, dst=config.HOST_ADDRESS) / UDP(dport=7007) / b'no')
        exchange(subscriber, host)  # others of the session are not told

    lines = finish(process, spoof).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert f'session {session_key(lab)} ' in line
        assert line.endswith('-> drop spoofed_source')
        assert 'source_guard' in line
