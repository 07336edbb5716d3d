# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""ICMP errors: which, to whom, from where, how much is quoted; and about what there is none.

RFC 792, RFC 1122 3.2.2, RFC 1812 4.3 and 5.2.7; RFC 4443 2.2, 2.4, 3.
"""

from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6TimeExceeded, IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN, Raw)

from .lab import (ACCESS_IP6, CLOSED, CORE_IP, CORE_IP6, GATEWAY, HOST, HOST6, SUB,
                  SUB6, SUB_B, Row, add, down, drop, error4, error6, from_host, from_lac, hop_less,
                  payload, router, to_host, to_lac, up)

NOWHERE, NOWHERE6 = '192.0.2.1', '2001:db8:ffff::1'
FREE, FREE6 = '100.64.0.77', '2001:db8:177::1'  # of subscriber prefixes, but nobody's

# What may be answered about: (header fields, what follows).
ANSWERED4 = {
    'UDP': (dict(), UDP(sport=40000, dport=33434) / payload(12)),
    'TCP': (dict(), TCP(sport=40000, dport=80, flags='S')),
    'an echo': (dict(), ICMP() / payload(20)),
    'an echo reply': (dict(), ICMP(type=0) / payload(20)),
    'a time stamp': (dict(), ICMP(type=13)),
    'an unknown protocol': (dict(proto=200), payload(9)),
    'a first fragment': (dict(flags='MF'), UDP() / payload(24)),
    'no payload': (dict(proto=200), b''),
}
SILENT4 = {
    'a later fragment': (dict(frag=3), payload(24)),
    'a destination unreachable': (dict(), ICMP(type=3, code=1) / payload(28)),
    'a source quench': (dict(), ICMP(type=4) / payload(28)),
    'a redirect': (dict(), ICMP(type=5) / payload(28)),
    'a time exceeded': (dict(), ICMP(type=11) / payload(28)),
    'a parameter problem': (dict(), ICMP(type=12) / payload(28)),
    'an ICMP type nobody knows': (dict(), ICMP(type=200) / payload(28)),
    'an ICMP message that is cut off': (dict(proto=1), b''),
}
ANSWERED6 = {
    'UDP': (dict(), UDP(sport=40000, dport=33434) / payload(12)),
    'TCP': (dict(), TCP(sport=40000, dport=80, flags='S')),
    'an echo': (dict(), ICMPv6EchoRequest(data=b'x' * 20)),
    'an echo reply': (dict(), ICMPv6EchoReply(data=b'x' * 20)),
    'a packet with hop-by-hop options': (dict(), IPv6ExtHdrHopByHop(
        options=[PadN(optdata=b'\0' * 4)]) / UDP() / payload(8)),
    'a first fragment': (dict(), IPv6ExtHdrFragment(m=1, nh=17) / UDP() / payload(16)),
    'no next header': (dict(nh=59), b''),
}
SILENT6 = {
    'a later fragment': (dict(), IPv6ExtHdrFragment(offset=3, nh=17) / payload(24)),
    'a destination unreachable': (dict(), ICMPv6DestUnreach() / payload(48)),
    'a time exceeded': (dict(), ICMPv6TimeExceeded() / payload(48)),
    'an error nobody knows': (dict(nh=58), Raw(b'\x64\0\0\0' + b'\0' * 44)),
    'a redirect': (dict(nh=58), Raw(b'\x89\0\0\0' + b'\0' * 36)),
    'an error behind hop-by-hop options': (dict(), IPv6ExtHdrHopByHop(
        options=[PadN(optdata=b'\0' * 4)]) / ICMPv6DestUnreach() / payload(48)),
    'an ICMPv6 message that is cut off': (dict(nh=58), b''),
}


def to_sub(answer, ip_id=1, **session):
    """An answer goes down the normal path, so it spends a hop like any packet."""
    return to_lac(hop_less(answer), ip_id=ip_id, **session)


def expired_rows():
    for what, (header, rest) in ANSWERED4.items():
        inner = IP(src=SUB, dst=HOST, ttl=1, **header) / rest
        answer = error4(GATEWAY, inner, 11)
        yield Row(f'IPv4 up: TTL 1 of {what}: the subscriber hears of it', [from_lac(inner)],
                  [to_sub(answer)],
                  add(up(inner), drop('HopLimit'), router('TimeExceeded'), down(answer)))
        packet = IP(src=HOST, dst=SUB, ttl=1, **header) / rest
        yield Row(f'IPv4 down: TTL 1 of {what}: the host hears of it', [from_host(packet)],
                  [to_host(error4(CORE_IP, packet, 11))],
                  add(drop('HopLimit'), router('TimeExceeded')))
    for what, (header, rest) in SILENT4.items():
        inner = IP(src=SUB, dst=HOST, ttl=1, **header) / rest
        yield Row(f'IPv4 up: TTL 1 of {what}: nobody hears of it', [from_lac(inner)], [],
                  add(up(inner), drop('HopLimit'), router('NoAnswerDue')))
        packet = IP(src=HOST, dst=SUB, ttl=1, **header) / rest
        yield Row(f'IPv4 down: TTL 1 of {what}: nobody hears of it', [from_host(packet)], [],
                  add(drop('HopLimit'), router('NoAnswerDue')))
    for what, (header, rest) in ANSWERED6.items():
        inner = IPv6(src=SUB6, dst=HOST6, hlim=1, **header) / rest
        answer = error6(ACCESS_IP6, inner, ICMPv6TimeExceeded())
        yield Row(f'IPv6 up: hop limit 1 of {what}: the subscriber hears of it', [from_lac(inner)],
                  [to_sub(answer)],
                  add(up(inner), drop('HopLimit'), router('TimeExceeded'), down(answer)))
        packet = IPv6(src=HOST6, dst=SUB6, hlim=1, **header) / rest
        yield Row(f'IPv6 down: hop limit 1 of {what}: the host hears of it', [from_host(packet)],
                  [to_host(error6(CORE_IP6, packet, ICMPv6TimeExceeded()))],
                  add(drop('HopLimit'), router('TimeExceeded')))
    for what, (header, rest) in SILENT6.items():
        inner = IPv6(src=SUB6, dst=HOST6, hlim=1, **header) / rest
        yield Row(f'IPv6 up: hop limit 1 of {what}: nobody hears of it', [from_lac(inner)], [],
                  add(up(inner), drop('HopLimit'), router('NoAnswerDue')))
        packet = IPv6(src=HOST6, dst=SUB6, hlim=1, **header) / rest
        yield Row(f'IPv6 down: hop limit 1 of {what}: nobody hears of it', [from_host(packet)], [],
                  add(drop('HopLimit'), router('NoAnswerDue')))
    for ttl in (0,):
        packet = IP(src=HOST, dst=SUB, ttl=ttl) / UDP() / payload(8)
        yield Row('IPv4 down: TTL 0 is used up too', [from_host(packet)],
                  [to_host(error4(CORE_IP, packet, 11))],
                  add(drop('HopLimit'), router('TimeExceeded')))


def martian_rows():
    """A source that is no single host's gets no answer (RFC 1812 4.3.2.7, RFC 4443 2.4 (e.6))."""
    for source in ('0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.9', '240.0.0.1', '255.255.255.255'):
        packet = IP(src=source, dst=SUB, ttl=1) / UDP() / payload(8)
        yield Row(f'IPv4 down: nobody is told at {source}', [from_host(packet)], [],
                  add(drop('HopLimit'), router('NoAnswerDue')))
    for source in ('::', '::1', 'ff02::1'):
        packet = IPv6(src=source, dst=SUB6, hlim=1) / UDP() / payload(8)
        yield Row(f'IPv6 down: nobody is told at {source}', [from_host(packet)], [],
                  add(drop('HopLimit'), router('NoAnswerDue')))


