# macOS and iOS: an ephemeral port, no vendor name, result codes with their bytes swapped,
# AppleTalk's successor ACSP beside IPCP, and no answer to HELLO.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An Apple device."""

import random

import pytest

from peer import Lac, Subscriber, ppp, wire
from peer.wire import u32


class Apple(Lac):
    host_name = 'MacBook-Air.local'
    window = 4

    def ignores(self, message):
        return message.type == wire.HELLO


class AppleSubscriber(Subscriber):
    auth = 'mschapv2'

    def lcp_options(self):
        return [(ppp.ASYNC_MAP, bytes(4)), (ppp.MAGIC, u32(self.magic)), (ppp.PFC, b''),
                (ppp.ACFC, b'')]

    def ipcp_options(self):
        return [(ppp.IP_ADDRESS, ppp.ANY_ADDRESS), (ppp.DNS1, ppp.ANY_ADDRESS),
                (ppp.DNS2, ppp.ANY_ADDRESS)]

    def other_ncps(self):
        return {ppp.ACSP: [(1, bytes(4)), (2, bytes(4))], ppp.IPV6CP: [(1, random.randbytes(8))]}


def swapped(value):
    return value.to_bytes(2, 'little')


@pytest.fixture
def dialled(access):
    return access.dial(Apple, AppleSubscriber)


def test_comes_up_and_carries_ip(access, dialled):
    lac, subscriber = dialled
    assert access.tunnel(lac)['profile'] == 'apple'
    # The asynchronous control character map means nothing here, and is not worth a Nak.
    assert subscriber.lcp.rejected == [] and subscriber.lcp.requests_sent == 1
    access.exchange(subscriber)


def test_acsp_is_rejected_as_a_protocol_each_time(access, dialled):
    _, subscriber = dialled
    subscriber.run(lambda: ppp.ACSP in subscriber.protocol_rejects, 'the Protocol-Reject of ACSP')
    subscriber.ncps[ppp.ACSP].start()
    access.exchange(subscriber)
    assert access.session(subscriber)['state'] == 'online'


def test_swapped_result_codes_are_understood(access, dialled):
    lac, subscriber = dialled
    second = access.subscriber(lac.call(), AppleSubscriber)
    second.connect()
    second.call.send_clear(swapped(3))
    lac.wait_acknowledged()
    access.expect_gone(second)
    access.exchange(subscriber)
    lac.send_stop(swapped(6))
    lac.wait_acknowledged()
    access.expect_tunnel_gone(lac)
    access.expect_log(rf'{lac.host_name}.* closed by the peer: .*\b6\b')


def test_is_back_from_another_address_while_the_old_one_is_still_there(access, dialled):
    """A device that changes its network says no goodbye."""
    _, before = dialled
    lac = access.lac(Apple)
    lac.open()
    subscriber = AppleSubscriber(lac.call(), before.user, before.password)
    subscriber.connect()
    access.exchange(subscriber)
    before.wait_cleared()
    assert access.session(subscriber)['ipv4_address'] == subscriber.address
