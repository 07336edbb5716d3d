# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""What a tunnel's path does not carry: by the tunnel's policy the sender is told, the packet inside is
cut, or the outer one is.

RFC 791 3.2, RFC 1191 4, RFC 2661 8.1; RFC 8200 4.5 and 5.
"""

import struct

from scapy.all import ICMP, IP, TCP, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw

from .lab import (ACCESS, ACCESS_MAC, CORE_IP, HOST, HOST6, LAC_MAC, PPP_IPV4, SUB, SUB6, Row, add,
                  down, drop, error4, from_host, hop_less, payload, router, to_host, to_lac)
from .too_big import AROUND, cut

LNS6, LAC6 = '2001:db8:1::1', '2001:db8:1::11'
SUB_OVER_6 = '100.64.0.8'  # session 8/200, peer's 80/2000
AROUND6 = AROUND + 20


def outer(packet, **header):
    """The outer IPv4 packet that carries it; header: what is otherwise in it."""
    whole = to_lac(packet)[1][IP]
    for name, value in header.items():
        setattr(whole, name, value)
    del whole.chksum
    return whole


def on_wire(packet):
    kind = 0x86dd if isinstance(packet, IPv6) else 0x0800
    return ACCESS, Ether(dst=LAC_MAC, src=ACCESS_MAC, type=kind) / packet


def cut_outside(what, packet, mtu, tunnels, **more):
    """One packet, whose outer packet leaves in fragments of at most `mtu` octets."""
    parts = cut(outer(hop_less(packet)), mtu)
    assert all(len(part) <= mtu for part in parts) and len(parts) > 1
    return Row(f'outer path: {what}', [from_host(packet)], [on_wire(part) for part in parts],
               add(down(packet), router('FragmentedPackets'), router('Fragments', len(parts))),
               tunnels=tunnels, **more)


def over_6(inner):
    """The outer IPv6 packet of tunnel 8's session."""
    data = struct.pack('!HHHHH', 0x0002, 80, 2000, 0xff03, PPP_IPV4) + bytes(inner)
    return IPv6(bytes(IPv6(src=LNS6, dst=LAC6, hlim=64) / UDP(sport=1701, dport=1701) / Raw(data)))


def cut_6(packet, mtu, number=0):
    data = bytes(packet)[40:]
    step = (mtu - 48) // 8 * 8
    for at in range(0, len(data), step):
        yield IPv6(src=packet.src, dst=packet.dst, hlim=packet.hlim) / IPv6ExtHdrFragment(
            nh=17, offset=at // 8, m=int(at + step < len(data)), id=number) / Raw(
                data[at:at + step])


def big(source, target, length=1500, **header):
    """A UDP packet of so many octets."""
    if ':' in target:
        return IPv6(src=source, dst=target) / UDP() / payload(length - 48)
    return IP(src=source, dst=target, **header) / UDP() / payload(length - 28)


