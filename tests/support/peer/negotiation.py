# One option negotiation, both directions: the client's half of RFC 1661 4 and 5 for LCP or an NCP,
# without its rarer states. What the LNS answers is held against the RFC's MUSTs.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Configure-Request, -Ack, -Nak and -Reject."""

import random
import time

from .errors import PeerError
from .ppp import ACK, NAK, REJECT, REQUEST, Packet, options_to_bytes, parse_options

RESTART_S = 3


def acknowledge(options):
    return ACK, options


class Negotiation:
    def __init__(self, protocol, options, send, judge=acknowledge):
        """options: what we ask for, [(type, value)].

        send(protocol, packet): puts a packet on the link. judge(options): our answer to the LNS's
        request, (code, options).
        """
        self.protocol = protocol
        self.options = options
        self.requests_sent = 0
        self.rejected = []  # (type, value) of ours that the LNS rejected
        self.answer_last = None  # called behind our answer, which then waits for the LNS's
        self._send = send
        self._judge = judge
        self._id = random.randrange(256)
        self._acked_ours = self._acked_theirs = False
        self._sent_at = None
        self._held_answer = None

    @property
    def opened(self):
        return self._acked_ours and self._acked_theirs

    @property
    def started(self):
        return self._sent_at is not None

    def value(self, kind):
        """Of an option of ours, None when we do not ask for it any more."""
        return dict(self.options).get(kind)

    def start(self):
        self._acked_ours = False
        self._request()

    def assume_opened(self):
        """Somebody else negotiated for us (a LAC with proxy LCP)."""
        self._acked_ours = self._acked_theirs = True
        self._sent_at = time.monotonic()

    def on_timer(self):
        if self.started and not self._acked_ours and \
                time.monotonic() - self._sent_at > RESTART_S:
            self._request()

    def on_packet(self, packet):
        if packet.code == REQUEST:
            self._on_request(packet)
        elif packet.code in (ACK, NAK, REJECT):
            if packet.id != self._id or not self.started:
                return  # of an earlier request
            {ACK: self._on_ack, NAK: self._on_nak, REJECT: self._on_reject}[packet.code](packet)

    def _request(self):
        self._sent_at = time.monotonic()
        self.requests_sent += 1
        self._send(self.protocol, Packet(REQUEST, self._id, options_to_bytes(self.options)))

    def _on_request(self, packet):
        if self.opened:
            self.start()  # the LNS begins anew
        code, options = self._judge(parse_options(packet.body))
        answer = Packet(code, packet.id, options_to_bytes(options))
        if self.answer_last and not self._acked_ours:
            self._held_answer = answer
        else:
            self._answer(answer)

    def _answer(self, answer):
        self._send(self.protocol, answer)
        self._acked_theirs = answer.code == ACK

    def _on_ack(self, packet):
        if parse_options(packet.body) != self.options:
            raise PeerError(f'{self.protocol:#06x}: the Ack differs from what we asked: '
                            f'{packet.body.hex()}')
        self._acked_ours = True
        if self._held_answer:
            behind, self.answer_last = self.answer_last, None
            answer, self._held_answer = self._held_answer, None
            self._answer(answer)
            behind()

    def _on_nak(self, packet):
        given = dict(parse_options(packet.body))
        added = [one for one in given.items() if self.value(one[0]) is None]
        self.options = [(kind, given.get(kind, value)) for kind, value in self.options] + added
        self._ask_again()

    def _on_reject(self, packet):
        refused = parse_options(packet.body)
        if not refused or any(one not in self.options for one in refused):
            raise PeerError(f'{self.protocol:#06x}: rejects what we did not ask for: {refused}')
        self.rejected += refused
        self.options = [one for one in self.options if one not in refused]
        self._ask_again()

    def _ask_again(self):
        self._id = (self._id + 1) & 0xff
        self._request()
