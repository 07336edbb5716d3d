# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets that are carried, and what of them changes on the way: one hop, and its checksum.

RFC 1812 5.2.1, 5.3.1, 4.2.2; RFC 8200 3, 4.
"""

from scapy.all import (ICMP, IP, TCP, UDP, ESP, IPOption_NOP, IPOption_RR, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, ICMPv6EchoRequest, PadN, Raw)

from .lab import HOST, HOST6, SUB, SUB6, Row, down, downlink, from_host, from_lac, hop_less, \
    payload, to_host, to_lac, up, uplink

# What an IPv4 packet may look like, as keywords of IP and what follows it.
IPV4 = {
    'TTL 64 becomes 63': (dict(), UDP(sport=1000, dport=2000) / payload(20)),
    'TTL 255 becomes 254': (dict(ttl=255), UDP() / payload(1)),
    'TTL 2 is enough': (dict(ttl=2), UDP() / payload(8)),
    'DSCP 46 stays': (dict(tos=46 << 2), UDP() / payload(8)),
    'a congestion mark stays': (dict(tos=3), TCP() / payload(8)),
    'the identification stays': (dict(id=0xbeef), UDP() / payload(8)),
    'DF stays': (dict(flags='DF'), TCP() / payload(100)),
    'the reserved flag stays': (dict(flags='evil'), UDP() / payload(8)),
    'a first fragment is carried': (dict(flags='MF', id=7), UDP() / payload(64)),
    'a later fragment is carried': (dict(frag=8, id=7), payload(64)),
    'a middle fragment is carried': (dict(flags='MF', frag=16, id=7), payload(64)),
    'options are carried as they are': (dict(options=[IPOption_NOP()] * 4), UDP() / payload(8)),
    'record route is not filled in': (dict(options=[IPOption_RR(routers=['0.0.0.0'] * 3)]),
                                      UDP() / payload(8)),
    'an unknown option is carried': (dict(options=b'\x9e\x04\x12\x34'), UDP() / payload(8)),
    'no payload at all': (dict(proto=253), b''),
    'an odd length': (dict(), UDP() / payload(33)),
    'TCP is carried': (dict(), TCP(sport=80, dport=50000, flags='PA') / payload(40)),
    'an echo through us is carried': (dict(), ICMP() / payload(56)),
    'an ICMP error through us is carried': (dict(), ICMP(type=3, code=1) / payload(36)),
    'ESP is carried': (dict(), ESP(spi=1, seq=2, data=b'secret..')),
    'a protocol nobody knows is carried': (dict(proto=253), payload(24)),
    'the longest that fits': (dict(), payload(1400)),
}

IPV6 = {
    'hop limit 64 becomes 63': (dict(), UDP(sport=1000, dport=2000) / payload(20)),
    'hop limit 255 becomes 254': (dict(hlim=255), UDP() / payload(1)),
    'hop limit 2 is enough': (dict(hlim=2), UDP() / payload(8)),
    'traffic class and flow label stay': (dict(tc=0xb9, fl=0xabcde), UDP() / payload(8)),
    'no next header': (dict(nh=59), b''),
    'no next header with octets behind it': (dict(nh=59), payload(24)),
    'hop-by-hop options are carried': (dict(), IPv6ExtHdrHopByHop(options=[PadN(optdata=b'\0' * 4)])
                                       / UDP() / payload(8)),
    'destination options are carried': (dict(), IPv6ExtHdrDestOpt(options=[PadN(optdata=b'\0' * 4)])
                                        / UDP() / payload(8)),
    'a routing header is carried': (dict(), IPv6ExtHdrRouting(type=253, segleft=0, addresses=[]) /
                                    UDP() / payload(8)),
    'a first fragment is carried': (dict(), IPv6ExtHdrFragment(m=1, id=9, nh=17) / payload(64)),
    'a later fragment is carried': (dict(), IPv6ExtHdrFragment(offset=8, id=9, nh=17) /
                                    payload(64)),
    'TCP is carried': (dict(), TCP(flags='S') / payload(4)),
    'an echo through us is carried': (dict(), ICMPv6EchoRequest(data=b'x' * 41)),
    'an unknown protocol is carried': (dict(nh=253), payload(24)),
    'the longest that fits': (dict(), payload(1400)),
}


def rows():
    for what, (header, rest) in IPV4.items():
        yield uplink(f'IPv4 up: {what}', IP(src=SUB, dst=HOST, **header) / rest)
        yield downlink(f'IPv4 down: {what}', IP(src=HOST, dst=SUB, **header) / rest)
    for what, (header, rest) in IPV6.items():
        yield uplink(f'IPv6 up: {what}', IPv6(src=SUB6, dst=HOST6, **header) / rest)
        yield downlink(f'IPv6 down: {what}', IPv6(src=HOST6, dst=SUB6, **header) / rest)

    # The checksum's corners: one hop less carries into the upper byte, or ends in all ones.
    for ident in checksum_corners():
        packet = IP(src=HOST, dst=SUB, id=ident, proto=253) / Raw(b'corner')
        yield downlink(f'IPv4 down: the checksum is right after a corner case (id {ident:#x})',
                       packet)

    for what, behind in (('one octet', b'\xee'), ('Ethernet padding', b'\0' * 18)):
        packet = IP(src=HOST, dst=SUB) / UDP() / payload(4)
        yield Row(f'IPv4 down: {what} behind the total length is cut off',
                  [trailed(packet, behind)], [to_lac(hop_less(packet))], down(len(packet)))
        inner = IP(src=SUB, dst=HOST) / UDP() / payload(4)
        yield Row(f'IPv4 up: {what} behind the total length is cut off',
                  [from_lac(bytes(inner) + behind)], [to_host(hop_less(inner))], up(len(inner)))
        packet = IPv6(src=HOST6, dst=SUB6) / UDP() / payload(4)
        yield Row(f'IPv6 down: {what} behind the payload length is cut off',
                  [trailed(packet, behind)], [to_lac(hop_less(packet))], down(len(packet)))
        inner = IPv6(src=SUB6, dst=HOST6) / UDP() / payload(4)
        yield Row(f'IPv6 up: {what} behind the payload length is cut off',
                  [from_lac(bytes(inner) + behind)], [to_host(hop_less(inner))], up(len(inner)))


def trailed(packet, behind):
    port, frame = from_host(packet)
    return port, bytes(frame) + behind


def checksum_corners():
    """Identifications that give checksums just below the carry."""
    base = IP(src=HOST, dst=SUB, id=0, proto=253) / Raw(b'corner')
    at_zero = IP(bytes(base)).chksum
    for wanted in (0xfeff, 0xfefe, 0xff00):
        # One's complement: id + rest = ~checksum.
        ident = (at_zero - wanted) % 0xffff
        packet = IP(bytes(IP(src=HOST, dst=SUB, id=ident, proto=253) / Raw(b'corner')))
        assert packet.chksum == wanted, (hex(packet.chksum), hex(wanted))
        yield ident
