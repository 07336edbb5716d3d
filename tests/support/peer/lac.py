# The LAC: one control connection and its calls, driven by whoever waits for something. Blocking and
# single-threaded; every wait has a deadline.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""L2TP control as a LAC (RFC 2661 5, 6, 7)."""

import collections
import dataclasses
import hashlib
import random
import struct
import time

from . import wire
from .wire import avp, u16, u32

RETRANSMIT_S = 1.0
MAX_RETRANSMITS = 5
WAIT_S = 10
OUR_WINDOW = 8


class PeerError(Exception):
    """The LNS did not do what it had to, or not in time."""


class Timeout(PeerError):
    """Not in time."""


@dataclasses.dataclass
class Result:
    """A Result Code AVP (4.4.2)."""
    code: int
    error: int
    text: str

    @classmethod
    def parse(cls, value):
        if len(value) < 2:
            raise wire.WireError('result code of less than two bytes')
        error = struct.unpack('!H', value[2:4])[0] if len(value) >= 4 else 0
        return cls(struct.unpack('!H', value[:2])[0], error, value[4:].decode())


class TunnelRefused(Exception):
    """The LNS sent StopCCN."""

    def __init__(self, result):
        super().__init__(f'StopCCN {result}')
        self.result = result


class CallCleared(Exception):
    """The LNS sent CDN."""

    def __init__(self, result):
        super().__init__(f'CDN {result}')
        self.result = result


class Call:
    """One session of a Lac: PPP frames in and out."""

    def __init__(self, lac, local_id):
        self.lac = lac
        self.local_id = local_id
        self.peer_id = 0
        self.frames = collections.deque()
        self.answered = False
        self.cleared = None  # Result, once a CDN came

    def send(self, frame, **options):
        self.lac.send_data(self.peer_id, frame, **options)

    def receive(self, timeout=WAIT_S):
        """The next PPP frame; CallCleared if the LNS ended the call, PeerError after timeout."""
        self.lac.pump(lambda: self.frames or self.cleared, f'a frame on call {self.local_id}',
                      timeout)
        if self.frames:
            return self.frames.popleft()
        raise CallCleared(self.cleared)

    def wait_cleared(self, timeout=WAIT_S):
        self.lac.pump(lambda: self.cleared, f'CDN of call {self.local_id}', timeout)
        return self.cleared

    def clear(self, code=3):
        """CDN, and the LNS's acknowledgement."""
        self.lac.send_control(self.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.CDN)) +
                              avp(wire.RESULT_CODE, u16(code)) +
                              avp(wire.ASSIGNED_SESSION_ID, u16(self.local_id)))
        self.lac.wait_acknowledged()
        del self.lac.calls[self.local_id]