def quote_rows():
    for length in (0, 1, 519, 520, 521, 1400):
        packet = IP(src=HOST, dst=SUB, ttl=1, proto=200) / payload(length)
        answer = error4(CORE_IP, packet, 11)
        assert len(answer) == min(576, 28 + len(packet))
        yield Row(f'IPv4 down: {20 + length} octets are quoted up to 576 in all',
                  [from_host(packet)], [to_host(answer)],
                  add(drop('HopLimit'), router('TimeExceeded')))
    for length in (0, 1191, 1192, 1193, 1400):
        packet = IPv6(src=HOST6, dst=SUB6, hlim=1, nh=200) / payload(length)
        answer = error6(CORE_IP6, packet, ICMPv6TimeExceeded())
        assert len(answer) == min(1280, 48 + len(packet))
        yield Row(f'IPv6 down: {40 + length} octets are quoted up to 1280 in all',
                  [from_host(packet)], [to_host(answer)],
                  add(drop('HopLimit'), router('TimeExceeded')))
    packet = IP(src=HOST, dst=SUB, ttl=1, options=b'\x01' * 40) / UDP() / payload(8)
    yield Row('IPv4 down: options are quoted, and not repeated', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 11))],
              add(drop('HopLimit'), router('TimeExceeded')))


def unreachable_rows():
    inner = IP(src=SUB, dst=NOWHERE) / UDP() / payload(8)
    answer = error4(GATEWAY, inner, 3, 0)
    yield Row('IPv4 up: no route', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('NoRoute'), router('Unreachable'), down(answer)))
    inner = IPv6(src=SUB6, dst=NOWHERE6) / UDP() / payload(8)
    answer = error6(ACCESS_IP6, inner, ICMPv6DestUnreach(code=0))
    yield Row('IPv6 up: no route', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('NoRoute'), router('Unreachable'), down(answer)))
    packet = IP(src=HOST, dst=FREE) / UDP() / payload(8)
    yield Row('IPv4 down: no session owns the destination', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 1))],
              add(drop('NoSubscriber'), router('Unreachable')))
    packet = IPv6(src=HOST6, dst=FREE6) / UDP() / payload(8)
    yield Row('IPv6 down: no session owns the destination', [from_host(packet)],
              [to_host(error6(CORE_IP6, packet, ICMPv6DestUnreach(code=3)))],
              add(drop('NoSubscriber'), router('Unreachable')))
    packet = IP(src=HOST, dst=CLOSED) / UDP() / payload(8)
    yield Row('IPv4 down: the session is not open yet', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 1))],
              add(drop('SubscriberNotOpen'), router('Unreachable')))
    inner = IP(src=SUB, dst=FREE) / UDP() / payload(8)
    answer = error4(GATEWAY, inner, 3, 1)
    yield Row('IPv4 up: another subscriber\'s address that nobody has', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('NoSubscriber'), router('Unreachable'), down(answer)))
    inner = IP(src=SUB, dst=SUB_B, ttl=1) / UDP() / payload(8)
    answer = error4(GATEWAY, inner, 11)
    yield Row('IPv4 up: TTL 1 on the way to another subscriber', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('HopLimit'), router('TimeExceeded'), down(answer)))
    for source in ('100.64.0.77', '2001:db8:177::1'):
        is_v6 = ':' in source
        packet = (IPv6(src=source, dst=FREE6) if is_v6 else IP(src=source, dst=FREE)) / UDP()
        yield Row(f'IPv{6 if is_v6 else 4} down: an error for nobody ends there',
                  [from_host(packet)], [],
                  add(drop('NoSubscriber', 2), router('Unreachable'), router('NoAnswerDue')))
    inner = IP(src=SUB, dst='198.18.9.1') / UDP() / payload(8)
    answer = error4(GATEWAY, inner[IP], 3, 1)
    hop_spent = IP(bytes(inner))
    hop_spent.ttl -= 1
    del hop_spent.chksum
    answer = error4(GATEWAY, hop_spent, 3, 1)
    yield Row('IPv4 up: nobody answers for the next hop\'s MAC address', [from_lac(inner), 1500],
              [to_sub(answer)],
              add(up(inner), drop('NoNeighbour'), router('Unreachable'), down(answer)))


