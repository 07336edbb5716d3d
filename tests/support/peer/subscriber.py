# A PPP client on one call: LCP, then PAP or CHAP-MD5 as the LNS asks, then IPCP, then IP packets.
# Frames are built and read by scapy.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""PPP as a subscriber (RFC 1661, 1332, 1334, 1994)."""

import hashlib
import random
import time

from scapy.layers.inet import IP
from scapy.layers.ppp import (
    HDLC, PPP, PPP_IPCP, PPP_CHAP_ChallengeResponse, PPP_IPCP_Option_DNS1,
    PPP_IPCP_Option_IPAddress, PPP_LCP_Auth_Protocol_Option, PPP_LCP_Configure,
    PPP_LCP_Magic_Number_Option, PPP_LCP_MRU_Option, PPP_LCP_Terminate, PPP_PAP_Request)
from scapy.packet import Raw

from .lac import PeerError, Timeout

LCP, IPCP, PAP, CHAP, IPV4 = 0xc021, 0x8021, 0xc023, 0xc223, 0x0021
REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATE_ACK = 1, 2, 3, 4, 5, 6
PROTOCOL_REJECT, ECHO_REQUEST, ECHO_REPLY = 8, 9, 10
CHAP_CHALLENGE, CHAP_SUCCESS, CHAP_FAILURE = 1, 3, 4
PAP_ACK, PAP_NAK = 2, 3
RESTART_S = 3
WAIT_S = 10


class AuthenticationFailed(Exception):
    """PAP Nak or CHAP Failure, with the LNS's text."""


