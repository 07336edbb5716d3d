# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Headers that no router forwards, and sources that are nobody's: dropped by name, in silence.

RFC 1812 5.2.2: the checks of the IP header, in its order; RFC 8200 3.
"""

from scapy.all import IP, UDP, Ether, IPv6, Raw

from .lab import (CORE, CORE_MAC, HOST, HOST6, HOST_MAC, PPP_IPV4, PPP_IPV6, SUB, SUB6, Row, drop,
                  from_lac, payload)


def spoil4(packet, **fields):
    """The packet with header fields overwritten, and the checksum right but for `chksum`."""
    raw = bytearray(bytes(packet))
    if 'first' in fields:
        raw[0] = fields['first']
    if 'length' in fields:
        raw[2:4] = fields['length'].to_bytes(2, 'big')
    raw[10:12] = b'\0\0'
    header = raw[:max((raw[0] & 15) * 4, 20)]
    header += b'\0' * (len(header) % 2)
    total = sum(int.from_bytes(header[i:i + 2], 'big') for i in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    raw[10:12] = ((~total & 0xffff) + fields.get('chksum', 0) & 0xffff).to_bytes(2, 'big')
    return bytes(raw)


# What is wrong, the header, and the reason's name on the way up and on the way down.
IPV4 = {
    'version 5': (dict(first=0x55), 'BadInnerHeader', 'BadIpHeader'),
    'version 0': (dict(first=0x05), 'BadInnerHeader', 'BadIpHeader'),
    'version 15': (dict(first=0xf5), 'BadInnerHeader', 'BadIpHeader'),
    'a header of 16 octets': (dict(first=0x44), 'BadInnerHeader', 'BadIpHeader'),
    'a header of no octets': (dict(first=0x40), 'BadInnerHeader', 'BadIpHeader'),
    'a header longer than the packet': (dict(first=0x4f), 'BadInnerHeader', 'BadIpHeader'),
    'a total length of 19': (dict(length=19), 'BadInnerHeader', 'BadIpHeader'),
    'a total length of 0': (dict(length=0), 'BadInnerHeader', 'BadIpHeader'),
    'a total length beyond the packet': (dict(length=37), 'BadInnerHeader', 'Truncated'),
    'a total length of 65535': (dict(length=65535), 'BadInnerHeader', 'Truncated'),
    'a checksum too high by one': (dict(chksum=1), 'BadInnerChecksum', 'BadIpChecksum'),
    'a checksum too low by one': (dict(chksum=-1), 'BadInnerChecksum', 'BadIpChecksum'),
    'a checksum with its octets swapped by 256': (dict(chksum=256), 'BadInnerChecksum',
                                                  'BadIpChecksum'),
}


def frame_from_host(raw, kind):
    return CORE, Ether(dst=CORE_MAC, src=HOST_MAC, type=kind) / Raw(raw)


def rows():
    for what, (fields, up_reason, down_reason) in IPV4.items():
        inner = spoil4(IP(src=SUB, dst=HOST) / UDP() / payload(8), **fields)
        yield Row(f'IPv4 up: {what}', [from_lac(inner, protocol=PPP_IPV4)], [], drop(up_reason))
        packet = spoil4(IP(src=HOST, dst=SUB) / UDP() / payload(8), **fields)
        yield Row(f'IPv4 down: {what}', [frame_from_host(packet, 0x0800)], [], drop(down_reason))

    for length in (1, 19):
        cut = bytes(IP(src=SUB, dst=HOST) / UDP())[:length]
        yield Row(f'IPv4 up: {length} octets are no header', [from_lac(cut, protocol=PPP_IPV4)], [],
                  drop('BadInnerHeader'))
        yield Row(f'IPv4 down: {length} octets are no header', [frame_from_host(cut, 0x0800)], [],
                  drop('Truncated'))
    for length in (1, 39):
        cut = bytes(IPv6(src=SUB6, dst=HOST6) / UDP())[:length]
        yield Row(f'IPv6 up: {length} octets are no header', [from_lac(cut, protocol=PPP_IPV6)], [],
                  drop('BadInnerHeader'))
        yield Row(f'IPv6 down: {length} octets are no header', [frame_from_host(cut, 0x86dd)], [],
                  drop('Truncated'))

    for version in (0, 4, 5, 7):
        up = bytearray(bytes(IPv6(src=SUB6, dst=HOST6) / UDP() / payload(8)))
        up[0] = version << 4
        yield Row(f'IPv6 up: version {version}', [from_lac(up, protocol=PPP_IPV6)], [],
                  drop('BadInnerHeader'))
        down = bytearray(bytes(IPv6(src=HOST6, dst=SUB6) / UDP() / payload(8)))
        down[0] = version << 4
        yield Row(f'IPv6 down: version {version}', [frame_from_host(bytes(down), 0x86dd)], [],
                  drop('BadIpHeader'))
    for plen in (17, 65535):
        yield Row(f'IPv6 up: a payload length of {plen} beyond the packet',
                  [from_lac(IPv6(src=SUB6, dst=HOST6, plen=plen) / UDP() / payload(8))], [],
                  drop('BadInnerHeader'))
        yield Row(f'IPv6 down: a payload length of {plen} beyond the packet',
                  [frame_from_host(bytes(IPv6(src=HOST6, dst=SUB6, plen=plen) / UDP() / payload(8)),
                                   0x86dd)], [], drop('Truncated'))

    # RFC 1812 5.3.7 and 5.3.8: the martians among them, and everybody else's addresses.
    for source in ('0.0.0.0', '127.0.0.1', '224.0.0.5', '240.0.0.1', '255.255.255.255', HOST,
                   '100.64.0.9', '100.64.0.200'):
        yield Row(f'IPv4 up: source {source} is not the session\'s',
                  [from_lac(IP(src=source, dst=HOST) / UDP() / payload(8))], [],
                  drop('SpoofedSource'))
    for source in ('::', '::1', 'ff02::1', '::ffff:100.64.0.2', HOST6, '2001:db8:101::5'):
        yield Row(f'IPv6 up: source {source} is not the session\'s',
                  [from_lac(IPv6(src=source, dst=HOST6) / UDP() / payload(8))], [],
                  drop('SpoofedSource'))