def martian_destination_rows():
    """What no default route may carry (RFC 1812 4.2.2.11, 5.3.7; RFC 4291 2.5)."""
    routed = {'options': {'default_routes': 1}}
    inner = IP(src=SUB, dst=NOWHERE) / UDP() / payload(8)
    yield Row('IPv4 up: the default route carries what no other does', [from_lac(inner)],
              [to_host(hop_less(inner))], up(inner), **routed)
    inner = IPv6(src=SUB6, dst=NOWHERE6) / UDP() / payload(8)
    yield Row('IPv6 up: the default route carries what no other does', [from_lac(inner)],
              [to_host(hop_less(inner))], up(inner), **routed)
    for destination in ('224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'):
        inner = IP(src=SUB, dst=destination) / UDP() / payload(8)
        yield Row(f'IPv4 up: but not to {destination}, of which nobody hears', [from_lac(inner)],
                  [], add(up(inner), drop('NoRoute'), router('NoAnswerDue')), **routed)
    for destination in ('0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.255'):
        inner = IP(src=SUB, dst=destination) / UDP() / payload(8)
        answer = error4(GATEWAY, inner, 3, 0)
        yield Row(f'IPv4 up: but not to {destination}', [from_lac(inner)], [to_sub(answer)],
                  add(up(inner), drop('NoRoute'), router('Unreachable'), down(answer)), **routed)
    for destination in ('ff05::1', 'ff0e::101'):
        inner = IPv6(src=SUB6, dst=destination) / UDP() / payload(8)
        yield Row(f'IPv6 up: but not to {destination}, of which nobody hears', [from_lac(inner)],
                  [], add(up(inner), drop('NoRoute'), router('NoAnswerDue')), **routed)


