# A LAC that is called: the LNS opens the tunnel and places calls to it (RFC 2661 5.1, 6.9 to 6.11).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""L2TP control as a LAC that the LNS dials."""

from . import wire
from .errors import PeerError
from .lac import Call, Lac
from .wire import avp, u16, u32


class AnsweringLac(Lac):
    bearer_capabilities = 3  # none, and the LNS must not ask it to call anybody (4.4.3)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.asked = None  # the LNS's SCCRQ
        self.confirmed = None  # its SCCCN
        self.orders = []  # OCRQs not answered yet

    def is_ours(self, message):
        return super().is_ours(message) or (message.tunnel_id == 0 and not self.confirmed)

    def _on_message(self, message):
        if message.type == wire.SCCRQ:
            self._learn_peer_id(message)
            self.asked = message
        elif message.type == wire.SCCCN:
            self._check_response(message)
            self.confirmed = message
        elif message.type == wire.OCRQ:
            self.orders.append(message)
        else:
            super()._on_message(message)

    def answer(self):
        """Waits for the LNS's SCCRQ and completes the tunnel."""
        self.pump(lambda: self.asked, 'SCCRQ')
        avps = self._properties() + self._answer_challenge(self.asked, wire.SCCRP)
        if self._challenge:
            avps += avp(wire.CHALLENGE, self._challenge)
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.SCCRP)) + avps)
        self.pump(lambda: self.confirmed, 'SCCCN')

    def take_order(self):
        """Waits for an OCRQ; the call, not answered yet."""
        self.pump(lambda: self.orders, 'OCRQ')
        order = self.orders.pop(0)
        for number in (wire.CALL_SERIAL_NUMBER, wire.MINIMUM_BPS, wire.MAXIMUM_BPS,
                       wire.BEARER_TYPE, wire.FRAMING_TYPE):
            if len(order.avps[0, number]) != 4:
                raise PeerError(f'OCRQ: AVP {number} is not of four bytes')
        call = Call(self, self._free_session_id(), '', order.avps[0, wire.CALLED_NUMBER].decode())
        call.peer_id = order.u16(wire.ASSIGNED_SESSION_ID)
        self.calls[call.local_id] = call
        return call

    def accept(self, call):
        """OCRP; the line is ringing."""
        self.send_control(call.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.OCRP)) +
                          avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)))

    def connected(self, call):
        """OCCN; somebody has answered."""
        self.send_control(call.peer_id, avp(wire.MESSAGE_TYPE, u16(wire.OCCN)) +
                          avp(wire.CONNECT_SPEED, u32(self.connect_speed)) +
                          avp(wire.FRAMING_TYPE, u32(self.framing_type)))
        self.wait_acknowledged()
