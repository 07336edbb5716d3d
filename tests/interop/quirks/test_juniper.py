# Juniper MX and JunosE as a LAC: no Receive Window Size, failover offered by default (RFC 4951),
# and the access line described in every ICRQ (RFC 5515).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A Juniper LAC."""

from peer import CarrierLac, access_line, wire
from peer.wire import avp, u16, u32

FAILOVER_CONTROL_AND_DATA = 3


class Juniper(CarrierLac):
    host_name = 'mx960'
    vendor_name = 'Juniper Networks, Inc.'
    bearer_capabilities = 3
    firmware = 0x1411
    window = None

    def sccrq(self):
        return super().sccrq() + avp(
            wire.FAILOVER_CAPABILITY, u16(FAILOVER_CONTROL_AND_DATA) + u32(60_000), mandatory=False)

    def icrq(self, call):
        return super().icrq(call) + access_line('dslam7 atm 3/1:0.100', 'line-42', 1_024_000,
                                                16_000_000)


def test_comes_up_with_the_window_of_the_rfc(access):
    lac = access.lac(Juniper, port=1701)
    lac.open()
    assert access.tunnel(lac)['profile'] == 'juniper'
    assert access.tunnel(lac)['peer_window'] == 4
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)


def test_failover_is_not_promised(access):
    """An LNS that says it can and cannot breaks the recovery of a LAC that restarts."""
    lac = access.lac(Juniper, port=1701)
    lac.open()
    assert (0, wire.FAILOVER_CAPABILITY) not in lac.sccrp.avps


def test_several_calls_at_once_stay_within_its_window(access):
    """Lac checks what arrives against the window it announced, or 4."""
    lac = access.lac(Juniper, port=1701)
    lac.open()
    calls = [lac.offer() for _ in range(12)]
    for call in calls:
        lac.await_answer(call)
        lac.connect(call)
    lac.wait_acknowledged()
    subscribers = [access.subscriber(call) for call in calls]
    for subscriber in subscribers:
        subscriber.connect()
    for subscriber in subscribers:
        access.exchange(subscriber)


def test_login_without_a_calling_number(access):
    """AVP 22 can be turned off there."""
    lac = access.lac(Juniper, port=1701)
    lac.open()
    subscriber = access.proxied(lac, calling='')
    subscriber.await_verdict()
    subscriber.negotiate_ipcp()
    access.exchange(subscriber)
