# L2TP on the wire (RFC 2661 3.1, 4.1): headers and AVPs as bytes and back, with every MUST of the
# sender checked on what arrives.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""L2TP headers and AVPs."""

import dataclasses
import struct

# Message types (3.2).
SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO = 1, 2, 3, 4, 6
ICRQ, ICRP, ICCN, CDN = 10, 11, 12, 14
# AVPs (4.4).
MESSAGE_TYPE, RESULT_CODE, PROTOCOL_VERSION, FRAMING_CAPABILITIES = 0, 1, 2, 3
BEARER_CAPABILITIES, HOST_NAME, VENDOR_NAME = 4, 7, 8
ASSIGNED_TUNNEL_ID, RECEIVE_WINDOW_SIZE, CHALLENGE = 9, 10, 11
CHALLENGE_RESPONSE, ASSIGNED_SESSION_ID, CALL_SERIAL_NUMBER = 13, 14, 15
BEARER_TYPE, FRAMING_TYPE, CALLED_NUMBER, CALLING_NUMBER, CONNECT_SPEED = 18, 19, 21, 22, 24

T, L, S, O, P = 0x8000, 0x4000, 0x0800, 0x0200, 0x0100
VERSION_MASK, RESERVED_MASK = 0x000f, 0x34f0
CONTROL_HEADER_LENGTH = 12
M, H, AVP_RESERVED, AVP_LENGTH_MASK = 0x8000, 0x4000, 0x3c00, 0x03ff


class WireError(Exception):
    """The other side sent what the RFC does not allow."""


@dataclasses.dataclass
class Control:
    tunnel_id: int
    session_id: int
    ns: int
    nr: int
    avps: dict  # (vendor, type) -> value; empty: a ZLB

    @property
    def type(self):
        value = self.avps.get((0, MESSAGE_TYPE))
        return struct.unpack('!H', value)[0] if value else None

    def u16(self, avp):
        return struct.unpack('!H', self.avps[0, avp])[0]


@dataclasses.dataclass
class Data:
    tunnel_id: int
    session_id: int
    payload: bytes  # the PPP frame


def u16(value):
    return struct.pack('!H', value)


def u32(value):
    return struct.pack('!I', value)


def avp(number, value, mandatory=True, vendor=0):
    flags = (M if mandatory else 0) | (6 + len(value))
    return struct.pack('!HHH', flags, vendor, number) + value


def control(tunnel_id, session_id, ns, nr, avps=b''):
    return struct.pack('!HHHHHH', T | L | S | 2, CONTROL_HEADER_LENGTH + len(avps), tunnel_id,
                       session_id, ns, nr) + avps


def data(tunnel_id, session_id, frame, with_length=False):
    if with_length:
        return struct.pack('!HHHH', L | 2, 8 + len(frame), tunnel_id, session_id) + frame
    return struct.pack('!HHH', 2, tunnel_id, session_id) + frame


def _parse_avps(body):
    avps = {}
    while body:
        if len(body) < 6:
            raise WireError(f'{len(body)} bytes after the last AVP')
        flags, vendor, number = struct.unpack('!HHH', body[:6])
        length = flags & AVP_LENGTH_MASK
        if flags & AVP_RESERVED:
            raise WireError(f'AVP {number}: reserved bits set')
        if flags & H:
            raise WireError(f'AVP {number}: hidden, but we never asked for that')
        if length < 6 or length > len(body):
            raise WireError(f'AVP {number}: length {length} of {len(body)}')
        if not avps and (vendor, number) != (0, MESSAGE_TYPE):
            raise WireError(f'first AVP is {vendor}/{number}, not the message type')
        if (vendor, number) in avps:
            raise WireError(f'AVP {number} twice')
        avps[vendor, number] = body[6:length]
        body = body[length:]
    return avps


def parse(datagram):
    """A Control or Data message; WireError if it breaks RFC 2661 3.1 or 4.1."""
    if len(datagram) < 6:
        raise WireError(f'{len(datagram)} bytes are no L2TP message')
    flags, = struct.unpack('!H', datagram[:2])
    if flags & VERSION_MASK != 2 or flags & RESERVED_MASK:
        raise WireError(f'flags {flags:#06x}')
    if flags & T:
        if flags & (L | S | O | P) != L | S:
            raise WireError(f'control message with flags {flags:#06x}')
        _, length, tunnel_id, session_id, ns, nr = struct.unpack('!HHHHHH', datagram[:12])
        if length != len(datagram):
            raise WireError(f'length {length} in a datagram of {len(datagram)}')
        return Control(tunnel_id, session_id, ns, nr, _parse_avps(datagram[12:]))
    rest = datagram[2:]
    if flags & L:
        length, = struct.unpack('!H', rest[:2])
        if length > len(datagram):
            raise WireError(f'length {length} in a datagram of {len(datagram)}')
        rest = rest[2:length - 2]
    tunnel_id, session_id = struct.unpack('!HH', rest[:4])
    rest = rest[4:]
    if flags & S:
        rest = rest[4:]
    if flags & O:
        offset, = struct.unpack('!H', rest[:2])
        rest = rest[2 + offset:]
    return Data(tunnel_id, session_id, rest)
