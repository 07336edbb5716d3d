# An operator looks at packets: what would become of one, which pass of a session, which are dropped
# and why. The subscriber and its LAC are the tests' own.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Looking at packets."""

import json
import subprocess
import time

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


def watch(lab, *words, namespace=None):
    inside = ['ip', 'netns', 'exec', namespace.name] if namespace else []
    return subprocess.Popen([*inside, lab.program('lnsctl'), '--run-dir', lab.run_dir,
                             *map(str, words)],
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


def tzsp(datagram):
    """The tags, and the frame behind them."""
    assert datagram[:4] == b'\x01\x00\x00\x01', 'version 1, a received packet, Ethernet'
    tags, at = {}, 4
    while datagram[at] != 1:
        length = datagram[at + 1]
        tags[datagram[at]] = datagram[at + 2:at + 2 + length]
        at += 2 + length
    return tags, datagram[at + 1:]


def test_the_packets_of_a_session_go_to_a_collector(online):
    lab, _, subscriber, host = online
    count, begin = 8, int(time.time())
    collector = udp_socket(lab.host.name, config.HOST_ADDRESS, 37008)
    told = lab.capture(lab.host, 'host0', 'told', 'udp port 37008')
    # What the LNS sends, by those who receive it.
    wires = {'access': lab.capture(lab.lac, 'lac0', 'lac-side', 'inbound and udp port 1701'),
             'core': lab.capture(lab.host, 'host0', 'core-side', 'inbound and src net 100.64.0.0/10')}
    process = watch(lab, '--json', 'capture', '--session', session_key(lab), '--packets', count,
                    f'udp:{config.HOST_ADDRESS}:37008', namespace=lab.lns)
    said = finish(process, lambda: exchange(subscriber, host))
    assert json.loads(said) == {'sent': count, 'not_sent': 0}
    collector.settimeout(5)
    received = [tzsp(collector.recv(65535)) for _ in range(count)]
    for capture in (told, *wires.values()):
        capture.stop()
    lab.captures = []

    sent = {port: [bytes(packet) for packet in rdpcap(str(capture.path))]
            for port, capture in wires.items()}
    ports = [tags[80].decode() for tags, _ in received]
    assert set(ports) == {'core', 'access'}
    for number, (tags, frame) in enumerate(received):
        assert frame in sent[ports[number]], frame.hex()
        assert int.from_bytes(tags[40], 'big') == number
        assert int.from_bytes(tags[41], 'big') == len(frame)
        assert begin <= int.from_bytes(tags[82][:4], 'big') <= time.time()
    # Another decoder.
    assert told.faults() == []
    rows = told.fields('tzsp', 'tzsp.packet_id', 'tzsp.device_name', 'tzsp.encap')
    assert rows == [[str(number), port, '1'] for number, port in enumerate(ports)]
    collector.close()


def test_what_the_collector_does_not_get_is_counted(online):
    """Nobody listens: the kernel says so, and what it refused is told."""
    lab, _, subscriber, host = online
    process = watch(lab, '--json', 'capture', '--session', session_key(lab), '--packets', 6,
                    f'udp:{config.HOST_ADDRESS}:37009', namespace=lab.lns)
    said = json.loads(finish(process, lambda: exchange(subscriber, host)))
    assert said['sent'] + said['not_sent'] == 6 and said['not_sent'] > 0
    process = watch(lab, 'capture', '--session', session_key(lab), 'udp:nowhere:37008')
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0 and 'udp:ADDRESS:PORT' in errors