class Subscriber:
    def __init__(self, call, user, password, auth=None, mru=1460):
        """auth: 'pap' or 'chap' is all we agree to; None: whatever the LNS asks for."""
        self.call = call
        self.user = user
        self.password = password
        self.auth = auth
        self.mru = mru
        self.address = None
        self.dns = None
        self.gateway = None
        self.negotiated_auth = None
        self.challenge_name = None
        self.magic = random.randrange(1, 1 << 32)
        self.lns_magic = None
        self.packets = []  # IP packets from the LNS
        self.replies = []  # LCP echo replies

    # --- frames ---

    def send(self, protocol, layer):
        self.call.send(bytes(HDLC() / PPP(proto=protocol) / layer))

    def receive(self, timeout=WAIT_S):
        """(protocol, scapy layer) of the next control frame; IP packets are kept aside."""
        while True:
            frame = self.call.receive(timeout)
            # The LNS may leave out FF 03 and the protocol's first byte only if we allowed it.
            if frame[:2] != b'\xff\x03':
                raise PeerError(f'frame without address and control field: {frame[:8].hex()}')
            ppp = HDLC(frame)[PPP]
            if ppp.proto == IPV4:
                self.packets.append(IP(bytes(ppp.payload)))
                return IPV4, self.packets[-1]
            if ppp.proto == LCP and ppp.payload.code == ECHO_REQUEST:
                self._reply_echo(ppp.payload)
                continue
            return ppp.proto, ppp.payload

    def _reply_echo(self, request):
        body = bytes(request)
        self.send(LCP, Raw(bytes([ECHO_REPLY, body[1]]) + body[2:4] +
                           self.magic.to_bytes(4, 'big') + body[8:]))

    # --- phases ---

    def connect(self, burst=None):
        """From a fresh call to an address. burst(address): IP packets to send in one breath with
        our last Configure-Ack, which waits until the LNS's is in."""
        self.negotiate_lcp()
        self.authenticate()
        self.negotiate_ipcp(burst)
        return self.address

    def _negotiate(self, protocol, our_options, judge, on_nak, burst=None):
        """One option negotiation, both directions; judge(request) gives our (code, options).
        burst(): with it our answer comes last, and these frames behind it."""
        last = None
        identifier = random.randrange(256)
        acked_ours = acked_theirs = False
        sent = 0.0
        deadline = time.monotonic() + WAIT_S
        while not (acked_ours and acked_theirs):
            if time.monotonic() > deadline:
                raise PeerError(f'protocol {protocol:#06x} did not open in {WAIT_S} s')
            if not acked_ours and time.monotonic() - sent > RESTART_S:
                sent = time.monotonic()
                self._configure(protocol, REQUEST, identifier, our_options)
            try:
                got, layer = self.receive(timeout=RESTART_S)
            except Timeout:
                continue
            if got != protocol:
                continue
            if layer.code == REQUEST:
                code, options = judge(layer)
                if burst and not acked_ours:
                    last = (code, layer.id, options)
                    continue
                self._configure(protocol, code, layer.id, options)
                acked_theirs = acked_theirs or code == ACK
            elif layer.id != identifier:
                continue
            elif layer.code == ACK:
                acked_ours = True
                if last:
                    frames = burst()
                    self._configure(protocol, *last)
                    for frame in frames:
                        self.call.send(frame)
                    acked_theirs = last[0] == ACK
            elif layer.code in (NAK, REJECT):
                our_options = on_nak(layer, our_options)
                identifier = (identifier + 1) & 0xff
                sent = 0.0
            elif layer.code == TERMINATE:
                raise PeerError('the LNS terminates instead of negotiating')

    def _configure(self, protocol, code, identifier, options):
        layer = PPP_LCP_Configure if protocol == LCP else PPP_IPCP
        self.send(protocol, layer(code=code, id=identifier, options=options))

    def negotiate_lcp(self):
        options = [PPP_LCP_MRU_Option(max_recv_unit=self.mru),
                   PPP_LCP_Magic_Number_Option(magic_number=self.magic)]
        wanted = {'pap': PAP, 'chap': CHAP}.get(self.auth)

        def judge(request):
            for option in request.options:
                if option.type == 5:
                    self.lns_magic = option.magic_number
                if option.type == 3:
                    self.negotiated_auth = option.auth_protocol
                    if wanted and option.auth_protocol != wanted:
                        other = {PAP: PPP_LCP_Auth_Protocol_Option(auth_protocol=PAP),
                                 CHAP: PPP_LCP_Auth_Protocol_Option(auth_protocol=CHAP,
                                                                    algorithm=5)}
                        return NAK, [other[wanted]]
            return ACK, request.options

        def on_nak(answer, ours):
            raise PeerError(f'the LNS does not take our LCP options: {answer.summary()}')

        self._negotiate(LCP, options, judge, on_nak)

    def authenticate(self):
        if self.negotiated_auth == PAP:
            self._authenticate_pap()
        elif self.negotiated_auth == CHAP:
            self._authenticate_chap()
        else:
            raise PeerError(f'the LNS asks for authentication {self.negotiated_auth}')

    def _authenticate_pap(self):
        self.send(PAP, PPP_PAP_Request(id=1, username=self.user.encode(),
                                       password=self.password.encode()))
        layer = self._expect(PAP, (PAP_ACK, PAP_NAK))
        if layer.id != 1:
            raise PeerError(f'PAP answer {layer.id} to request 1')
        if layer.code == PAP_NAK:
            raise AuthenticationFailed(bytes(layer.message).decode())

    def _authenticate_chap(self):
        challenge = self._expect(CHAP, (CHAP_CHALLENGE,))
        self.challenge_name = bytes(challenge.optional_name).decode()
        digest = hashlib.md5(bytes([challenge.id]) + self.password.encode() +
                             bytes(challenge.value)).digest()
        self.send(CHAP, PPP_CHAP_ChallengeResponse(code=2, id=challenge.id, value=digest,
                                                   optional_name=self.user.encode()))
        layer = self._expect(CHAP, (CHAP_SUCCESS, CHAP_FAILURE))
        if layer.id != challenge.id:
            raise PeerError(f'CHAP answer {layer.id} to response {challenge.id}')
        if layer.code == CHAP_FAILURE:
            raise AuthenticationFailed(bytes(layer.data).decode())

    def _expect(self, protocol, codes):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            got, layer = self.receive()
            if got == protocol and layer.code in codes:
                return layer
        raise PeerError(f'protocol {protocol:#06x}: none of the codes {codes} in {WAIT_S} s')

    def negotiate_ipcp(self, burst=None):
        def option(address, dns):
            return [PPP_IPCP_Option_IPAddress(data=address), PPP_IPCP_Option_DNS1(data=dns)]

        def judge(request):
            for one in request.options:
                if one.type == 3:
                    self.gateway = one.data
            return ACK, request.options

        def on_nak(answer, ours):
            if answer.code == REJECT:
                rejected = {one.type for one in answer.options}
                return [one for one in ours if one.type not in rejected]
            given = {one.type: one for one in answer.options}
            return [given.get(one.type, one) for one in ours]

        asked = option('0.0.0.0', '0.0.0.0')

        def remember(answer, ours):
            nonlocal asked
            asked = on_nak(answer, ours)
            return asked

        def our_address():
            return next(one.data for one in asked if one.type == 3)

        def frames():
            return [bytes(HDLC() / PPP(proto=IPV4) / packet) for packet in burst(our_address())]

        self._negotiate(IPCP, asked, judge, remember, frames if burst else None)
        self.address = our_address()
        self.dns = next((one.data for one in asked if one.type == 129), None)
        if self.address == '0.0.0.0':
            raise PeerError('IPCP opened without an address')

    # --- in use ---

    def send_ip(self, packet):
        self.send(IPV4, packet)

    def receive_ip(self, matches, timeout=WAIT_S):
        """The next IP packet for which matches(packet) is true."""
        deadline = time.monotonic() + timeout
        while True:
            for packet in self.packets:
                if matches(packet):
                    self.packets.remove(packet)
                    return packet
            left = deadline - time.monotonic()
            if left <= 0:
                raise PeerError(f'no such IP packet in {timeout} s')
            self.receive(left)

    def echo(self):
        """One LCP Echo-Request; the reply's magic number."""
        body = self.magic.to_bytes(4, 'big') + b'are you there'
        self.send(LCP, Raw(bytes([ECHO_REQUEST, 77]) + (4 + len(body)).to_bytes(2, 'big') + body))
        layer = bytes(self._expect(LCP, (ECHO_REPLY,)))
        if layer[1] != 77 or layer[8:] != b'are you there':
            raise PeerError(f'echo reply does not match the request: {layer.hex()}')
        return int.from_bytes(layer[4:8], 'big')

    def terminate(self):
        """LCP Terminate-Request, its Ack, and the CDN that follows; the CDN's result."""
        self.send(LCP, PPP_LCP_Terminate(code=TERMINATE, id=99))
        layer = self._expect(LCP, (TERMINATE_ACK,))
        if layer.id != 99:
            raise PeerError(f'Terminate-Ack {layer.id} to request 99')
        return self.call.wait_cleared()
