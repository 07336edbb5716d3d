# The data plane alone: a tunnel and a session programmed over gRPC by hand, and packets both ways
# through AF_XDP, with no control plane anywhere. The LAC is a UDP socket, the frames are scapy's.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A static session."""

import struct

import pytest

from lab import config, wait_until
from peer import udp_socket
from scapy.layers.inet import IP, UDP

pytest.importorskip('grpc', reason='needs python3-grpcio')
from forwarding import connected  # noqa: E402

KEY = (0x1234, 0x4321)
PEER_TUNNEL, PEER_SESSION = 77, 99
SUBSCRIBER = '100.64.0.5'
PPP_IPV4 = b'\xff\x03\x00\x21'
HOST_PORT = 9000
PACKETS = 20


def data(payload, key=KEY):
    return struct.pack('!3H', 0x0002, *key) + payload


def uplink_packet(text, source=SUBSCRIBER):
    return PPP_IPV4 + bytes(IP(src=source, dst=config.HOST_ADDRESS) /
                            UDP(sport=5000, dport=HOST_PORT) / text)


@pytest.fixture
def rig(lab, tmp_path):
    """The data plane with the session, the LAC's socket and the host's."""
    lab.start_dataplane()
    lac = udp_socket(lab.lac.name, lab.lac_addresses[0])
    host = udp_socket(lab.host.name, config.HOST_ADDRESS, HOST_PORT)
    for sock in (lac, host):
        sock.settimeout(5)
    with connected(lab.run_dir, tmp_path) as api:
        api.apply(api.local_address(config.LNS_ADDRESS),
                  api.subscriber_prefix(config.POOLS),
                  api.tunnel(KEY[0], PEER_TUNNEL, config.LNS_ADDRESS, lac.getsockname()),
                  api.session(KEY, PEER_SESSION, SUBSCRIBER))
        yield lab, api, lac, host
    lac.close()
    host.close()


def test_packets_pass_both_ways(rig):
    lab, _, lac, host = rig
    for i in range(PACKETS):
        text = b'up %d' % i
        lac.sendto(data(uplink_packet(text)), (config.LNS_ADDRESS, 1701))
        got, source = host.recvfrom(2048)
        assert (got, source) == (text, (SUBSCRIBER, 5000))

        host.sendto(b'down %d' % i, source)
        got, source = lac.recvfrom(2048)
        assert source == (config.LNS_ADDRESS, 1701)
        flags, tunnel, session = struct.unpack('!3H', got[:6])
        assert (flags, tunnel, session) == (0x0002, PEER_TUNNEL, PEER_SESSION)
        assert got[6:10] == PPP_IPV4
        inner = IP(got[10:])
        assert (inner.src, inner.dst) == (config.HOST_ADDRESS, SUBSCRIBER)
        assert bytes(inner[UDP].payload) == b'down %d' % i
        assert inner.ttl == 63, 'forwarded once'
    assert lab.lnsctl('xdp')['l2tp_redirected'] == PACKETS
    assert lab.lnsctl('xdp')['subscriber_redirected'] == PACKETS


def test_what_is_not_the_sessions_is_dropped_by_name(rig):
    lab, api, lac, host = rig
    before = lab.lnsctl('drops')
    to = (config.LNS_ADDRESS, 1701)
    lac.sendto(data(uplink_packet(b'x', source='100.64.0.6')), to)
    lac.sendto(data(uplink_packet(b'x'), key=(KEY[0], 1)), to)
    other = udp_socket(lab.lac.name, lab.lac_addresses[0])
    other.sendto(data(uplink_packet(b'x')), to)
    other.close()

    def await_drops(**expected):
        def counted():
            now = lab.lnsctl('drops')
            return {name: now.get(name, 0) - before.get(name, 0) for name in expected}
        wait_until(lambda: counted() == expected, lambda: f'the drops; counted {counted()}')

    await_drops(spoofed_source=1, no_session=1, wrong_peer=1)
    api.apply(api.remove_session(KEY))
    lac.sendto(data(uplink_packet(b'x')), to)
    await_drops(spoofed_source=1, no_session=2, wrong_peer=1)
    host.settimeout(0.2)
    with pytest.raises(TimeoutError):
        host.recv(2048)


def test_interface_is_clean_after_sigterm_and_taken_over_after_sigkill(rig):
    lab, _, _, _ = rig

    def programs():
        return lab.lns.run(['ip', 'link', 'show']).stdout.count('prog/xdp')
    assert programs() == 2
    lab.dataplane.kill()
    assert programs() == 2, 'a killed process cannot clean up; what is ours is dropped meanwhile'
    lab.processes.remove(lab.dataplane)
    lab.start_dataplane()
    assert programs() == 2
    lab.dataplane.stop()
    assert programs() == 0
