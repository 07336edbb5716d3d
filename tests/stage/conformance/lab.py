# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The bench of tests/stage/rig.h as the conformance rows see it, and what they are made with.

Every packet here is scapy's: nothing is shared with the code under test. A row is a sentence, what
comes in, and everything that must come of it: packets sent, and every counter that moves.
"""

import struct
from dataclasses import dataclass, field

from scapy.all import ICMP, IP, UDP, Ether, IPv6, Raw

ACCESS, CORE = 0, 1
ACCESS_MAC, CORE_MAC = '02:00:00:00:00:01', '02:00:00:00:00:02'
LAC_MAC, HOST_MAC = '02:00:00:00:01:11', '02:00:00:00:02:10'
LNS, LAC = '198.51.100.1', '198.51.100.11'
HOST, HOST6 = '203.0.113.10', '2001:db8:2::10'
CORE_IP, CORE_IP6 = '203.0.113.1', '2001:db8:2::1'  # ours on the core port
ACCESS_IP6 = '2001:db8:1::1'  # of the first port that has any: ours towards subscribers
GATEWAY = '100.64.0.1'  # what subscribers know us by
SUB, SUB6 = '100.64.0.2', '2001:db8:100::5'  # session 7/100, peer's 70/1000
CLOSED = '100.64.0.3'  # session 7/101: both NCPs closed
SUB_B = '100.64.0.9'  # session 9/300, peer's 90/3000, another LAC
ANSWER_HOPS = 255

PPP_IPV4, PPP_IPV6 = 0x0021, 0x0057


@dataclass
class Row:
    what: str
    steps: list
    sent: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    sessions: list = field(default_factory=list)
    tunnels: list = field(default_factory=list)

    def lines(self):
        yield f'row {self.what}'
        for name, value in self.options.items():
            yield f'option {name} {value}'
        for change in self.sessions:
            yield f'session {change}'
        for change in self.tunnels:
            yield f'tunnel {change}'
        for step in self.steps:
            if isinstance(step, int):
                yield f'advance {step}'
            else:
                port, frame = step
                yield f'in {port} {bytes(frame).hex()}'
        for port, frame in sorted(self.sent, key=lambda sent: sent[0]):
            yield f'out {port} {bytes(frame).hex()}'
        for name, delta in self.counts.items():
            yield f'count {name} {delta}'
        yield 'end'


def add(*parts):
    """Counters together."""
    total = {}
    for part in parts:
        for name, delta in part.items():
            total[name] = total.get(name, 0) + delta
    return total


def up(*packets, session='7/100'):
    """What a session's accepted packets count, given as packets or as lengths."""
    return _traffic('uplink', packets, session)


def down(*packets, session='7/100'):
    return _traffic('downlink', packets, session)


def _traffic(direction, packets, session):
    octets = sum(p if isinstance(p, int) else len(bytes(p)) for p in packets)
    counts = {}
    for prefix in ('', f'session.{session}.'):
        counts[f'{prefix}{direction}.packets'] = len(packets)
        counts[f'{prefix}{direction}.bytes'] = octets
    return counts


def drop(reason, count=1):
    return {f'drop.{reason}': count}


def router(name, count=1):
    return {f'router.{name}': count}


def _l2tp(tunnel, session):
    return struct.pack('!HHH', 0x0002, tunnel, session)


def _ppp(inner):
    """FF 03 and the protocol; of bytes that are no packet, by their first nibble."""
    protocol = PPP_IPV6 if bytes(inner)[0] >> 4 == 6 else PPP_IPV4
    return struct.pack('!HH', 0xff03, protocol) + bytes(inner)


def from_lac(inner, tunnel=7, session=100, protocol=None, lac=LAC):
    frame = _ppp(inner) if protocol is None else struct.pack('!HH', 0xff03, protocol) + bytes(inner)
    return ACCESS, (Ether(dst=ACCESS_MAC, src=LAC_MAC) / IP(src=lac, dst=LNS) /
                    UDP(sport=1701, dport=1701) / Raw(_l2tp(tunnel, session) + frame))


def to_lac(inner, ip_id=0, tunnel=70, session=1000):
    """As it leaves for the LAC of tunnel 7; ip_id: which of the worker's headers it is."""
    return ACCESS, (Ether(dst=LAC_MAC, src=ACCESS_MAC) / IP(src=LNS, dst=LAC, id=ip_id, ttl=64) /
                    UDP(sport=1701, dport=1701) / Raw(_l2tp(tunnel, session) + _ppp(inner)))


def from_host(packet):
    kind = 0x86dd if isinstance(packet, IPv6) else 0x0800
    return CORE, Ether(dst=CORE_MAC, src=HOST_MAC, type=kind) / packet


def to_host(packet):
    kind = 0x86dd if bytes(packet)[0] >> 4 == 6 else 0x0800
    return CORE, Ether(dst=HOST_MAC, src=CORE_MAC, type=kind) / packet


def built(packet):
    """With all that scapy computes filled in, as a packet again."""
    return packet.__class__(bytes(packet))


def hop_less(packet):
    """One hop on: TTL and checksum, nothing else."""
    out = built(packet)
    if isinstance(out, IPv6):
        out.hlim -= 1
        return bytes(out)
    raw = bytearray(bytes(packet))
    out.ttl -= 1
    del out.chksum
    raw[:out.ihl * 4] = bytes(out)[:out.ihl * 4]
    return bytes(raw)


def error4(own, about, kind, code=0, ip_id=0, hops=ANSWER_HOPS, **fields):
    """An ICMP error about a packet: at most 576 octets in all."""
    quote = bytes(about)[:576 - 28]
    return IP(src=own, dst=built(about).src, tos=0xc0, ttl=hops, id=ip_id) / ICMP(
        type=kind, code=code, **fields) / Raw(quote)


def error6(own, about, header, hops=ANSWER_HOPS):
    """An ICMPv6 error about a packet: at most 1280 octets in all."""
    quote = bytes(about)[:1280 - 48]
    return IPv6(src=own, dst=built(about).src, hlim=hops) / header / Raw(quote)


def payload(length, first=1):
    return Raw(bytes((first + i) % 256 for i in range(length)))


def uplink(what, inner, sent=None, **more):
    """A row of one packet from the subscriber that is forwarded."""
    counts = more.pop('counts', None) or up(len(bytes(inner)))
    return Row(what, [from_lac(inner)], [to_host(sent or hop_less(inner))], counts, **more)


def downlink(what, packet, sent=None, **more):
    """A row of one packet from the host that is forwarded."""
    counts = more.pop('counts', None) or down(len(bytes(packet)))
    return Row(what, [from_host(packet)], [to_lac(sent or hop_less(packet))], counts, **more)
