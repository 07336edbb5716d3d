# MikroTik RouterOS: every protocol it knows is tried at once after authentication, AVPs come in
# sizes of their own, and newer releases speak L2TPv3 to the same port.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A MikroTik client."""

import random
import struct

import pytest

from lab import wait_until
from peer import Lac, Subscriber, ppp, wire
from peer.wire import avp, u16, u32

MPPE_STATELESS_128 = u32(0x01000040)
V3_CONTROL = wire.T | wire.L | wire.S | 3


class MikroTik(Lac):
    host_name = 'MikroTik'
    vendor_name = 'MikroTik'
    bearer_capabilities = 0
    window = 4

    def sccrq(self):
        # Two bytes say RFC 2661 and four says this.
        return super().sccrq() + avp(wire.FIRMWARE_REVISION, u32(1), mandatory=False)

    def icrq(self, call):
        return super().icrq(call) + avp(wire.PHYSICAL_CHANNEL_ID, u16(1), mandatory=False)

    def iccn(self, call):
        return super().iccn(call) + avp(wire.RX_CONNECT_SPEED, bytes(8), mandatory=False)


class MikroTikSubscriber(Subscriber):
    auth = 'mschapv2'

    def lcp_options(self):
        return super().lcp_options() + [(ppp.MRRU, u16(1600))]

    def other_ncps(self):
        return {ppp.CCP: [(ppp.MPPE, MPPE_STATELESS_128)], ppp.BCP: [(3, b'\x01')],
                ppp.MPLSCP: [], ppp.IPV6CP: [(1, random.randbytes(8))]}


@pytest.fixture
def dialled(access):
    return access.dial(MikroTik, MikroTikSubscriber)


def test_comes_up_and_carries_ip(access, dialled):
    lac, subscriber = dialled
    assert access.tunnel(lac)['profile'] == 'mikrotik'
    access.exchange(subscriber)


def test_each_protocol_too_many_is_rejected_and_ipcp_not_held_up(access, dialled):
    _, subscriber = dialled
    assert subscriber.ipcp.requests_sent <= 3, 'a timer ran out'
    assert ppp.MRRU in {kind for kind, _ in subscriber.lcp.rejected}

    def turned_down(protocol):
        return protocol in subscriber.protocol_rejects or subscriber.ncps[protocol].rejected

    subscriber.run(lambda: all(map(turned_down, (ppp.CCP, ppp.BCP, ppp.MPLSCP))),
                   'CCP, BCP and MPLSCP to be rejected')
    access.exchange(subscriber)


def test_l2tpv3_on_the_port_is_dropped_quietly(access, dialled):
    lac, subscriber = dialled
    dropped = access.drops('l2tp_version')
    sccrq = avp(wire.MESSAGE_TYPE, u16(wire.SCCRQ)) + avp(60, u32(1))
    lac.socket.sendto(struct.pack('!HHIHH', V3_CONTROL, 12 + len(sccrq), 0, 0, 0) + sccrq, lac.lns)
    wait_until(lambda: access.drops('l2tp_version') == dropped + 1, 'the drop to be counted')
    access.exchange(subscriber)  # Lac would object to an answer of another version
