# OpenL2TP: every message of ours is held against RFC 2661 section 6, AVP by AVP and M bit by M bit,
# and its SCCRQ brings a Tie Breaker.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A strict OpenL2TP peer."""

import random

import pytest

from lab import wait_until
from peer import Lac, wire

# What an LNS sends a LAC (RFC 2661 6): AVPs that must be there, and those that may.
MUST = {
    wire.SCCRP: {0, 2, 3, 7, 9},
    wire.STOPCCN: {0, 9, 1},
    wire.HELLO: {0},
    wire.ICRP: {0, 14},
    wire.CDN: {0, 1, 14},
    wire.SLI: {0, 35},
}
MAY = {
    wire.SCCRP: {4, 6, 8, 10, 11, 13, 36},
    wire.CDN: {12, wire.PPP_DISCONNECT_CAUSE},
}
# M bit (4.4): the AVPs that MUST have it are all of the above but these.
NOT_MANDATORY = {6, 8, wire.PPP_DISCONNECT_CAUSE}


class OpenL2tp(Lac):
    host_name = 'openl2tp-lac'
    vendor_name = 'Katalix Systems Ltd. Linux'
    bearer_capabilities = 3
    firmware = 0x0108
    window = 10

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.tie_breaker = random.randbytes(8)
        self.checked = []

    def _on_message(self, message):
        kind = message.type
        there = {number for vendor, number in message.avps if vendor == 0}
        assert kind in MUST, f'message type {kind}'
        assert len(there) == len(message.avps), f'vendor AVPs: {message.avps.keys()}'
        assert MUST[kind] <= there, f'message {kind} lacks AVPs {MUST[kind] - there}'
        unexpected = there - MUST[kind] - MAY.get(kind, set())
        assert not unexpected, f'message {kind} has AVPs {unexpected}'
        mandatory = {number for _, number in message.mandatory}
        assert mandatory == there - NOT_MANDATORY, f'message {kind}: M bits of {mandatory}'
        self.checked.append(kind)
        super()._on_message(message)


@pytest.fixture
def dialled(access):
    return access.dial(OpenL2tp, port=1701)


def test_comes_up_with_a_tie_breaker(access, dialled):
    lac, subscriber = dialled
    assert access.tunnel(lac)['profile'] == 'openl2tp'
    assert lac.checked[:2] == [wire.SCCRP, wire.ICRP]
    access.exchange(subscriber)


def test_our_goodbyes_have_what_they_must_have(access, dialled):
    lac, subscriber = dialled
    lac.pump(lambda: wire.HELLO in lac.checked, 'a HELLO')
    access.lab.lnsctl('session', 'clear', '--user', subscriber.user)
    subscriber.run(lambda: subscriber.terminated, 'LCP Terminate-Request')
    subscriber.call.wait_cleared()
    access.lab.lnsctl('tunnel', 'clear', access.tunnel(lac)['local_tunnel_id'])
    lac.pump(lambda: lac.stopped, 'StopCCN')
    assert set(lac.checked) == {wire.SCCRP, wire.ICRP, wire.HELLO, wire.CDN, wire.STOPCCN}
    wait_until(lambda: access.tunnel(lac) is None or
               access.tunnel(lac)['state'] != 'established', 'the tunnel to end')
