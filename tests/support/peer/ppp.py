# PPP control packets and option lists as bytes and back (RFC 1661 5, 6). What our LNS sends is read
# strictly: no padding, no length that does not fit.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""PPP packets."""

import dataclasses
import ipaddress
import struct

from .wire import WireError

IPV4, IPV6 = 0x0021, 0x0057
LCP, PAP, CHAP = 0xc021, 0xc023, 0xc223
IPCP, IPV6CP, CCP, BCP, MPLSCP, ACSP = 0x8021, 0x8057, 0x80fd, 0x8031, 0x8281, 0x8235

REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATE_ACK, CODE_REJECT = 1, 2, 3, 4, 5, 6, 7
PROTOCOL_REJECT, ECHO_REQUEST, ECHO_REPLY, DISCARD, IDENTIFICATION = 8, 9, 10, 11, 12

# LCP options.
MRU, ASYNC_MAP, AUTH, MAGIC, PFC, ACFC, CALLBACK = 1, 2, 3, 5, 7, 8, 13
MRRU, SHORT_SEQUENCE, ENDPOINT_DISCRIMINATOR = 17, 18, 19
# IPCP options, with those of RFC 1877.
IP_COMPRESSION, IP_ADDRESS, DNS1, NBNS1, DNS2, NBNS2 = 2, 3, 129, 130, 131, 132
MPPE = 18  # CCP (RFC 3078)

AUTH_OPTIONS = {'pap': b'\xc0\x23', 'chap': b'\xc2\x23\x05', 'mschapv2': b'\xc2\x23\x81'}
ANY_ADDRESS = bytes(4)


@dataclasses.dataclass
class Packet:
    """A control packet of LCP, an NCP, PAP or CHAP."""
    code: int
    id: int
    body: bytes = b''

    def __bytes__(self):
        return struct.pack('!BBH', self.code, self.id, 4 + len(self.body)) + self.body

    @classmethod
    def parse(cls, data):
        if len(data) < 4:
            raise WireError(f'a control packet of {len(data)} bytes')
        code, identifier, length = struct.unpack('!BBH', data[:4])
        if length != len(data):
            raise WireError(f'a control packet of {len(data)} bytes says {length}')
        return cls(code, identifier, data[4:])


def options_to_bytes(options):
    return b''.join(bytes((kind, 2 + len(value))) + value for kind, value in options)


def parse_options(body):
    """[(type, value)]"""
    options = []
    while body:
        if len(body) < 2 or not 2 <= body[1] <= len(body):
            raise WireError(f'option list ends with {body.hex()}')
        options.append((body[0], body[2:body[1]]))
        body = body[body[1]:]
    return options


def address_text(value):
    return str(ipaddress.IPv4Address(value))
