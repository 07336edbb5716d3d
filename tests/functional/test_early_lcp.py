# A LAC may let its subscriber start PPP as soon as the ICCN has left, so the first LCP packet
# arrives right behind it, before the control plane has read the one or acknowledged it. A thousand
# such pairs, by a peer that shares no code with us and never repeats a Configure-Request: each is
# answered.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""LCP in the same burst as ICCN."""

import itertools
import random

from lab import config
from peer import Lac, ppp, udp_socket
from peer.wire import u16, u32

TUNNELS, CALLS_PER_TUNNEL, BURST = 20, 50, 10
# A subscriber repeats its request after three seconds (RFC 1661 4.6).
RESTART_S = 3


class ManyCalls(Lac):
    window = 32

    def dial(self, count):
        """[(call, Configure-Request)], ICCN and request of each in one breath."""
        calls = [self.offer() for _ in range(count)]
        for call in calls:
            self.await_answer(call)
        return [(call, self._connect_and_ask(call)) for call in calls]

    def _connect_and_ask(self, call):
        options = [(ppp.MRU, u16(1460)), (ppp.MAGIC, u32(random.randrange(1, 1 << 32)))]
        request = ppp.Packet(ppp.REQUEST, random.randrange(256), ppp.options_to_bytes(options))
        self.connect(call)
        call.send(b'\xff\x03' + u16(ppp.LCP) + bytes(request))
        return request

    @staticmethod
    def answered(call, request):
        acknowledgement = ppp.Packet(ppp.ACK, request.id, request.body)
        return b'\xff\x03' + u16(ppp.LCP) + bytes(acknowledgement) in call.frames


def test_the_first_lcp_packet_right_behind_iccn_is_never_lost(lns):
    answered = 0
    for _ in range(TUNNELS):
        lac = ManyCalls(udp_socket(lns.lac.name, lns.lac_addresses[0]), (config.LNS_ADDRESS, 1701),
                        config.SECRET)
        lac.open()
        for _ in range(CALLS_PER_TUNNEL // BURST):
            asked = lac.dial(BURST)
            lac.pump(lambda: all(itertools.starmap(lac.answered, asked)),
                     f'an answer to each Configure-Request ({answered} were answered before)',
                     timeout=RESTART_S)
            answered += len(asked)
        lac.close()
        lac.socket.close()
    assert answered == TUNNELS * CALLS_PER_TUNNEL == 1000