def rows():
    cuts = ['7 path_mtu=1500', '7 fragment=1']
    yield cut_outside('IPv4 with DF inside leaves whole, outside in fragments',
                      big(HOST, SUB, flags='DF'), 1500, cuts)
    yield cut_outside('IPv4 without DF is not cut inside either', big(HOST, SUB, id=9), 1500, cuts)
    yield cut_outside('IPv6 too', big(HOST6, SUB6), 1500, cuts)
    yield cut_outside('one octet more than fits', big(HOST, SUB, 1501 - AROUND, flags='DF'), 1500,
                      cuts)
    packet = big(HOST, SUB, 1500 - AROUND, flags='DF')
    yield Row('outer path: what just fits leaves in one', [from_host(packet)],
              [to_lac(hop_less(packet))], down(packet), tunnels=cuts)
    yield cut_outside('of the least length that a path may have', big(HOST, SUB, flags='DF'), 576,
                      ['7 path_mtu=576', '7 fragment=1'])
    yield cut_outside('without a length of its own it is the port\'s', big(HOST, SUB, flags='DF'),
                      1500, ['7 fragment=1'], options={'access_mtu': 1500})
    yield cut_outside('a path longer than the port\'s MTU is the port\'s',
                      big(HOST, SUB, flags='DF'), 1500, ['7 path_mtu=9000', '7 fragment=1'],
                      options={'access_mtu': 1500})
    packet = big(HOST, SUB, flags='DF')
    yield Row('outer path: longer than the MRU is refused, cut or not', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 4, nexthopmtu=1492))],
              add(drop('TooBigForPeer'), router('PacketTooBig')), tunnels=cuts,
              sessions=['7/100 mru=1492'])
    packet = big(HOST, SUB, id=9)
    parts = cut(packet, 1492)
    # What is cut is sent at the end of the turn, behind what need not be.
    sent = [on_wire(piece) for piece in cut(outer(hop_less(parts[0])), 1500)]
    yield Row('outer path: without DF it is cut to the MRU inside, and that outside',
              [from_host(packet)], [to_lac(hop_less(parts[1]), ip_id=1), *sent],
              add(down(*parts), router('FragmentedPackets', 2), router('Fragments', 4)),
              tunnels=cuts, sessions=['7/100 mru=1492'])
    yield Row('outer path: no buffers for fragments', [from_host(big(HOST, SUB, flags='DF'))], [],
              add(drop('NoFragmentBuffer'), down(1500)), options={'inject_buffers': 0},
              tunnels=cuts)

    syn = IP(src=HOST, dst=SUB) / TCP(flags='S', options=[('MSS', 1460)])
    lowered = IP(src=HOST, dst=SUB) / TCP(flags='S', options=[('MSS', 1500 - AROUND - 40)])
    yield Row('outer path: TCP is told what needs no fragments', [from_host(syn)],
              [to_lac(hop_less(lowered))], add(down(syn), router('MssLowered')), tunnels=cuts,
              sessions=['7/100 clamp_mss=1'])

    narrow = ['7 path_mtu=1500']
    packet = big(HOST, SUB, flags='DF')
    yield Row('outer path: not to be cut, the sender is told what fits', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 4, nexthopmtu=1500 - AROUND))],
              add(drop('TooBigForPeer'), router('PacketTooBig')), tunnels=narrow)
    packet = big(HOST, SUB, id=9)
    parts = cut(packet, 1500 - AROUND)
    yield Row('outer path: not to be cut, the packet inside is where it may',
              [from_host(packet)],
              [to_lac(hop_less(part), ip_id=n) for n, part in enumerate(parts)],
              add(router('FragmentedPackets'), router('Fragments', 2), down(*parts)),
              tunnels=narrow)

    packet = IP(src=HOST, dst=SUB) / ICMP() / payload(56)
    yield Row('outer path: DF outside where the tunnel says so', [from_host(packet)],
              [on_wire(outer(hop_less(packet), flags='DF'))], down(packet),
              tunnels=['7 dont_fragment=1'])
    yield cut_outside('but not of what we have cut ourselves', big(HOST, SUB, flags='DF'), 1500,
                      [*cuts, '7 dont_fragment=1'])

    cuts6 = ['8 path_mtu=1500', '8 fragment=1']
    packet = big(HOST, SUB_OVER_6, flags='DF')
    parts = list(cut_6(over_6(hop_less(packet)), 1500))
    yield Row('outer path: outer IPv6 is cut with a fragment header', [from_host(packet)],
              [on_wire(part) for part in parts],
              add(down(packet, session='8/200'), router('FragmentedPackets'),
                  router('Fragments', len(parts))), tunnels=cuts6)
    packet = big(HOST, SUB_OVER_6, 1500 - AROUND6, flags='DF')
    yield Row('outer path: what just fits into outer IPv6 leaves in one', [from_host(packet)],
              [on_wire(over_6(hop_less(packet)))], down(packet, session='8/200'), tunnels=cuts6)
    packet = big(HOST, SUB_OVER_6, 1501 - AROUND6, flags='DF')
    yield Row('outer path: outer IPv6 that is not to be cut: the sender is told',
              [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 4, nexthopmtu=1500 - AROUND6))],
              add(drop('TooBigForPeer'), router('PacketTooBig')), tunnels=['8 path_mtu=1500'])
