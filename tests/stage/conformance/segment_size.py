# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""TCP's maximum segment size, lowered to the link of a session that wants it.

RFC 879, RFC 9293 3.7.1, RFC 1624.
"""

from scapy.all import IP, TCP, UDP, IPv6, IPv6ExtHdrHopByHop, PadN, Raw

from .lab import (HOST, HOST6, SUB, SUB6, Row, add, down, from_host, from_lac, hop_less, payload,
                  router, to_host, to_lac, up)

CLAMPED = ['7/100 mru=1400', '7/100 clamp_mss=1']
LIMIT4, LIMIT6 = 1360, 1340


def tcp(mss, flags='S', before=(), behind=(), ports=(40000, 443), data=b''):
    options = [*before, ('MSS', mss), *behind] if mss is not None else [*before, *behind]
    return TCP(sport=ports[0], dport=ports[1], flags=flags, options=options, seq=0x12345678) / data


NOP, WINDOW, SACK = ('NOP', None), ('WScale', 7), ('SAckOK', b'')

# What is announced with which options, and what becomes of it: (before, after).
LOWERED = {
    'a SYN': (lambda mss: tcp(mss),),
    'a SYN and ACK': (lambda mss: tcp(mss, flags='SA'),),
    'a SYN with the option behind others': (lambda mss: tcp(mss, before=[SACK, NOP, WINDOW]),),
    'a SYN with the option before others': (lambda mss: tcp(mss, behind=[SACK, NOP, WINDOW]),),
    'a SYN with the value across two words': (lambda mss: tcp(mss, before=[NOP], behind=[NOP]),),
    'a SYN with data': (lambda mss: tcp(mss, data=b'early'),),
    'a SYN with ECN': (lambda mss: tcp(mss, flags='SEC'),),
}


def both_ways(what, make, changed, counts, sessions=None):
    """The segment from the subscriber and to it, over both families."""
    for family, sub, host, ip in ((4, SUB, HOST, IP), (6, SUB6, HOST6, IPv6)):
        before, after = make(family), changed(family)
        inner, sent = ip(src=sub, dst=host) / before, ip(src=sub, dst=host) / after
        yield Row(f'IPv{family} up: {what}', [from_lac(inner)], [to_host(hop_less(sent))],
                  add(up(inner), counts), sessions=sessions or CLAMPED)
        packet, sent = ip(src=host, dst=sub) / before, ip(src=host, dst=sub) / after
        yield Row(f'IPv{family} down: {what}', [from_host(packet)], [to_lac(hop_less(sent))],
                  add(down(packet), counts), sessions=sessions or CLAMPED)


def limit(family):
    return LIMIT4 if family == 4 else LIMIT6


def rows():
    lowered = router('MssLowered')
    for what, (make,) in LOWERED.items():
        yield from both_ways(f'{what}: its segment size is lowered', lambda f: make(1460),
                             lambda f: make(limit(f)), lowered)
    yield from both_ways('the largest segment size is lowered', lambda f: tcp(65535),
                         lambda f: tcp(limit(f)), lowered)
    yield from both_ways('one too many is lowered', lambda f: tcp(limit(f) + 1),
                         lambda f: tcp(limit(f)), lowered)

    same = {
        'just what fits stays': lambda f: tcp(limit(f)),
        'a smaller one stays': lambda f: tcp(536),
        'a SYN without the option gets none': lambda f: tcp(None, before=[SACK]),
        'what is no SYN stays': lambda f: tcp(1460, flags='A'),
        'a reset stays': lambda f: tcp(1460, flags='R'),
        'behind the end of options nothing counts': lambda f: TCP(
            flags='S', options=[('EOL', None)], dataofs=7) / Raw(b'\x02\x04\x05\xb4\0\0\0'),
        'an option that overruns the header stays': lambda f: TCP(
            flags='S', dataofs=6) / Raw(b'\x02\x06\x05\xb4'),
        'an option of no length stays': lambda f: TCP(
            flags='S', dataofs=6) / Raw(b'\x09\0\x05\xb4'),
        'a header longer than the segment stays': lambda f: TCP(flags='S', dataofs=15),
        'UDP stays': lambda f: UDP() / payload(24),
    }
    for what, make in same.items():
        yield from both_ways(what, make, make, {})

    yield from both_ways('a session that does not want it', lambda f: tcp(1460),
                         lambda f: tcp(1460), {}, sessions=['7/100 mru=1400'])
    inner = IP(src=SUB, dst=HOST, frag=2, proto=6) / Raw(bytes(tcp(1460)))
    yield Row('IPv4 up: a later fragment that looks like a SYN stays', [from_lac(inner)],
              [to_host(hop_less(inner))], up(inner), sessions=CLAMPED)
    header = IPv6ExtHdrHopByHop(options=[PadN(optdata=b'\0' * 4)])
    inner = IPv6(src=SUB6, dst=HOST6) / header / tcp(1460)
    sent = IPv6(src=SUB6, dst=HOST6) / header / tcp(LIMIT6)
    yield Row('IPv6 up: a SYN behind an extension header is found', [from_lac(inner)],
              [to_host(hop_less(sent))], add(up(inner), lowered), sessions=CLAMPED)
    inner = IP(src=SUB, dst=HOST, options=b'\x01' * 8) / tcp(1460)
    sent = IP(src=SUB, dst=HOST, options=b'\x01' * 8) / tcp(LIMIT4)
    yield Row('IPv4 up: a SYN behind IP options is found', [from_lac(inner)],
              [to_host(hop_less(sent))], add(up(inner), lowered), sessions=CLAMPED)
