# The LAC: one control connection and its calls, driven by whoever waits for something. Blocking and
# single-threaded; every wait has a deadline. What one implementation does differently from another
# is in class attributes and in the methods that return AVPs: a personality is a subclass.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""L2TP control as a LAC (RFC 2661 5, 6, 7)."""

import collections
import contextlib
import dataclasses
import hashlib
import random
import struct
import time

from . import wire
from .errors import CallCleared, PeerError, Timeout, TunnelRefused
from .wire import avp, u16, u32

MAX_RETRANSMITS = 5
WAIT_S = 10


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


class Call:
    """One session of a Lac: PPP frames in and out."""

    def __init__(self, lac, local_id, calling, called):
        self.lac = lac
        self.local_id = local_id
        self.calling, self.called = calling, called
        self.serial = random.randrange(1 << 32)
        self.peer_id = 0
        self.frames = collections.deque()
        self.answered = False
        self.cleared = None  # Result, once a CDN came
        self.clear_message = None  # that CDN
        self.next_ns = None  # number of the next data message, None: they carry none (5.4)
        self.received_ns = []  # numbers of the LNS's
        self.unnumbered = 0  # data messages of the LNS without one

    def send(self, frame, **options):
        if self.next_ns is not None:
            options.setdefault('ns', self.next_ns)
            self.next_ns = (options['ns'] + 1) & 0xffff
        self.lac.send_data(self.peer_id, frame, **options)

    def receive(self, timeout=WAIT_S):
        """The next PPP frame; CallCleared if the LNS ended the call, PeerError after timeout."""
        self.lac.pump(lambda: self.frames or self.cleared or self.lac.stopped,
                      f'a frame on call {self.local_id}', timeout)
        if self.frames:
            return self.frames.popleft()
        if self.cleared:
            raise CallCleared(self.cleared)
        raise TunnelRefused(self.lac.stopped)

    def wait_cleared(self, timeout=WAIT_S):
        self.lac.pump(lambda: self.cleared, f'CDN of call {self.local_id}', timeout)
        return self.cleared

    def send_clear(self, result=u16(3)):
        """CDN; result: the Result Code AVP's value."""
        self.lac.send_control(self.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.CDN)) +
                              avp(wire.RESULT_CODE, result) +
                              avp(wire.ASSIGNED_SESSION_ID, u16(self.local_id)))

    def clear(self, code=3):
        """CDN, and the LNS's acknowledgement."""
        self.send_clear(u16(code))
        self.lac.wait_acknowledged()
        del self.lac.calls[self.local_id]


