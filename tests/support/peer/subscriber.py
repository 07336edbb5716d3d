# A PPP client on one call: LCP, then PAP, CHAP-MD5 or MS-CHAPv2 as the LNS asks, then IPCP (and
# what else a client tries beside it), then IP packets. What one client asks differently from
# another is in the methods that return options: a personality is a subclass.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""PPP as a subscriber (RFC 1661, 1332, 1334, 1877, 1994, 2759)."""

import contextlib
import hashlib
import random
import time

from scapy.layers.inet import IP

from . import mschap
from .errors import AuthenticationFailed, CallCleared, PeerError, Timeout
from .negotiation import RESTART_S, Negotiation
from .ppp import (
    ACFC, ACK, ANY_ADDRESS, AUTH, AUTH_OPTIONS, CHAP, CODE_REJECT, DISCARD, DNS1, DNS2, ECHO_REPLY,
    ECHO_REQUEST, IDENTIFICATION, IP_ADDRESS, IPCP, IPV4, IPV6, LCP, MAGIC, MRU, NAK, PAP,
    PFC, PROTOCOL_REJECT, REJECT, TERMINATE, TERMINATE_ACK, Packet, address_text)
from .wire import u16, u32

WAIT_S = 10
PAP_REQUEST, PAP_ACK, PAP_NAK = 1, 2, 3
CHAP_CHALLENGE, CHAP_RESPONSE, CHAP_SUCCESS, CHAP_FAILURE = 1, 2, 3, 4


