# Android up to 11 (mtpd): one message at a time, and the next one only after a plain
# acknowledgement of the last; retransmission every two seconds without backing off; messages of any
# but its own form are dropped without a word; StopCCN and CDN are never acknowledged.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An Android phone."""

import struct

import pytest

from lab import wait_until
from peer import Lac, TunnelRefused, wire
from peer.wire import avp, u16, u32

SHUT_DOWN = 6


class Android(Lac):
    host_name = 'anonymous'
    framing_capabilities = 3
    window = 1
    retransmit_s = 2.0
    framing_type = 3
    reads_hidden_avps = True

    def icrq(self, call):
        return (avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                avp(wire.CALL_SERIAL_NUMBER, u32(call.serial)))

    def on_datagram(self, datagram):
        """What it would drop, an LNS must not send."""
        flags, length = struct.unpack('!HH', datagram[:4])
        if flags & wire.T:
            assert flags & 0xcb0f == 0xc802 and length == len(datagram), datagram.hex()
            if length > wire.CONTROL_HEADER_LENGTH:
                assert datagram[12:18] == b'\x80\x08' + bytes(4), 'Message Type AVP not as usual'
        super().on_datagram(datagram)

    def ignores(self, message):
        """It takes the very next message, and only once its own is acknowledged by it."""
        in_turn = (message.ns, message.nr) == (self._nr, self._ns)
        leaves = message.type in (wire.STOPCCN, wire.CDN)
        return bool(message.avps) and (leaves or not in_turn)


@pytest.fixture
def dialled(access):
    return access.dial(Android)


def test_comes_up_without_a_retransmission(access, dialled):
    lac, subscriber = dialled
    assert access.tunnel(lac)['profile'] == 'android'
    assert access.tunnel(lac)['peer_window'] == 1
    assert (lac.retransmissions, access.tunnel(lac)['retransmissions']) == (0, 0)
    access.exchange(subscriber)


def test_every_message_twice_makes_nothing_twice(access):
    """Its two seconds may be shorter than a mobile network's round trip."""
    lac = access.lac(Android)
    transmit = lac._transmit

    def twice(*message):
        transmit(*message)
        transmit(*message)

    lac._transmit = twice
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)
    tunnels = [tunnel for tunnel in access.lab.tunnels()
               if tunnel['peer_endpoint'] == access.tunnel(lac)['peer_endpoint']]
    assert len(tunnels) == 1 and tunnels[0]['sessions'] == 1


def test_with_a_secret_it_proves_itself(access):
    address = access.lab.lac_addresses[0]
    lac = access.lac(Android, address=address, secret='of the androids')
    lac.open()
    assert (0, wire.CHALLENGE) in lac.sccrp.avps
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)


def test_with_the_wrong_secret_it_is_refused(access):
    lac = access.lac(Android, address=access.lab.lac_addresses[0], secret='another')
    lac._check_sccrp = lambda: None  # it would notice first that ours differs
    lac.ignores = lambda message: False
    with pytest.raises(TunnelRefused) as refused:
        lac.open()
    assert refused.value.result.code == 4


def test_its_own_goodbye_has_no_error_code(access, dialled):
    lac, subscriber = dialled
    lac.send_stop(u16(SHUT_DOWN))
    lac.wait_acknowledged()
    access.expect_gone(subscriber)
    access.expect_log(r'anonymous.* closed by the peer: .*\b6\b')


def test_never_acknowledges_our_goodbye(access):
    """The tunnel ends after a few tries, and nobody's log is flooded."""
    lac = access.lac(Android, address=access.lab.lac_addresses[1])
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    tunnel_id = access.tunnel(lac)['local_tunnel_id']
    before = len(access.lab.controlplane.output().splitlines())
    access.lab.lnsctl('tunnel', 'clear', tunnel_id)
    access.expect_gone(subscriber)
    wait_until(lambda: access.tunnel(lac) is None, 'the tunnel to be given up')
    lac.peer_id = 0  # it is gone: nobody is there to be told
    lines = access.lab.controlplane.output().splitlines()[before:]
    assert len(lines) <= 5, lines


class Android10(Android):
    """Leaves HELLO unanswered."""
    unanswered = 0

    def ignores(self, message):
        if message.type == wire.HELLO:
            self.unanswered += 1
            return True
        return super().ignores(message)


def test_who_insists_on_hello_loses_it(access):
    """An entry of `peers` that asks for HELLO goes before the profile, which asks for none: the
    phone is there, does not answer, and is given up with its subscriber."""
    lac = access.lac(Android10, address=access.lab.lac_addresses[2])
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)
    lac.pump(lambda: lac.unanswered >= 2, 'a HELLO, and its retransmission')
    access.expect_gone(subscriber)
    access.expect_tunnel_gone(lac)
    access.expect_log(r'anonymous.* closed as the peer stopped answering')
    lac.peer_id = 0  # nobody is there to be told
