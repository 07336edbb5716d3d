# What the network does to control messages (RFC 2661 5.8), done by an independent LAC: sequence
# numbers that wrap, messages that overtake one another, messages that come several times.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Control messages in trouble."""

from lab import config
from peer import Subscriber, wire
from peer.wire import avp, u16

HELLO = avp(wire.MESSAGE_TYPE, u16(wire.HELLO))
# Messages at once, no more than fit the window of the LNS.
BURST = 32


class Untidy:
    """A socket that keeps datagrams back and lets them go in another order."""

    def __init__(self, socket):
        self._socket = socket
        self.held = None  # a list while it keeps them back

    def __getattr__(self, name):
        return getattr(self._socket, name)

    def sendto(self, datagram, address):
        if self.held is None:
            self._socket.sendto(datagram, address)
        else:
            self.held.append((datagram, address))

    def hold(self):
        self.held = []

    def release(self, order):
        held, self.held = self.held, None
        for one in order(held):
            self._socket.sendto(*one)


def online(lac, user='user1'):
    subscriber = Subscriber(lac.call(), user, config.PASSWORD)
    subscriber.connect()
    return subscriber


def test_sequence_numbers_wrap(lns, open_lac):
    lac = open_lac(lns)
    before = online(lac)
    while lac.sent_messages < 65536 + BURST:
        for _ in range(BURST):
            lac.send_control(0, HELLO)
        lac.wait_acknowledged()
    assert lac.next_ns < 100
    after = online(lac, 'user2')
    for subscriber in (before, after):
        assert subscriber.echo() == subscriber.lns_magic
    assert lac.retransmissions == 0


def test_calls_whose_messages_arrive_backwards(lns, open_lac):
    lac = open_lac(lns)
    lac.socket = Untidy(lac.socket)
    lac.socket.hold()
    calls = [lac.offer() for _ in range(4)]
    lac.socket.release(reversed)
    for call in calls:
        lac.await_answer(call)
    lac.socket.hold()
    for call in calls:
        lac.connect(call)
    lac.socket.release(reversed)
    lac.wait_acknowledged()
    for i, call in enumerate(calls, 1):
        assert Subscriber(call, f'user{i}', config.PASSWORD).connect()
    assert lac.retransmissions == 0, 'a message that came early was thrown away'


def test_messages_that_come_three_times_count_once(lns, open_lac):
    lac = open_lac(lns)
    lac.socket = Untidy(lac.socket)
    lac.socket.hold()
    call = lac.offer()
    lac.socket.release(lambda held: held * 3)
    lac.await_answer(call)
    lac.socket.hold()
    lac.connect(call)
    lac.socket.release(lambda held: held * 3)
    lac.wait_acknowledged()
    subscriber = Subscriber(call, 'user1', config.PASSWORD)
    assert subscriber.connect()
    [session] = lns.sessions()
    assert session['user_name'] == 'user1'
    lac.socket.hold()
    call.send_clear()
    lac.socket.release(lambda held: held * 3)
    lac.wait_acknowledged()
    assert online(lac, 'user2')