class Subscriber:
    auth = None  # 'pap', 'chap' or 'mschapv2' is all we agree to; None: whatever the LNS asks for
    mru = 1460

    def __init__(self, call, user, password, auth=None, mru=None):
        self.call = call
        self.user = user
        self.password = password
        self.auth = auth or self.auth
        self.mru = mru or self.mru
        self.magic = random.randrange(1, 1 << 32)
        self.lns_magic = None
        self.lns_mru = 1500
        self.negotiated_auth = None  # the name
        self.challenge_name = None
        self.authenticated = False
        self.success_message = None
        self.address = None
        self.dns = self.dns2 = None
        self.gateway = None
        self.packets = []  # IP packets from the LNS
        self.packets_v6 = []  # IPv6, as they came
        self.protocol_rejects = []  # protocols the LNS rejected
        self.code_rejects = []  # copies in its Code-Rejects
        self.terminated = False  # by the LNS
        self._answers = []  # (protocol, packet) that no negotiation takes
        self._expected_response = None  # MS-CHAPv2's "S=..."
        self._request_id = None  # of what the verdict will be on
        self.lcp = Negotiation(LCP, self.lcp_options(), self.send, self._judge_lcp)
        self.ipcp = Negotiation(IPCP, self.ipcp_options(), self.send, self._judge_ipcp)
        self.ncps = {IPCP: self.ipcp}
        for protocol, options in self.other_ncps().items():
            self.ncps[protocol] = Negotiation(protocol, options, self.send)

    # --- what this client asks for ---

    def lcp_options(self):
        return [(MRU, u16(self.mru)), (MAGIC, u32(self.magic))]

    def ipcp_options(self):
        return [(IP_ADDRESS, ANY_ADDRESS), (DNS1, ANY_ADDRESS)]

    def other_ncps(self):
        """{protocol: options} of what it tries beside IPCP, with no need of it."""
        return {}

    # --- frames ---

    def frame(self, protocol, payload):
        return b'\xff\x03' + u16(protocol) + bytes(payload)

    def send(self, protocol, payload):
        self.call.send(self.frame(protocol, payload))

    def _unframe(self, frame):
        """(protocol, payload); what we did not offer to compress must be there."""
        full = frame[:2] == b'\xff\x03'
        if full:
            frame = frame[2:]
        elif self.lcp.value(ACFC) is None or not self.lcp.opened:
            raise PeerError(f'frame without address and control field: {frame[:8].hex()}')
        if frame[0] & 1:
            if self.lcp.value(PFC) is None:
                raise PeerError(f'frame with a compressed protocol field: {frame[:8].hex()}')
            return frame[0], frame[1:]
        protocol = int.from_bytes(frame[:2], 'big')
        if protocol == LCP and not full:
            raise PeerError('LCP without address and control field')
        return protocol, frame[2:]

    def run(self, condition, what, timeout=WAIT_S):
        """Handles what arrives until condition() is true; PeerError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            for negotiation in (self.lcp, *self.ncps.values()):
                negotiation.on_timer()
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout(f'waited {timeout} s for {what}')
            try:
                frame = self.call.receive(min(left, RESTART_S))
            except Timeout:
                continue
            self._on_frame(*self._unframe(frame))

    def _on_frame(self, protocol, payload):
        if protocol == IPV4:
            self.packets.append(IP(payload))
            return
        if protocol == IPV6:
            self.packets_v6.append(payload)
            return
        packet = Packet.parse(payload)
        if protocol == LCP:
            self._on_lcp(packet)
        elif protocol == CHAP and packet.code == CHAP_CHALLENGE:
            self._answer_challenge(packet)
        elif protocol in (PAP, CHAP):
            self._answers.append((protocol, packet))
        elif protocol in self.ncps:
            self.ncps[protocol].on_packet(packet)
        elif self.lcp.opened:
            self.send(LCP, Packet(PROTOCOL_REJECT, 1, u16(protocol) + payload))

    def _on_lcp(self, packet):
        if packet.code <= REJECT:
            self.lcp.on_packet(packet)
        elif packet.code == TERMINATE:
            self.terminated = True
            self.send(LCP, Packet(TERMINATE_ACK, packet.id))
        elif packet.code == CODE_REJECT:
            self.code_rejects.append(packet.body)
        elif packet.code == PROTOCOL_REJECT:
            self.protocol_rejects.append(int.from_bytes(packet.body[:2], 'big'))
        elif packet.code == ECHO_REQUEST:
            self.send(LCP, Packet(ECHO_REPLY, packet.id, u32(self.magic) + packet.body[4:]))
        elif packet.code in (TERMINATE_ACK, ECHO_REPLY):
            self._answers.append((LCP, packet))
        elif packet.code not in (DISCARD, IDENTIFICATION):
            raise PeerError(f'LCP code {packet.code}')

    def _expect(self, protocol, codes):
        """The first packet with one of these codes."""
        def found():
            return next((one for one in self._answers
                         if one[0] == protocol and one[1].code in codes), None)

        self.run(found, f'protocol {protocol:#06x}, codes {codes}')
        answer = found()
        self._answers.remove(answer)
        return answer[1]

    # --- phases ---

    def connect(self, burst=None):
        """From a fresh call to an address. burst(address): IP packets to send in one breath with
        our last Configure-Ack, which waits until the LNS's is in."""
        self.negotiate_lcp()
        self.authenticate()
        self.negotiate_ipcp(burst)
        return self.address

    def adopt(self, login):
        """A ProxiedLogin: LCP is open, and the LAC has taken our answer to its challenge."""
        self.lcp.options = login.options
        self.lcp.assume_opened()
        self.magic = int.from_bytes(self.lcp.value(MAGIC), 'big')
        self._judge_lcp(login.lac_options)  # they are the LNS's now
        self.negotiated_auth = login.auth
        self._request_id = login.identifier

    def await_verdict(self):
        """Of the LNS, on the answer that the LAC or we have given."""
        if self.negotiated_auth == 'pap':
            self._await_pap_verdict()
        else:
            self._await_chap_verdict()

    def negotiate_lcp(self):
        if not self.lcp.started:
            self.lcp.start()
        self.run(lambda: self.lcp.opened, 'LCP')

    def _judge_lcp(self, options):
        for kind, value in options:
            if kind == MAGIC:
                self.lns_magic = int.from_bytes(value, 'big')
            if kind == MRU:
                self.lns_mru = int.from_bytes(value, 'big')
            if kind == AUTH:
                names = [name for name, option in AUTH_OPTIONS.items() if option == value]
                self.negotiated_auth = names[0] if names else value.hex()
                if self.auth and self.negotiated_auth != self.auth:
                    return NAK, [(AUTH, AUTH_OPTIONS[self.auth])]
        return ACK, options

    def authenticate(self):
        if self.negotiated_auth == 'pap':
            self._authenticate_pap()
        elif self.negotiated_auth in AUTH_OPTIONS:
            self._await_chap_verdict()
        else:
            raise PeerError(f'the LNS asks for authentication {self.negotiated_auth}')

    def _authenticate_pap(self):
        user, password = self.user.encode(), self.password.encode()
        self._request_id = 1
        self.send(PAP, Packet(PAP_REQUEST, self._request_id, bytes((len(user),)) + user +
                              bytes((len(password),)) + password))
        self._await_pap_verdict()

    def _await_pap_verdict(self):
        answer = self._expect(PAP, (PAP_ACK, PAP_NAK))
        if answer.id != self._request_id:
            raise PeerError(f'PAP answer {answer.id} to request {self._request_id}')
        if answer.code == PAP_NAK:
            raise AuthenticationFailed(answer.body[1:].decode())
        self.success_message = answer.body[1:].decode()
        self.authenticated = True

    def _answer_challenge(self, packet):
        length = packet.body[0]
        challenge, name = packet.body[1:1 + length], packet.body[1 + length:]
        self.challenge_name = name.decode()
        self._request_id = packet.id
        if self.negotiated_auth == 'mschapv2':
            peer_challenge = random.randbytes(16)
            response = mschap.nt_response(challenge, peer_challenge, self.user, self.password)
            self._expected_response = mschap.authenticator_response(
                challenge, peer_challenge, response, self.user, self.password)
            value = peer_challenge + bytes(8) + response + b'\0'
        else:
            value = hashlib.md5(bytes((packet.id,)) + self.password.encode() + challenge).digest()
        self.send(CHAP, Packet(CHAP_RESPONSE, packet.id,
                               bytes((len(value),)) + value + self.user.encode()))

    def _await_chap_verdict(self):
        answer = self._expect(CHAP, (CHAP_SUCCESS, CHAP_FAILURE))
        if answer.id != self._request_id:
            raise PeerError(f'CHAP answer {answer.id} to response {self._request_id}')
        self.success_message = answer.body.decode()
        if answer.code == CHAP_FAILURE:
            raise AuthenticationFailed(self.success_message)
        if self._expected_response and \
                self.success_message.split(' ')[0] != self._expected_response:
            raise PeerError(f'the LNS does not know the password: {self.success_message}')
        self.authenticated = True

    def negotiate_ipcp(self, burst=None):
        if burst:
            self.ipcp.answer_last = lambda: [
                self.send_ip(packet) for packet in burst(address_text(self.ipcp.value(IP_ADDRESS)))]
        for negotiation in self.ncps.values():
            negotiation.start()
        self.run(lambda: self.ipcp.opened, 'IPCP')
        if self.ipcp.value(IP_ADDRESS) in (None, ANY_ADDRESS):
            raise PeerError('IPCP opened without an address')
        self.address = address_text(self.ipcp.value(IP_ADDRESS))
        self.dns, self.dns2 = (address_text(self.ipcp.value(kind)) if self.ipcp.value(kind) else None
                               for kind in (DNS1, DNS2))

    def _judge_ipcp(self, options):
        self.gateway = address_text(dict(options)[IP_ADDRESS])
        return ACK, options

    # --- in use ---

    def send_ip(self, packet):
        self.send(IPV4, packet)

    def receive_ip(self, matches, timeout=WAIT_S):
        """The next IP packet for which matches(packet) is true."""
        def found():
            return next((packet for packet in self.packets if matches(packet)), None)

        self.run(found, 'such an IP packet', timeout)
        packet = found()
        self.packets.remove(packet)
        return packet

    def echo(self):
        """One LCP Echo-Request; the reply's magic number."""
        self.send(LCP, Packet(ECHO_REQUEST, 77, u32(self.magic) + b'are you there'))
        reply = self._expect(LCP, (ECHO_REPLY,))
        if reply.id != 77 or reply.body[4:] != b'are you there':
            raise PeerError(f'echo reply does not match the request: {reply}')
        return int.from_bytes(reply.body[:4], 'big')

    def terminate(self):
        """LCP Terminate-Request, its Ack, and the CDN that follows; the CDN's result."""
        self.send_terminate(99)
        answer = self._expect(LCP, (TERMINATE_ACK,))
        if answer.id != 99:
            raise PeerError(f'Terminate-Ack {answer.id} to request 99')
        return self.wait_cleared()

    def wait_cleared(self, timeout=WAIT_S):
        """The CDN of the LNS, whatever PPP has to say before; its result."""
        with contextlib.suppress(CallCleared):
            self.run(lambda: self.call.cleared, 'CDN', timeout)
        return self.call.cleared

    def send_terminate(self, identifier=99):
        self.send(LCP, Packet(TERMINATE, identifier))
