# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets from LACs whose path cut them into fragments, and fragments that never become a packet.

RFC 791 3.2, RFC 815, RFC 8200 4.5, RFC 5722, RFC 1858.
"""

from itertools import permutations

from scapy.all import IP, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw, fragment

from .lab import (ACCESS, ACCESS_MAC, HOST, LAC, LAC_MAC, LNS, SUB, SUB_B, Row, _l2tp, _ppp, add,
                  drop, from_lac, hop_less, payload, router, to_host, up)

LNS6, LAC6 = '2001:db8:1::1', '2001:db8:1::11'
LAC_B = '198.51.100.12'
LIMIT_MS = 2000
OF_SENDER, OF_PACKET = 128, 16


def inner_of(length=600, source=SUB):
    return IP(src=source, dst=HOST) / UDP(sport=5000, dport=6000) / payload(length)


def on_wire(packet):
    return ACCESS, Ether(dst=ACCESS_MAC, src=LAC_MAC) / packet


def outer(inner, ip_id=77):
    packet = from_lac(inner)[1][IP].copy()
    packet.id = ip_id
    return IP(bytes(packet.__class__(bytes(_fresh(packet)))))


def _fresh(packet):
    del packet.chksum
    return packet


def cut(packet, size=256):
    return [IP(bytes(piece)) for piece in fragment(packet, fragsize=size)]


def cut6(inner, size=256, ip_id=9):
    data = bytes(IPv6(src=LAC6, dst=LNS6) / UDP(sport=1701, dport=1701) /
                 Raw(_l2tp(8, 200) + _ppp(inner)))[40:]
    out = []
    for at in range(0, len(data), size):
        more = at + size < len(data)
        out.append(IPv6(src=LAC6, dst=LNS6) / IPv6ExtHdrFragment(
            nh=17, offset=at // 8, m=int(more), id=ip_id) / Raw(data[at:at + size]))
    return out


def whole(what, pieces, inner, extra=None, session='7/100', **more):
    return Row(what, [on_wire(piece) for piece in pieces], [to_host(hop_less(inner))],
               add(up(inner, session=session), router('Reassembled'), extra or {}), **more)


def good_rows():
    inner = inner_of(400)
    two = cut(outer(inner), 320)
    assert len(two) == 2
    three = cut(outer(inner), 192)
    assert len(three) == 3
    for order in permutations(range(2)):
        yield whole(f'IPv4: two fragments in the order {order}', [two[n] for n in order], inner)
    for order in permutations(range(3)):
        yield whole(f'IPv4: three fragments in the order {order}', [three[n] for n in order], inner)
    six = cut6(inner_of(400, '100.64.0.8'), 160)
    assert len(six) == 3
    for order in permutations(range(3)):
        yield whole(f'IPv6: three fragments in the order {order}', [six[n] for n in order],
                    inner_of(400, '100.64.0.8'), session='8/200')
    yield whole('IPv6: an atomic fragment is a whole packet (RFC 6946)',
                cut6(inner_of(40, '100.64.0.8'), 800), inner_of(40, '100.64.0.8'), session='8/200')
    for workers in (2, 3):
        for order in permutations(range(3)):
            yield whole(f'IPv4: three fragments, {workers} workers, in the order {order}',
                        [three[n] for n in order], inner, options={'workers': workers})
    large = inner_of(1400)
    yield whole('IPv4: as many fragments as a packet may have', cut(outer(large), 96)[:OF_PACKET],
                large) if len(cut(outer(large), 96)) == OF_PACKET else whole(
                    'IPv4: many fragments of one packet', cut(outer(large), 104), large)
    yield whole('IPv4: a fragment that comes twice counts once', [two[0], two[0], two[1]], inner,
                drop('OuterFragment'))
    other = inner_of(420)
    mixed = cut(outer(other, ip_id=78), 320)
    yield Row('IPv4: fragments of two packets do not mix',
              [on_wire(piece) for piece in (two[0], mixed[1], mixed[0], two[1])],
              [to_host(hop_less(other)), to_host(hop_less(inner))],
              add(up(inner, other), router('Reassembled', 2)))
    foreign = two[1].copy()
    foreign.src = '198.51.100.99'
    del foreign.chksum
    yield Row('IPv4: nor do those of two senders',
              [on_wire(two[0]), on_wire(foreign), on_wire(two[1]), LIMIT_MS],
              [to_host(hop_less(inner))],
              add(up(inner), router('Reassembled'), drop('ReassemblyTime')))
    message = b'\xc8\x02' + (612).to_bytes(2, 'big') + bytes(8) + bytes(600)
    control = IP(bytes(IP(src=LAC, dst=LNS, id=5) / UDP(sport=1701, dport=1701) / Raw(message)))
    yield Row('IPv4: control messages come in fragments too',
              [on_wire(piece) for piece in cut(control)], [],
              add(router('Reassembled'), {'punt.NewTunnel': 1}))


def waiting_rows():
    inner = inner_of(400)
    two = cut(outer(inner), 320)
    yield Row('IPv4: until its time is over a packet may become whole',
              [on_wire(two[0]), LIMIT_MS - 1, on_wire(two[1])], [to_host(hop_less(inner))],
              add(up(inner), router('Reassembled')))
    yield Row('IPv4: what does not become whole in time is dropped',
              [on_wire(two[0]), LIMIT_MS, on_wire(two[1]), LIMIT_MS], [],
              drop('ReassemblyTime', 2))
    six = cut6(inner_of(400, '100.64.0.8'), 320)
    yield Row('IPv6: what does not become whole in time is dropped',
              [on_wire(six[1]), LIMIT_MS], [], drop('ReassemblyTime'))

    firsts = [cut(outer(inner, ip_id=1000 + n), 320)[0] for n in range(OF_SENDER + 1)]
    yield Row('IPv4: a sender may have so many fragments waiting and no more',
              [on_wire(piece) for piece in firsts] + [LIMIT_MS], [],
              add(drop('ReassemblyFull'), drop('ReassemblyTime', OF_SENDER)))
    b_inner = IP(src=SUB_B, dst=HOST) / UDP() / payload(400)
    b_packet = IP(src=LAC_B, dst=LNS, id=3) / UDP(sport=40000, dport=1701, chksum=0) / Raw(
        _l2tp(9, 300) + _ppp(b_inner))
    yield Row('IPv4: which is nothing to another sender',
              [on_wire(piece) for piece in firsts + cut(IP(bytes(b_packet)), 320)] + [LIMIT_MS],
              [to_host(hop_less(b_inner))],
              add(drop('ReassemblyFull'), drop('ReassemblyTime', OF_SENDER),
                  router('Reassembled'), up(b_inner, session='9/300')))
    many = cut(outer(inner_of(1400)), 64)
    assert len(many) > OF_PACKET
    yield Row('IPv4: a packet may have so many fragments and no more',
              [on_wire(piece) for piece in many[:OF_PACKET]], [],
              drop('ReassemblyFull', OF_PACKET))


def bad_rows():
    def piece(offset, length, more, **fields):
        return IP(src=LAC, dst=LNS, id=4, proto=17, frag=offset // 8,
                  flags='MF' if more else 0, **fields) / payload(length)

    alone = {
        'not a multiple of eight, and more to come': piece(0, 63, True),
        'nothing in it': piece(64, 0, False),
        'nothing in it, and more to come': piece(64, 0, True),
        'an end beyond 65535 octets': piece(65528, 64, False),
        'an end beyond 65535 with its header': piece(65504, 16, False),
    }
    for what, packet in alone.items():
        yield Row(f'IPv4: a fragment with {what}', [on_wire(packet)], [], drop('OuterFragment'))
    first = piece(64, 64, True)
    overlaps = {
        'the same place, another length': piece(64, 72, True),
        'the place before the end of another': piece(120, 64, True),
        'an end behind the place of another': piece(0, 72, True),
        'the same octets, now the last': piece(64, 64, False),
    }
    for what, packet in overlaps.items():
        yield Row(f'IPv4: overlapping fragments drop their packet: {what}',
                  [on_wire(first), on_wire(packet)], [], drop('OuterFragment', 2))
    yield Row('IPv4: a fragment that covers others drops them',
              [on_wire(piece(64, 64, True)), on_wire(piece(128, 64, True)),
               on_wire(piece(0, 256, True))], [], drop('OuterFragment', 3))
    yield Row('IPv4: a fragment behind the last one never makes a packet',
              [on_wire(piece(0, 64, True)), on_wire(piece(64, 8, False)),
               on_wire(piece(128, 64, True)), LIMIT_MS], [],
              add(drop('NotOurs'), router('Reassembled'), drop('ReassemblyTime')))
    yield Row('IPv6: a fragment of another protocol is not ours',
              [on_wire(IPv6(src=LAC6, dst=LNS6) / IPv6ExtHdrFragment(nh=6, m=1) / payload(64))],
              [], drop('NotOurs'))
    for what, packet in {
        'cut off': IPv6(src=LAC6, dst=LNS6, nh=44) / Raw(b'\x11\0\0'),
        'not a multiple of eight, and more to come': IPv6(src=LAC6, dst=LNS6) / IPv6ExtHdrFragment(
            nh=17, m=1) / payload(60),
    }.items():
        yield Row(f'IPv6: a fragment {what}', [on_wire(packet)], [], drop('OuterFragment'))


def rows():
    for part in (good_rows, waiting_rows, bad_rows):
        yield from part()
