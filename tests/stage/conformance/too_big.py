# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets too long for the way on: told so, or cut into fragments.

RFC 791 3.2, RFC 1191 4, RFC 1812 4.2.2.7 and 5.2.6; RFC 4443 3.2, RFC 8201.
"""

from scapy.all import IP, TCP, UDP, ICMPv6PacketTooBig, IPv6, Raw

from .errors import to_sub
from .lab import (ACCESS_IP6, CORE_IP, CORE_IP6, GATEWAY, HOST, HOST6, SUB, SUB6, Row, add, built,
                  down, drop, error4, error6, from_host, from_lac, hop_less, payload, router,
                  to_host, to_lac, up)

# What the access port's MTU leaves of 1600: IPv4 20, UDP 8, L2TP 6, PPP 4.
AROUND = 38


def cut(packet, mtu, copied=b''):
    """The fragments of an IPv4 packet, each of at most `mtu` octets (RFC 791 3.2)."""
    packet = built(packet)
    head = packet.ihl * 4
    data = bytes(packet)[head:packet.len]
    step = (mtu - head) // 8 * 8
    out = []
    for at in range(0, len(data), step):
        fragment = packet.copy()
        fragment.remove_payload()
        if at != 0:
            fragment.options = []
            fragment.ihl = None
        del fragment.chksum
        del fragment.len
        last = at + step >= len(data)
        fragment.frag = packet.frag + at // 8
        more = not last or 'MF' in packet.flags
        fragment.flags = 'MF' if more else 0
        raw = bytes(fragment / Raw(data[at:at + step]))
        if at != 0 and copied:
            raw = bytes(IP(raw).copy())
            fragment.options = copied
            raw = bytes(fragment / Raw(data[at:at + step]))
        out.append(IP(raw))
    return out


def down_cut(what, packet, mtu, fragments=None, **more):
    parts = fragments or cut(packet, mtu)
    assert all(len(part) <= mtu for part in parts)
    sent = [to_lac(hop_less(part), ip_id=n) for n, part in enumerate(parts)]
    return Row(f'IPv4 down: {what}', [from_host(packet)], sent,
               add(router('FragmentedPackets'), router('Fragments', len(parts)), down(*parts)),
               **more)


def told4(what, packet, mtu, **more):
    return Row(f'IPv4 down: {what}', [from_host(packet)],
               [to_host(error4(CORE_IP, packet, 3, 4, nexthopmtu=mtu))],
               add(drop('TooBigForPeer'), router('PacketTooBig')), **more)


def rows():
    mru = {'sessions': ['7/100 mru=1400']}
    packet = IP(src=HOST, dst=SUB, flags='DF') / TCP() / payload(1360)
    yield Row('IPv4 down: just the MRU', [from_host(packet)], [to_lac(hop_less(packet))],
              down(packet), **mru)
    yield told4('one octet more, with DF', IP(src=HOST, dst=SUB, flags='DF') / TCP() /
                payload(1361), 1400, **mru)
    for length in (1381, 1392, 1460, 2780):
        yield down_cut(f'{20 + length} octets without DF are cut',
                       IP(src=HOST, dst=SUB, id=0x5150, proto=200) / payload(length), 1400, **mru)
    yield down_cut('a fragment is cut once more, the offset goes on',
                   IP(src=HOST, dst=SUB, id=3, frag=100, proto=200) / payload(1400), 1400, **mru)
    yield down_cut('a fragment with more behind it stays one',
                   IP(src=HOST, dst=SUB, id=3, flags='MF', proto=200) / payload(1400), 1400, **mru)
    yield down_cut('DSCP and TTL are those of the packet',
                   IP(src=HOST, dst=SUB, id=3, tos=0xb8, ttl=9, proto=200) / payload(1400), 1400,
                   **mru)
    # Router alert is to be copied, record route is not (RFC 791 3.1).
    alert, record = b'\x94\x04\x00\x00', b'\x07\x07\x04\0\0\0\0\x00'
    packet = IP(src=HOST, dst=SUB, id=4, proto=200, options=alert) / payload(1400)
    yield down_cut('an option that is to be copied is in every fragment', packet, 1400,
                   cut(packet, 1400, copied=alert), **mru)
    packet = IP(src=HOST, dst=SUB, id=4, proto=200, options=record) / payload(1400)
    yield down_cut('one that is not is in the first alone', packet, 1400, cut(packet, 1400), **mru)

    policy = {'options': {'fragment': 0}, **mru}
    packet = IP(src=HOST, dst=SUB, proto=200) / payload(1381)
    yield told4('by policy nothing is cut, and the host hears of it', packet, 1400, **policy)
    later = IP(src=HOST, dst=SUB, proto=200, frag=9) / payload(1400)
    yield Row('IPv4 down: but not of a later fragment', [from_host(later)], [],
              add(drop('TooBigForPeer'), router('NoAnswerDue')), **policy)
    yield Row('IPv4 down: no buffers for fragments',
              [from_host(IP(src=HOST, dst=SUB, proto=200) / payload(1400))], [],
              drop('NoFragmentBuffer'), options={'inject_buffers': 0}, sessions=mru['sessions'])
    yield told4('more fragments than a packet may make: as if with DF',
                IP(src=HOST, dst=SUB, proto=200) / payload(1600), 68, sessions=['7/100 mru=68'])

    packet = IPv6(src=HOST6, dst=SUB6) / UDP() / payload(1352)
    yield Row('IPv6 down: just the MRU', [from_host(packet)], [to_lac(hop_less(packet))],
              down(packet), **mru)
    packet = IPv6(src=HOST6, dst=SUB6) / UDP() / payload(1353)
    yield Row('IPv6 down: one octet more', [from_host(packet)],
              [to_host(error6(CORE_IP6, packet, ICMPv6PacketTooBig(mtu=1400)))],
              add(drop('TooBigForPeer'), router('PacketTooBig')), **mru)
    error = IPv6(src=HOST6, dst=SUB6) / ICMPv6PacketTooBig() / payload(1400)
    yield Row('IPv6 down: about an error nobody hears', [from_host(error)], [],
              add(drop('TooBigForPeer'), router('NoAnswerDue')), **mru)

    path = {'options': {'access_mtu': 1500}}
    fits = 1500 - AROUND
    packet = IP(src=HOST, dst=SUB, flags='DF') / TCP() / payload(fits - 40)
    yield Row('IPv4 down: just what fits the tunnel\'s path', [from_host(packet)],
              [to_lac(hop_less(packet))], down(packet), **path)
    yield told4('one octet more than fits the tunnel\'s path',
                IP(src=HOST, dst=SUB, flags='DF') / TCP() / payload(fits - 39), fits, **path)
    packet = IPv6(src=HOST6, dst=SUB6) / UDP() / payload(1452)
    yield Row('IPv6 down: more than fits the tunnel\'s path', [from_host(packet)],
              [to_host(error6(CORE_IP6, packet, ICMPv6PacketTooBig(mtu=fits)))],
              add(drop('TooBigForPeer'), router('PacketTooBig')), **path)
    yield down_cut('1500 octets without DF are cut for the tunnel\'s path',
                   IP(src=HOST, dst=SUB, id=8, proto=200) / payload(1480), fits, **path)

    core = {'options': {'core_mtu': 1400}}
    inner = IP(src=SUB, dst=HOST, flags='DF') / TCP() / payload(1361)
    spent = IP(hop_less(inner))
    answer = error4(GATEWAY, spent, 3, 4, nexthopmtu=1400)
    yield Row('IPv4 up: more than the core port carries, with DF', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('TooBigForPort'), router('PacketTooBig'), down(answer)), **core)
    inner = IPv6(src=SUB6, dst=HOST6) / UDP() / payload(1353)
    answer = error6(ACCESS_IP6, IPv6(hop_less(inner)), ICMPv6PacketTooBig(mtu=1400))
    yield Row('IPv6 up: more than the core port carries', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('TooBigForPort'), router('PacketTooBig'), down(answer)), **core)
    inner = IP(src=SUB, dst=HOST, id=77, proto=200) / payload(1400)
    parts = cut(IP(hop_less(inner)), 1400)
    yield Row('IPv4 up: the same without DF is cut, one hop spent once', [from_lac(inner)],
              [to_host(part) for part in parts],
              add(up(inner), router('FragmentedPackets'), router('Fragments', 2)), **core)
