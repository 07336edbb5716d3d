# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets of the lengths that matter over outer paths that matter: each is delivered whole, cut, or
refused with the length that fits; in both directions.

RFC 1191 4, RFC 8201, RFC 791 3.2.
"""

from scapy.all import IP, ICMPv6PacketTooBig

from .lab import (CORE_IP, CORE_IP6, HOST, HOST6, SUB, SUB6, Row, add, down, drop, error4, error6,
                  from_host, from_lac, hop_less, router, to_host, to_lac, up)
from .outer_cut import big, cut_outside
from .too_big import AROUND, cut

INNER = (1280, 1400, 1460, 1492, 1500)
OUTER = (1500, 1540, 9000)
KINDS = {'IPv4 with DF': (HOST, SUB, {'flags': 'DF'}), 'IPv4 without DF': (HOST, SUB, {'id': 7}),
         'IPv6': (HOST6, SUB6, {})}


def refused(packet, fits):
    """The error to the host."""
    if isinstance(packet, IP):
        return error4(CORE_IP, packet, 3, 4, nexthopmtu=fits)
    return error6(CORE_IP6, packet, ICMPv6PacketTooBig(mtu=fits))


def downlink(what, packet, fits, may_be_cut, **more):
    if len(packet) <= fits:
        return Row(f'{what}, whole', [from_host(packet)], [to_lac(hop_less(packet))], down(packet),
                   **more)
    if may_be_cut:
        parts = cut(packet, fits)
        return Row(f'{what}, cut', [from_host(packet)],
                   [to_lac(hop_less(part), ip_id=n) for n, part in enumerate(parts)],
                   add(down(*parts), router('FragmentedPackets'), router('Fragments', len(parts))),
                   **more)
    return Row(f'{what}, refused', [from_host(packet)], [to_host(refused(packet, fits))],
               add(drop('TooBigForPeer'), router('PacketTooBig')), **more)


def rows():
    for outer in OUTER:
        path = {'options': {'access_mtu': outer}}
        fits = min(outer - AROUND, 1500)
        for kind, (host, subscriber, header) in KINDS.items():
            for inner in INNER:
                packet = big(host, subscriber, inner, **header)
                what = f'path of {outer}, {inner} octets of {kind}'
                yield downlink(f'{what}, down', packet, fits, 'without' in kind, **path)
                if inner + AROUND > outer:
                    yield cut_outside(f'{what}, down, by policy', packet, outer, ['7 fragment=1'],
                                      **path)
                packet = big(subscriber, host, inner, **header)
                yield Row(f'{what}, up', [from_lac(packet)], [to_host(hop_less(packet))],
                          up(packet), **path)
