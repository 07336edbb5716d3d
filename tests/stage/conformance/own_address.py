# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Packets to an address of ours: pings are answered, the rest is refused.

RFC 792, RFC 1122 3.2.2.6, RFC 1812 4.3.3.6 and 5.2.7.1; RFC 4443 4.1, 4.2, 3.1, 3.4.
"""

from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6ParamProblem, IPOption_NOP, IPv6, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, PadN, Raw)

from .errors import to_sub
from .lab import (ANSWER_HOPS, CORE_IP, CORE_IP6, GATEWAY, HOST, LNS, SUB, SUB6, Row, add, down, drop,
                  error4, error6, from_host, from_lac, payload, router, to_host, up)

LNS6 = '2001:db8:1::1'


def reply4(ping, ip_id=0):
    """What the echo becomes: ends and type change, options stay behind."""
    return IP(src=ping.dst, dst=ping.src, tos=ping.tos, ttl=ANSWER_HOPS, id=ip_id) / ICMP(
        type=0, id=ping[ICMP].id, seq=ping[ICMP].seq) / Raw(bytes(ping[ICMP].payload))


def reply6(ping):
    echo = ping[ICMPv6EchoRequest]
    return IPv6(src=ping.dst, dst=ping.src, tc=ping.tc, hlim=ANSWER_HOPS) / ICMPv6EchoReply(
        id=echo.id, seq=echo.seq, data=echo.data)


def answered(what, ping, reply):
    return Row(what, [from_lac(ping)], [to_sub(reply)],
               add(up(ping), router('EchoReply'), down(reply)))


def echo_rows():
    for length in (0, 1, 56, 1000, 1372):
        ping = IP(src=SUB, dst=GATEWAY) / ICMP(id=0x1234, seq=length) / payload(length)
        yield answered(f'IPv4 up: a ping of {length} octets to the gateway', ping, reply4(ping))
        ping = IPv6(src=SUB6, dst=LNS6) / ICMPv6EchoRequest(id=0x4321, seq=length,
                                                            data=bytes(payload(length)))
        yield answered(f'IPv6 up: a ping of {length} octets to us', ping, reply6(ping))
    headers = {
        'TTL 1 is enough for the last hop': dict(ttl=1),
        'DF is not repeated': dict(flags='DF'),
        'DSCP is': dict(tos=0xb8),
        'options are not': dict(options=[IPOption_NOP()] * 8),
    }
    for what, fields in headers.items():
        ping = IP(src=SUB, dst=GATEWAY, **fields) / ICMP(id=1, seq=2) / payload(10)
        yield answered(f'IPv4 up: a ping to the gateway: {what}', ping, reply4(ping))
    ping = IPv6(src=SUB6, dst=LNS6, hlim=1, tc=0xb8) / ICMPv6EchoRequest(id=1, data=b'odd')
    yield answered('IPv6 up: a ping to us: hop limit 1, traffic class repeated', ping, reply6(ping))
    ping = IPv6(src=SUB6, dst=LNS6) / IPv6ExtHdrHopByHop(
        options=[PadN(optdata=b'\0' * 4)]) / ICMPv6EchoRequest(id=1, data=b'even')
    yield answered('IPv6 up: a ping to us: extension headers stay behind', ping, reply6(ping))
    ping = IP(src=SUB, dst=LNS) / ICMP(id=1) / payload(9)
    yield answered('IPv4 up: a ping to the address that tunnels end at', ping, reply4(ping))
    ping = IP(src=HOST, dst=GATEWAY) / ICMP(id=1) / payload(9)
    yield Row('IPv4 down: a ping to the gateway from the core', [from_host(ping)],
              [to_host(reply4(ping))], router('EchoReply'))
    ping = IP(src=SUB, dst=CORE_IP) / ICMP(id=1) / payload(9)
    yield answered('IPv4 up: a ping to Linux\' address on the core port', ping, reply4(ping))
    ping = IPv6(src=SUB6, dst=CORE_IP6) / ICMPv6EchoRequest(id=1, data=b'odd')
    yield answered('IPv6 up: a ping to Linux\' address on the core port', ping, reply6(ping))
    # The checksum of the reply: carries of the incremental update.
    for ident in (0xf7ff, 0xf7fe, 0xf800, 0xffff, 0x0000):
        ping = IP(src=SUB, dst=GATEWAY) / ICMP(id=ident, seq=0)
        yield answered(f'IPv4 up: a ping whose checksum is that of id {ident:#x}', ping,
                       reply4(ping))


def silent(what, inner, counter='NoAnswerDue'):
    return Row(what, [from_lac(inner)], [],
               add(up(len(bytes(inner))), drop('ToOwnAddress'), router(counter)))


def silent_rows():
    yield silent('IPv4 up: a ping with a wrong checksum',
                 IP(src=SUB, dst=GATEWAY) / ICMP(chksum=0x1234) / payload(8))
    yield silent('IPv4 up: a ping in fragments, the first',
                 IP(src=SUB, dst=GATEWAY, flags='MF') / ICMP() / payload(8))
    yield silent('IPv4 up: a ping in fragments, a later one',
                 IP(src=SUB, dst=GATEWAY, frag=2, proto=1) / payload(8))
    yield silent('IPv4 up: an echo of a code nobody knows',
                 IP(src=SUB, dst=GATEWAY) / ICMP(code=1) / payload(8))
    for kind in (0, 3, 5, 11, 13, 17):
        yield silent(f'IPv4 up: ICMP type {kind} to the gateway',
                     IP(src=SUB, dst=GATEWAY) / ICMP(type=kind) / payload(28))
    yield silent('IPv4 up: four octets of ICMP',
                 IP(src=SUB, dst=GATEWAY, proto=1) / Raw(b'\x08\0\xf7\xff'))
    yield silent('IPv6 up: a ping with a wrong checksum',
                 IPv6(src=SUB6, dst=LNS6) / ICMPv6EchoRequest(cksum=0x1234, data=b'x'))
    yield silent('IPv6 up: an echo reply to us',
                 IPv6(src=SUB6, dst=LNS6) / ICMPv6EchoReply(data=b'x'))
    yield silent('IPv6 up: a later fragment to us',
                 IPv6(src=SUB6, dst=LNS6) / IPv6ExtHdrFragment(offset=4, nh=58) / payload(16))


def refused_rows():
    inner = IP(src=SUB, dst=GATEWAY, ttl=1) / UDP(sport=40000, dport=33440) / payload(12)
    answer = error4(GATEWAY, inner, 3, 3)
    yield Row('IPv4 up: UDP to the gateway, as traceroute ends', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('Unreachable'), down(answer)))
    inner = IPv6(src=SUB6, dst=LNS6, hlim=1) / UDP(sport=40000, dport=33440) / payload(12)
    answer = error6(LNS6, inner, ICMPv6DestUnreach(code=4))
    yield Row('IPv6 up: UDP to us, as traceroute ends', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('Unreachable'), down(answer)))
    inner = IP(src=SUB, dst=GATEWAY) / TCP(dport=23, flags='S')
    answer = error4(GATEWAY, inner, 3, 2)
    yield Row('IPv4 up: a protocol that the gateway does not speak', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('Unreachable'), down(answer)))
    inner = IP(src=SUB, dst=CORE_IP) / TCP(dport=22, flags='S')
    answer = error4(GATEWAY, inner, 3, 2)
    yield Row('IPv4 up: Linux on the core port is not reached', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('Unreachable'), down(answer)))
    inner = IP(src=SUB, dst='203.0.113.255') / ICMP(id=1) / payload(9)
    yield Row('IPv4 up: a ping to a broadcast address of Linux\' is not answered',
              [from_lac(inner)], [], add(up(inner), drop('NotOurs')))
    inner = IPv6(src=SUB6, dst=LNS6) / TCP(dport=23, flags='S')
    answer = error6(LNS6, inner, ICMPv6ParamProblem(code=1, ptr=6))
    yield Row('IPv6 up: a protocol that we do not speak: where it is named', [from_lac(inner)],
              [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('ParameterProblem'), down(answer)))
    inner = IPv6(src=SUB6, dst=LNS6) / IPv6ExtHdrHopByHop(
        options=[PadN(optdata=b'\0' * 4)]) / TCP(dport=23, flags='S')
    answer = error6(LNS6, inner, ICMPv6ParamProblem(code=1, ptr=40))
    yield Row('IPv6 up: the same behind an extension header', [from_lac(inner)], [to_sub(answer)],
              add(up(inner), drop('ToOwnAddress'), router('ParameterProblem'), down(answer)))
    packet = IP(src=HOST, dst=GATEWAY) / UDP(dport=53) / payload(12)
    yield Row('IPv4 down: UDP to the gateway from the core', [from_host(packet)],
              [to_host(error4(CORE_IP, packet, 3, 3))],
              add(drop('ToOwnAddress'), router('Unreachable')))
    inner = IP(src=SUB, dst=GATEWAY, frag=4, proto=17) / payload(12)
    yield silent('IPv4 up: a later fragment of UDP to the gateway', inner)


def rows():
    for part in (echo_rows, silent_rows, refused_rows):
        yield from part()
