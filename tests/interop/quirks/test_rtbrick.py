# RtBrick as a LAC: hidden AVPs when told to, access lines with types that RFC 5515 does not have
# (PON), and updates of the connect speed (CSUN).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An RtBrick LAC."""

import random

import pytest

from lab import wait_until
from peer import Lac, access_line, wire
from peer.wire import avp, hidden_avp, u16, u32

PON_ACCESS_TYPE, ONT_PEAK_DATA_RATE_DOWNSTREAM = 0x97, 0xb1


class RtBrick(Lac):
    host_name = 'rtbrick-1'
    vendor_name = 'RtBrick'
    framing_capabilities = 1
    bearer_capabilities = 1
    window = 8
    reads_hidden_avps = True

    def icrq(self, call):
        vector = random.randbytes(16)
        return (avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                avp(wire.CALL_SERIAL_NUMBER, u32(call.serial)) +
                avp(wire.RANDOM_VECTOR, vector) +
                hidden_avp(wire.CALLING_NUMBER, call.calling.encode(), self.secret, vector) +
                access_line('olt-3 pon 1/2/3', 'ont-7', 200_000_000, 1_000_000_000,
                            [(PON_ACCESS_TYPE, u32(1)),
                             (ONT_PEAK_DATA_RATE_DOWNSTREAM, u32(1_000_000))]) +
                avp(wire.CONNECT_SPEED_UPDATE_ENABLE, b'', mandatory=False))

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.speed_requests = []  # our ids of the calls the LNS has asked about

    def _on_message(self, message):
        if message.type != wire.CSURQ:
            super()._on_message(message)
            return
        value = message.avps[0, wire.CONNECT_SPEED_UPDATE]
        assert (value[:2], value[4:]) == (bytes(2), bytes(8)), 'a request has no speeds'
        self.speed_requests.append(int.from_bytes(value[2:4], 'big'))

    def send_speed_update(self, call, transmit_bps, receive_bps):
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.CSUN), mandatory=False) +
                          avp(wire.CONNECT_SPEED_UPDATE, u16(0) + u16(call.peer_id) +
                              u32(transmit_bps) + u32(receive_bps), mandatory=False))


@pytest.fixture
def dialled(access):
    return access.dial(RtBrick, port=1701)


def test_comes_up_and_carries_ip(access, dialled):
    lac, subscriber = dialled
    assert access.session(subscriber)['calling_number'] == subscriber.call.calling
    access.exchange(subscriber)


def test_updated_connect_speed_is_seen(access, dialled):
    lac, subscriber = dialled
    assert int(access.session(subscriber)['tx_speed_bps']) == lac.connect_speed
    lac.send_speed_update(subscriber.call, 50_000_000, 10_000_000)
    lac.wait_acknowledged()
    wait_until(lambda: int(access.session(subscriber)['tx_speed_bps']) == 50_000_000,
               'the new speed')
    session = access.session(subscriber)
    assert int(session['rx_speed_bps']) == 10_000_000
    assert session['access_line']['circuit_id'] == 'olt-3 pon 1/2/3'
    assert int(session['access_line']['actual_rate_down_bps']) == 1_000_000_000
    access.exchange(subscriber)


def test_speeds_are_told_when_asked_for(access, dialled):
    lac, subscriber = dialled
    key = access.session(subscriber)['key']
    access.lab.lnsctl('session', 'line-speed',
                      f'{key["local_tunnel_id"]}/{key["local_session_id"]}')
    lac.pump(lambda: lac.speed_requests, 'CSURQ')
    assert lac.speed_requests == [subscriber.call.local_id]
    lac.send_speed_update(subscriber.call, 70_000_000, 7_000_000)
    lac.wait_acknowledged()
    wait_until(lambda: int(access.session(subscriber)['tx_speed_bps']) == 70_000_000, 'the speed')


def test_update_for_a_call_that_is_gone_harms_nobody(access, dialled):
    lac, subscriber = dialled
    other = lac.call()
    other.clear()
    lac.send_speed_update(other, 1000, 1000)
    lac.wait_acknowledged()
    access.exchange(subscriber)
