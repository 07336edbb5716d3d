# D-Link DIR-300: the control messages of its tunnel keep tunnel id 0 in their header to the end.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A D-Link router."""

from peer import Lac


class DLink(Lac):
    host_name = 'DIR-300'
    window = 4
    keeps_tunnel_id_zero = True


def test_comes_up_carries_ip_and_leaves(access):
    lac = access.lac(DLink, port=1701)
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    assert lac.retransmissions == 0
    access.exchange(subscriber)
    subscriber.call.clear()
    access.expect_gone(subscriber)
    lac.close()
    access.expect_tunnel_gone(lac)


def test_two_routers_are_told_apart(access):
    lacs = [access.lac(DLink, port=1701) for _ in range(2)]
    for lac in lacs:
        lac.open()
    subscribers = [access.subscriber(lac.call()) for lac in lacs]
    for subscriber in subscribers:
        subscriber.connect()
    for subscriber in subscribers:
        access.exchange(subscriber)