def worker_rows():
    """The same with several workers: whoever refuses answers, whoever owns the session sends."""
    for workers in (2, 3):
        inner = IP(src=SUB, dst=HOST, ttl=1) / UDP() / payload(8)
        packet = IP(src=HOST, dst=SUB, ttl=1) / UDP() / payload(8)
        yield Row(f'IPv4 down: TTL 1 with {workers} workers', [from_host(packet)],
                  [to_host(error4(CORE_IP, packet, 11, ip_id=owner_id(workers)))],
                  add(drop('HopLimit'), router('TimeExceeded')), options={'workers': workers})
        answer = error4(GATEWAY, inner, 11, ip_id=owner_id(workers))
        yield Row(f'IPv4 up: TTL 1 with {workers} workers', [from_lac(inner)],
                  [to_sub(answer, ip_id=owner_id(workers) + 1)],
                  add(up(inner), drop('HopLimit'), router('TimeExceeded'), down(answer)),
                  options={'workers': workers})


def owner_id(workers):
    """The first identification of the worker that owns session 7/100 (its top bits)."""
    return OWNER[workers] << (16 - (workers - 1).bit_length())


OWNER = {2: 0, 3: 0}  # see tests/unit/lib/punt for the function


def rate_rows():
    def expired(number):
        return IP(src=SUB, dst=HOST, ttl=1) / UDP() / payload(8, number)

    inners = [expired(n) for n in range(1, 6)]
    answers = [error4(GATEWAY, inner, 11, ip_id=2 * n) for n, inner in enumerate(inners)]
    yield Row('a subscriber gets so many answers at once and no more',
              [from_lac(inner) for inner in inners],
              [to_sub(answer, ip_id=2 * n + 1) for n, answer in enumerate(answers[:3])],
              add(up(*inners), drop('HopLimit', 5), router('TimeExceeded', 3),
                  router('AnswerRateOfSession', 2), down(*answers[:3])),
              options={'session_answer_burst': 3})
    yield Row('and again one when its time has come',
              [from_lac(inners[0]), from_lac(inners[1]), 99, from_lac(inners[2]), 1,
               from_lac(inners[3])],
              [to_sub(answers[0], ip_id=1), to_sub(error4(GATEWAY, inners[3], 11, ip_id=2),
                                                   ip_id=3)],
              add(up(*inners[:4]), drop('HopLimit', 4), router('TimeExceeded', 2),
                  router('AnswerRateOfSession', 2), down(answers[0], answers[3])),
              options={'session_answer_burst': 1})
    packets = [IP(src=HOST, dst=f'100.64.0.{70 + n}') / UDP() / payload(8) for n in range(3)]
    yield Row('a worker gives so many answers at once and no more',
              [from_host(packet) for packet in packets],
              [to_host(error4(CORE_IP, packet, 3, 1, ip_id=n))
               for n, packet in enumerate(packets[:2])],
              add(drop('NoSubscriber', 3), router('Unreachable', 2), router('AnswerRate')),
              options={'answer_burst': 2})
    yield Row('a rate of none: no answers', [from_host(packets[0])], [],
              add(drop('NoSubscriber'), router('AnswerRate')), options={'answers_per_second': 0})


def rows():
    for part in (expired_rows, martian_rows, quote_rows, unreachable_rows,
                 martian_destination_rows, worker_rows, rate_rows):
        yield from part()