class Lac:
    host_name = 'scapy-lac'
    vendor_name = None
    framing_capabilities = 3
    bearer_capabilities = None  # None: no such AVP, here and below
    firmware = None
    window = 8
    tie_breaker = None
    connect_speed = 100_000_000
    framing_type = 1
    retransmit_s = 1.0
    backoff = 1  # factor from one retransmission to the next
    reads_hidden_avps = False
    keeps_tunnel_id_zero = False  # in the header of control messages

    def __init__(self, socket, lns, secret=None, host_name=None, challenge=True, local_id=None):
        self.socket = socket
        self.lns = lns
        self.secret = secret
        self.host_name = host_name or self.host_name
        self.local_id = local_id or random.randrange(1, 65536)
        self.peer_id = 0
        self.calls = {}
        self.stopped = None  # Result, once a StopCCN came
        self.sccrp = None
        self.lns_host_name = None
        self.hellos = 0
        self.messages = []  # types of all control messages taken, in order
        self.sent_messages = 0
        self.retransmissions = 0
        self.last_zlb_nr = None
        self._challenge = random.randbytes(16) if secret and challenge else None
        self._ns = self._nr = self._nr_sent = 0
        self._unacknowledged = collections.deque()  # (ns, session id, AVPs)
        self._sent_at = 0.0
        self._interval = self.retransmit_s
        self._retransmits = 0

    # --- what this implementation says: AVPs behind the message type ---

    def sccrq(self):
        return self._properties() + (avp(wire.CHALLENGE, self._challenge)
                                     if self._challenge else b'')

    def _properties(self):
        """What SCCRQ and SCCRP have in common."""
        avps = (avp(wire.PROTOCOL_VERSION, b'\x01\x00') +
                avp(wire.HOST_NAME, self.host_name.encode()) +
                avp(wire.FRAMING_CAPABILITIES, u32(self.framing_capabilities)))
        if self.bearer_capabilities is not None:
            avps += avp(wire.BEARER_CAPABILITIES, u32(self.bearer_capabilities))
        if self.tie_breaker is not None:
            avps += avp(wire.TIE_BREAKER, self.tie_breaker, mandatory=False)
        if self.firmware is not None:
            avps += avp(wire.FIRMWARE_REVISION, u16(self.firmware), mandatory=False)
        if self.vendor_name is not None:
            avps += avp(wire.VENDOR_NAME, self.vendor_name.encode(), mandatory=False)
        avps += avp(wire.ASSIGNED_TUNNEL_ID, u16(self.local_id))
        if self.window is not None:
            avps += avp(wire.RECEIVE_WINDOW_SIZE, u16(self.window))
        return avps

    def scccn(self):
        return self._answer_challenge(self.sccrp, wire.SCCCN)

    def _answer_challenge(self, message, answer):
        """The AVP that `answer` owes to a Challenge in `message`, if there is one."""
        challenge = message.avps.get((0, wire.CHALLENGE))
        if challenge is None:
            return b''
        if self.secret is None:
            raise PeerError('the LNS challenges us, and there is no secret')
        return avp(wire.CHALLENGE_RESPONSE, self._response(answer, challenge))

    def icrq(self, call):
        return (avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                avp(wire.CALL_SERIAL_NUMBER, u32(call.serial)) +
                avp(wire.CALLING_NUMBER, call.calling.encode()) +
                avp(wire.CALLED_NUMBER, call.called.encode()))

    def iccn(self, call):
        return (avp(wire.CONNECT_SPEED, u32(self.connect_speed)) +
                avp(wire.FRAMING_TYPE, u32(self.framing_type)))

    def is_ours(self, message):
        return message.tunnel_id == self.local_id

    def ignores(self, message):
        """Whether this implementation drops a message that it should have taken."""
        return False

    # --- reliable delivery (5.8) ---

    def send_control(self, session_id, avps):
        if not self._unacknowledged:
            self._restart_timer()
        self._unacknowledged.append((self._ns, session_id, avps))
        self._transmit(self._ns, session_id, avps)
        self.sent_messages += 1
        self._ns = (self._ns + 1) & 0xffff

    def _restart_timer(self):
        self._sent_at, self._retransmits = time.monotonic(), 0
        self._interval = self.retransmit_s

    def _transmit(self, ns, session_id=0, avps=b''):
        tunnel_id = 0 if self.keeps_tunnel_id_zero else self.peer_id
        self.socket.sendto(wire.control(tunnel_id, session_id, ns, self._nr, avps), self.lns)
        self._nr_sent = self._nr

    def acknowledge(self):
        """A ZLB: carries the next Ns and does not use it up."""
        self._transmit(self._ns)

    def repeat_last(self):
        """The newest message once more, as if its acknowledgement had been lost."""
        self._transmit(*self._unacknowledged[-1])

    def send_data(self, peer_session_id, frame, **options):
        self.socket.sendto(wire.data(self.peer_id, peer_session_id, frame, **options), self.lns)

    def pump(self, condition, what, timeout=WAIT_S):
        """Handles what arrives until condition() is true; PeerError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            now = time.monotonic()
            if now > deadline:
                raise Timeout(f'waited {timeout} s for {what}')
            if self._unacknowledged and now - self._sent_at > self._interval:
                self._retransmit(now)
            self.socket.settimeout(0.05)
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            if sender != self.lns:
                raise PeerError(f'an answer from {sender}, we asked {self.lns}')
            self.on_datagram(datagram)

    def _retransmit(self, now):
        if self._retransmits == MAX_RETRANSMITS:
            raise PeerError(f'message {self._unacknowledged[0][0]} never acknowledged')
        self._retransmits += 1
        self.retransmissions += 1
        self._sent_at = now
        self._interval *= self.backoff
        self._transmit(*self._unacknowledged[0])

    @property
    def next_ns(self):
        return self._ns

    def all_acknowledged(self):
        return not self._unacknowledged

    def wait_acknowledged(self):
        self.pump(self.all_acknowledged, 'an acknowledgement')

    def on_datagram(self, datagram):
        message = wire.parse(datagram, self.secret if self.reads_hidden_avps else None)
        if not self.is_ours(message):
            raise PeerError(f'a message for tunnel {message.tunnel_id}, ours is {self.local_id}')
        if isinstance(message, wire.Data):
            self._on_data(message)
        elif not self.ignores(message):
            self._on_control(message)

    def _on_data(self, message):
        call = self.calls.get(message.session_id)
        if call is None:
            raise PeerError(f'data for session {message.session_id}, which is not ours')
        if message.ns is None:
            call.unnumbered += 1
        else:
            call.received_ns.append(message.ns)
        call.frames.append(message.payload)

    def _on_control(self, message):
        if 0 < (message.nr - self._ns) & 0xffff < 0x8000:
            raise PeerError(f'Nr {message.nr} acknowledges what was not sent (next Ns {self._ns})')
        while self._unacknowledged and \
                (message.nr - self._unacknowledged[0][0] - 1) & 0xffff < 0x8000:
            self._unacknowledged.popleft()
            self._restart_timer()
        if not message.avps:
            self.last_zlb_nr = message.nr
            return
        ahead = (message.ns - self._nr_sent) & 0xffff
        if ahead < 0x8000 and ahead >= (self.window or 4):
            raise PeerError(f'message {message.ns} is beyond our window of {self.window or 4}: '
                            f'we acknowledged up to {self._nr_sent}')
        if message.ns != self._nr:
            self.acknowledge()  # a duplicate, or one we cannot take yet
            return
        self._nr = (self._nr + 1) & 0xffff
        self.messages.append(message.type)
        self._on_message(message)
        self.acknowledge()

    def _on_message(self, message):
        kind = message.type
        if kind == wire.STOPCCN:
            self._learn_peer_id(message)
            self.stopped = Result.parse(message.avps[0, wire.RESULT_CODE])
        elif kind == wire.HELLO:
            self.hellos += 1
        elif kind == wire.SCCRP:
            self._learn_peer_id(message)
            self.sccrp = message
        elif kind in (wire.ICRP, wire.CDN, wire.SLI):
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
        if message.type == wire.SLI:
            if len(message.avps[0, wire.ACCM]) != 10:
                raise PeerError('SLI with a malformed ACCM AVP')
            return
        assigned = message.u16(wire.ASSIGNED_SESSION_ID)
        if message.type == wire.ICRP:
            if assigned == 0:
                raise PeerError('ICRP assigns session id 0')
            call.peer_id, call.answered = assigned, True
        else:
            if call.peer_id and assigned != call.peer_id:
                raise PeerError(f'CDN for our call names session {assigned}, not {call.peer_id}')
            call.cleared = Result.parse(message.avps[0, wire.RESULT_CODE])
            call.clear_message = message

    # --- the control connection (5.1, 6.1 to 6.4) ---

    def open(self):
        """SCCRQ, SCCRP, SCCCN; TunnelRefused if the LNS sends StopCCN instead."""
        self.send_sccrq()
        self.complete()

    def complete(self):
        """The rest, once the SCCRQ has left."""
        self.pump(lambda: self.sccrp or self.stopped, 'SCCRP')
        if self.stopped:
            raise TunnelRefused(self.stopped)
        self._check_sccrp()
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.SCCCN)) + self.scccn())
        self.pump(lambda: self.all_acknowledged() or self.stopped, 'acknowledged SCCCN')
        if self.secret and not self.stopped:
            # A Response that is refused is acknowledged, too; behind that comes a StopCCN, or an
            # acknowledgement of what we say next.
            self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.HELLO)))
            self.pump(lambda: self.all_acknowledged() or self.stopped, 'acknowledged HELLO')
        if self.stopped:
            raise TunnelRefused(self.stopped)

    def send_sccrq(self):
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.SCCRQ)) + self.sccrq())

    def _check_sccrp(self):
        for number in (wire.PROTOCOL_VERSION, wire.FRAMING_CAPABILITIES, wire.HOST_NAME):
            if (0, number) not in self.sccrp.avps:
                raise PeerError(f'SCCRP without AVP {number}')
        if self.sccrp.avps[0, wire.PROTOCOL_VERSION] != b'\x01\x00':
            raise PeerError('SCCRP of another protocol version')
        self.lns_host_name = self.sccrp.avps[0, wire.HOST_NAME].decode()
        self._check_response(self.sccrp)

    def _check_response(self, message):
        if self._challenge:
            expected = self._response(message.type, self._challenge)
            if message.avps.get((0, wire.CHALLENGE_RESPONSE)) != expected:
                raise PeerError('the LNS does not know the tunnel secret')

    def _response(self, message_type, challenge):
        """RFC 2661 5.1.1."""
        return hashlib.md5(bytes([message_type]) + self.secret.encode() + challenge).digest()

    def send_stop(self, result=u16(1)):
        """StopCCN; result: the Result Code AVP's value."""
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.STOPCCN)) +
                          avp(wire.ASSIGNED_TUNNEL_ID, u16(self.local_id)) +
                          avp(wire.RESULT_CODE, result))

    def close(self, code=1):
        """StopCCN, and the LNS's acknowledgement."""
        self.send_stop(u16(code))
        self.wait_acknowledged()

    def leave(self):
        """A goodbye if there is a tunnel, and no more than a moment for its acknowledgement: what
        an LNS is not told keeps it busy. Never fails; the socket is closed afterwards."""
        with contextlib.suppress(Exception):
            if self.peer_id and not self.stopped:
                self.send_stop()
                self.pump(self.all_acknowledged, 'the end', timeout=1)
        self.socket.close()

    # --- calls (5.2, 6.6 to 6.8) ---

    def call(self, calling='5551', called='5552'):
        """ICRQ, ICRP, ICCN, acknowledged; CallCleared if the LNS sends CDN instead."""
        call = self.offer(calling, called)
        self.await_answer(call)
        self.connect(call)
        self.wait_acknowledged()
        return call

    def offer(self, calling='5551', called='5552', local_id=None):
        """ICRQ."""
        call = Call(self, local_id or self._free_session_id(), calling, called)
        self.calls[call.local_id] = call
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.ICRQ)) + self.icrq(call))
        return call

    def _free_session_id(self):
        while True:
            candidate = random.randrange(1, 65536)
            if candidate not in self.calls:
                return candidate

    def await_answer(self, call):
        self.pump(lambda: call.answered or call.cleared or self.stopped, 'ICRP')
        if self.stopped:
            raise TunnelRefused(self.stopped)
        if call.cleared:
            del self.calls[call.local_id]
            raise CallCleared(call.cleared)

    def connect(self, call):
        """ICCN, without waiting for its acknowledgement."""
        self.send_control(call.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.ICCN)) + self.iccn(call))
