# L2TP on the wire (RFC 2661 3.1, 4.1): headers and AVPs as bytes and back, with every MUST of the
# sender checked on what arrives.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""L2TP headers and AVPs."""

import dataclasses
import hashlib
import random
import struct

# Message types (3.2), and those of RFC 5515.
SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO = 1, 2, 3, 4, 6
OCRQ, OCRP, OCCN = 7, 8, 9
ICRQ, ICRP, ICCN, CDN, WEN, SLI = 10, 11, 12, 14, 15, 16
CSUN, CSURQ = 28, 29
# AVPs (4.4).
MESSAGE_TYPE, RESULT_CODE, PROTOCOL_VERSION, FRAMING_CAPABILITIES = 0, 1, 2, 3
BEARER_CAPABILITIES, TIE_BREAKER, FIRMWARE_REVISION, HOST_NAME, VENDOR_NAME = 4, 5, 6, 7, 8
ASSIGNED_TUNNEL_ID, RECEIVE_WINDOW_SIZE, CHALLENGE = 9, 10, 11
CHALLENGE_RESPONSE, ASSIGNED_SESSION_ID, CALL_SERIAL_NUMBER = 13, 14, 15
MINIMUM_BPS, MAXIMUM_BPS = 16, 17
BEARER_TYPE, FRAMING_TYPE, CALLED_NUMBER, CALLING_NUMBER, SUB_ADDRESS = 18, 19, 21, 22, 23
CONNECT_SPEED, PHYSICAL_CHANNEL_ID = 24, 25
INITIAL_RECEIVED_CONFREQ, LAST_SENT_CONFREQ, LAST_RECEIVED_CONFREQ = 26, 27, 28
PROXY_AUTHEN_TYPE, PROXY_AUTHEN_NAME, PROXY_AUTHEN_CHALLENGE = 29, 30, 31
PROXY_AUTHEN_ID, PROXY_AUTHEN_RESPONSE, CALL_ERRORS, ACCM = 32, 33, 34, 35
RANDOM_VECTOR, PRIVATE_GROUP_ID, RX_CONNECT_SPEED, SEQUENCING_REQUIRED = 36, 37, 38, 39
PPP_DISCONNECT_CAUSE = 46  # RFC 3145
FAILOVER_CAPABILITY = 76  # RFC 4951
CONNECT_SPEED_UPDATE, CONNECT_SPEED_UPDATE_ENABLE = 97, 98  # RFC 5515
VENDOR_CISCO, VENDOR_MICROSOFT, VENDOR_ADSL_FORUM = 9, 311, 3561

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
    mandatory: set  # of those, the ones with the M bit

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
    ns: int | None = None  # with the S bit only


def u16(value):
    return struct.pack('!H', value)


def u32(value):
    return struct.pack('!I', value)


def avp(number, value, mandatory=True, vendor=0):
    flags = (M if mandatory else 0) | (6 + len(value))
    return struct.pack('!HHH', flags, vendor, number) + value


def _keystream_xor(key, number, value, secret, backwards):
    """Both directions of 4.3: each block's key is the MD5 of the secret and the block before as it
    is on the wire; `backwards` says that `value` is what is on the wire."""
    result, block = b'', hashlib.md5(u16(number) + secret + key).digest()
    for start in range(0, len(value), 16):
        chunk = value[start:start + 16]
        result += bytes(a ^ b for a, b in zip(chunk, block))
        on_the_wire = chunk if backwards else result[start:start + 16]
        block = hashlib.md5(secret + on_the_wire).digest()
    return result


def hidden_avp(number, value, secret, random_vector, mandatory=True, vendor=0, padding=0):
    """An AVP hidden with the Random Vector that stands before it (4.3)."""
    plain = u16(len(value)) + value + random.randbytes(padding)
    hidden = _keystream_xor(random_vector, number, plain, secret.encode(), False)
    flags = H | (M if mandatory else 0) | (6 + len(hidden))
    return struct.pack('!HHH', flags, vendor, number) + hidden


def _reveal(number, value, secret, random_vector):
    if random_vector is None:
        raise WireError(f'AVP {number}: hidden, and no Random Vector before it')
    plain = _keystream_xor(random_vector, number, value, secret.encode(), True)
    length, = struct.unpack('!H', plain[:2])
    if length > len(plain) - 2:
        raise WireError(f'AVP {number}: hidden with another secret')
    return plain[2:2 + length]


def control(tunnel_id, session_id, ns, nr, avps=b''):
    return struct.pack('!HHHHHH', T | L | S | 2, CONTROL_HEADER_LENGTH + len(avps), tunnel_id,
                       session_id, ns, nr) + avps


def data(tunnel_id, session_id, frame, with_length=False, ns=None):
    header = u16(tunnel_id) + u16(session_id)
    if ns is not None:
        header += u16(ns) + u16(0)
    flags = (L if with_length else 0) | (S if ns is not None else 0) | 2
    length = u16(4 + len(header) + len(frame)) if with_length else b''
    return u16(flags) + length + header + frame


def _parse_avps(body, secret):
    avps, mandatory = {}, set()
    random_vector = None
    while body:
        if len(body) < 6:
            raise WireError(f'{len(body)} bytes after the last AVP')
        flags, vendor, number = struct.unpack('!HHH', body[:6])
        length = flags & AVP_LENGTH_MASK
        if flags & AVP_RESERVED:
            raise WireError(f'AVP {number}: reserved bits set')
        if flags & H and secret is None:
            raise WireError(f'AVP {number}: hidden, but we never asked for that')
        if length < 6 or length > len(body):
            raise WireError(f'AVP {number}: length {length} of {len(body)}')
        if not avps and (vendor, number) != (0, MESSAGE_TYPE):
            raise WireError(f'first AVP is {vendor}/{number}, not the message type')
        if (vendor, number) in avps and number != RANDOM_VECTOR:
            raise WireError(f'AVP {number} twice')
        value = body[6:length]
        if flags & H:
            value = _reveal(number, value, secret, random_vector)
        elif (vendor, number) == (0, RANDOM_VECTOR):
            random_vector = value
        avps[vendor, number] = value
        if flags & M:
            mandatory.add((vendor, number))
        body = body[length:]
    return avps, mandatory


def parse(datagram, secret=None):
    """A Control or Data message; WireError if it breaks RFC 2661 3.1 or 4.1. secret: hidden AVPs
    are read with it; without one they are an error."""
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
        return Control(tunnel_id, session_id, ns, nr, *_parse_avps(datagram[12:], secret))
    rest = datagram[2:]
    if flags & L:
        length, = struct.unpack('!H', rest[:2])
        if length > len(datagram):
            raise WireError(f'length {length} in a datagram of {len(datagram)}')
        rest = rest[2:length - 2]
    tunnel_id, session_id = struct.unpack('!HH', rest[:4])
    rest, ns = rest[4:], None
    if flags & S:
        ns, = struct.unpack('!H', rest[:2])
        rest = rest[4:]
    if flags & O:
        offset, = struct.unpack('!H', rest[:2])
        rest = rest[2 + offset:]
    return Data(tunnel_id, session_id, rest, ns)