class Lac:
    def __init__(self, socket, lns, secret=None, host_name='scapy-lac', challenge=True):
        self.socket = socket
        self.lns = lns
        self.secret = secret
        self.host_name = host_name
        self.local_id = random.randrange(1, 65536)
        self.peer_id = 0
        self.calls = {}
        self.stopped = None  # Result, once a StopCCN came
        self.lns_host_name = None
        self.hellos = 0
        self._challenge = random.randbytes(16) if secret and challenge else None
        self._sccrp = None
        self._ns = self._nr = self._acknowledged = 0
        self._unacknowledged = collections.deque()  # (ns, session id, AVPs)
        self._sent_at = 0.0
        self._retransmits = 0

    # --- reliable delivery (5.8) ---

    def send_control(self, session_id, avps):
        self._unacknowledged.append((self._ns, session_id, avps))
        self._sent_at, self._retransmits = time.monotonic(), 0
        self._transmit(self._ns, session_id, avps)
        self._ns = (self._ns + 1) & 0xffff

    def _transmit(self, ns, session_id=0, avps=b''):
        self.socket.sendto(wire.control(self.peer_id, session_id, ns, self._nr, avps), self.lns)

    def _acknowledge(self):
        """A ZLB: carries the next Ns and does not use it up."""
        self._transmit(self._ns)

    def send_data(self, peer_session_id, frame, **options):
        self.socket.sendto(wire.data(self.peer_id, peer_session_id, frame, **options), self.lns)

    def pump(self, condition, what, timeout=WAIT_S):
        """Handles what arrives until condition() is true; PeerError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            now = time.monotonic()
            if now > deadline:
                raise Timeout(f'waited {timeout} s for {what}')
            if self._unacknowledged and now - self._sent_at > RETRANSMIT_S:
                if self._retransmits == MAX_RETRANSMITS:
                    raise PeerError(f'message {self._unacknowledged[0][0]} never acknowledged')
                self._retransmits += 1
                self._sent_at = now
                self._transmit(*self._unacknowledged[0])
            self.socket.settimeout(0.05)
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            if sender != self.lns:
                raise PeerError(f'an answer from {sender}, we asked {self.lns}')
            self._on_datagram(datagram)

    def drain(self, seconds):
        """Handles what arrives for a while."""
        end = time.monotonic() + seconds
        self.pump(lambda: time.monotonic() > end, 'time to pass', seconds + 1)

    def wait_acknowledged(self):
        self.pump(lambda: not self._unacknowledged, 'an acknowledgement')

    def _on_datagram(self, datagram):
        message = wire.parse(datagram)
        if message.tunnel_id != self.local_id:
            raise PeerError(f'a message for tunnel {message.tunnel_id}, ours is {self.local_id}')
        if isinstance(message, wire.Data):
            if message.session_id not in self.calls:
                raise PeerError(f'data for session {message.session_id}, which is not ours')
            self.calls[message.session_id].frames.append(message.payload)
            return
        if (message.nr - self._ns) & 0xffff not in (0, *range(0x8000, 0x10000)):
            raise PeerError(f'Nr {message.nr} acknowledges what was not sent (next Ns {self._ns})')
        while self._unacknowledged and \
                (message.nr - self._unacknowledged[0][0] - 1) & 0xffff < 0x8000:
            self._unacknowledged.popleft()
        if not message.avps:
            return  # ZLB
        if message.ns != self._nr:
            self._acknowledge()  # a duplicate, or one we cannot take yet
            return
        self._nr = (self._nr + 1) & 0xffff
        self._on_message(message)
        self._acknowledge()

    def _on_message(self, message):
        kind = message.type
        if kind == wire.STOPCCN:
            self._learn_peer_id(message)
            self.stopped = Result.parse(message.avps[0, wire.RESULT_CODE])
        elif kind == wire.HELLO:
            self.hellos += 1
        elif kind == wire.SCCRP:
            self._learn_peer_id(message)
            self._sccrp = message
        elif kind in (wire.ICRP, wire.CDN):
            self._on_call_message(message)
        else:
            raise PeerError(f'message type {kind} is none that an LNS sends a LAC')

    def _learn_peer_id(self, message):
        peer_id = message.u16(wire.ASSIGNED_TUNNEL_ID)
        if self.peer_id not in (0, peer_id) or peer_id == 0:
            raise PeerError(f'tunnel id {peer_id}, first it was {self.peer_id}')
        self.peer_id = peer_id

    def _on_call_message(self, message):
        call = self.calls.get(message.session_id)
        if call is None:
            raise PeerError(f'message {message.type} for session {message.session_id}')
        assigned = message.u16(wire.ASSIGNED_SESSION_ID)
        if message.type == wire.ICRP:
            if assigned == 0:
                raise PeerError('ICRP assigns session id 0')
            call.peer_id, call.answered = assigned, True
        else:
            if call.peer_id and assigned != call.peer_id:
                raise PeerError(f'CDN for our call names session {assigned}, not {call.peer_id}')
            call.cleared = Result.parse(message.avps[0, wire.RESULT_CODE])

    # --- the control connection (5.1, 6.1 to 6.4) ---

    def open(self):
        """SCCRQ, SCCRP, SCCCN; TunnelRefused if the LNS sends StopCCN instead."""
        avps = (avp(wire.MESSAGE_TYPE, u16(wire.SCCRQ)) +
                avp(wire.PROTOCOL_VERSION, b'\x01\x00') +
                avp(wire.HOST_NAME, self.host_name.encode()) +
                avp(wire.FRAMING_CAPABILITIES, u32(3)) +
                avp(wire.ASSIGNED_TUNNEL_ID, u16(self.local_id)) +
                avp(wire.RECEIVE_WINDOW_SIZE, u16(OUR_WINDOW)))
        if self._challenge:
            avps += avp(wire.CHALLENGE, self._challenge)
        self.send_control(0, avps)
        self.pump(lambda: self._sccrp or self.stopped, 'SCCRP')
        if self.stopped:
            raise TunnelRefused(self.stopped)
        answer = avp(wire.MESSAGE_TYPE, u16(wire.SCCCN)) + self._check_sccrp(self._sccrp)
        self.send_control(0, answer)
        self.pump(lambda: not self._unacknowledged or self.stopped, 'acknowledged SCCCN')
        # A refusal of the SCCCN acknowledges it, too, and may be a moment behind.
        if not self.stopped:
            self.drain(0.2)
        if self.stopped:
            raise TunnelRefused(self.stopped)

    def _check_sccrp(self, sccrp):
        """Checks the SCCRP; the Challenge Response AVP that the SCCCN needs, or nothing."""
        for number in (wire.PROTOCOL_VERSION, wire.FRAMING_CAPABILITIES, wire.HOST_NAME):
            if (0, number) not in sccrp.avps:
                raise PeerError(f'SCCRP without AVP {number}')
        if sccrp.avps[0, wire.PROTOCOL_VERSION] != b'\x01\x00':
            raise PeerError('SCCRP of another protocol version')
        self.lns_host_name = sccrp.avps[0, wire.HOST_NAME].decode()
        if self._challenge:
            expected = self._response(wire.SCCRP, self._challenge)
            if sccrp.avps.get((0, wire.CHALLENGE_RESPONSE)) != expected:
                raise PeerError('the LNS does not know the tunnel secret')
        challenge = sccrp.avps.get((0, wire.CHALLENGE))
        if challenge is None:
            return b''
        if self.secret is None:
            raise PeerError('the LNS challenges us, and there is no secret')
        return avp(wire.CHALLENGE_RESPONSE, self._response(wire.SCCCN, challenge))

    def _response(self, message_type, challenge):
        """RFC 2661 5.1.1."""
        return hashlib.md5(bytes([message_type]) + self.secret.encode() + challenge).digest()

    def close(self, code=1):
        """StopCCN, and the LNS's acknowledgement."""
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.STOPCCN)) +
                          avp(wire.ASSIGNED_TUNNEL_ID, u16(self.local_id)) +
                          avp(wire.RESULT_CODE, u16(code)))
        self.wait_acknowledged()

    # --- calls (5.2, 6.6 to 6.8) ---

    def call(self, calling='5551', called='5552'):
        """ICRQ, ICRP, ICCN; CallCleared if the LNS sends CDN instead."""
        call = Call(self, random.choice([i for i in range(1, 65536) if i not in self.calls]))
        self.calls[call.local_id] = call
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.ICRQ)) +
                          avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                          avp(wire.CALL_SERIAL_NUMBER, u32(random.randrange(1 << 32))) +
                          avp(wire.CALLING_NUMBER, calling.encode()) +
                          avp(wire.CALLED_NUMBER, called.encode()))
        self.pump(lambda: call.answered or call.cleared or self.stopped, 'ICRP')
        if self.stopped:
            raise TunnelRefused(self.stopped)
        if call.cleared:
            del self.calls[call.local_id]
            raise CallCleared(call.cleared)
        self.send_control(call.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.ICCN)) +
                          avp(wire.CONNECT_SPEED, u32(100_000_000)) +
                          avp(wire.FRAMING_TYPE, u32(1)))
        self.wait_acknowledged()
        return call
