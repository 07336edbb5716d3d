# mpd5 on FreeBSD: data messages are numbered unless that is turned off, and its kernel drops those
# that arrive out of order.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An mpd5 client."""

import pytest

from peer import Lac, wire
from peer.wire import avp


class Mpd(Lac):
    host_name = 'mpd.example'
    vendor_name = 'FreeBSD MPD'
    window = 8

    def iccn(self, call):
        return super().iccn(call) + avp(wire.SEQUENCING_REQUIRED, b'')


@pytest.fixture
def dialled(access):
    lac = access.lac(Mpd)
    lac.open()
    call = lac.call()
    call.next_ns = 0
    subscriber = access.subscriber(call)
    subscriber.connect()
    return subscriber


def test_numbered_data_both_ways_in_order(access, dialled):
    for _ in range(20):
        access.exchange(dialled)
    numbers = dialled.call.received_ns
    assert numbers == list(range(len(numbers))) and len(numbers) > 40
    assert dialled.call.unnumbered == 0, 'data without a number, though it is required'


def test_numbers_wrap(access, dialled):
    """Ahead by less than half of all numbers is a loss, however great; behind would be late."""
    for number in (30_000, 60_000, 65_530):
        dialled.call.next_ns = number
        access.exchange(dialled)
    for _ in range(5):
        access.exchange(dialled)
    assert dialled.call.next_ns < 100


def test_data_without_numbers_for_a_while_is_taken(access, dialled):
    """Sequencing may be turned off at any time by the side that did not ask for it (5.4)."""
    resume = dialled.call.next_ns
    dialled.call.next_ns = None
    access.exchange(dialled)
    dialled.call.next_ns = resume
    access.exchange(dialled)
