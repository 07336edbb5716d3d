# l2tpns as a LAC: no Receive Window Size, Bearer Capabilities or Vendor Name in its SCCRQ, and
# never a Challenge; it answers one. It runs as a cluster: when another machine takes over, the
# tunnel goes on from that one's address, with the numbers where they were.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A LAC of an l2tpns cluster."""

import pytest

from lab import wait_until
from peer import Lac, wire
from peer.wire import avp, u16


class L2tpnsLac(Lac):
    host_name = 'cluster-1'
    window = None

    def hello(self):
        self.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.HELLO)))

    def go_on_from(self, socket):
        """The machine that takes over has the tunnel's state, and another address."""
        abandoned, self.socket = self.socket, socket
        return abandoned


def dial(access, name='cluster-1'):
    lac = access.lac(L2tpnsLac, port=1701, host_name=name, secret='of the cluster',
                     challenge=False)
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    return lac, subscriber


@pytest.mark.parametrize('name, challenged', [('cluster-1', True), ('cluster-2', False)])
def test_comes_up_without_a_challenge_of_its_own(access, name, challenged):
    lac, subscriber = dial(access, name)
    assert ((0, wire.CHALLENGE) in lac.sccrp.avps) == challenged
    assert access.tunnel(lac)['peer_window'] == 4
    access.exchange(subscriber)


def test_another_machine_of_the_cluster_takes_over(access):
    lac, subscriber = dial(access)
    assert access.tunnel(lac)['profile'] == 'l2tpns'
    address = access.address()
    abandoned = lac.go_on_from(access.socket(1701, address))
    lac.hello()
    lac.wait_acknowledged()
    assert access.tunnel(lac)['peer_endpoint'] == f'{address}:1701'
    access.expect_log(rf'moved to {address}')
    # Data follows, both ways, and calls come and go.
    access.exchange(subscriber)
    another = access.subscriber(lac.call())
    another.connect()
    access.exchange(another)
    subscriber.call.clear()
    access.expect_gone(subscriber)
    abandoned.settimeout(0)
    with pytest.raises(BlockingIOError):
        abandoned.recvfrom(2000)


def test_a_stranger_does_not_take_a_tunnel_over(access):
    """Who knows the tunnel's id, and the LNS's, and not its numbers."""
    lac, subscriber = dial(access)
    before, counted = access.tunnel(lac), access.count('control-wrong-source')
    stranger = access.socket(1701)
    hello = avp(wire.MESSAGE_TYPE, u16(wire.HELLO))
    for ns, nr in ((before['nr'] + 1, before['ns']), (before['nr'] - 1, before['ns']),
                   (before['nr'], before['ns'] + 1)):
        stranger.sendto(wire.control(lac.peer_id, 0, ns & 0xffff, nr & 0xffff, hello), lac.lns)
    access.exchange(subscriber)
    wait_until(lambda: access.count('control-wrong-source') == counted + 3, 'them to be counted')
    after = access.tunnel(lac)
    assert after['peer_endpoint'] == before['peer_endpoint']
    assert after['nr'] == before['nr']
    access.exchange(subscriber)


def test_only_its_profile_lets_a_peer_move(access):
    lac, subscriber = dial(access, 'cluster-2')
    endpoint = access.tunnel(lac)['peer_endpoint']
    dropped = access.drops('wrong_peer')
    home = lac.go_on_from(access.socket(1701))
    lac.hello()
    lac.send_data(subscriber.call.peer_id, b'\xff\x03\xc0\x21\x09\x01\x00\x08' + bytes(4))
    wait_until(lambda: access.drops('wrong_peer') > dropped, 'the data to be dropped')
    assert access.tunnel(lac)['peer_endpoint'] == endpoint
    lac.go_on_from(home).close()
    lac.wait_acknowledged()  # the HELLO once more, from where it belongs
    access.exchange(subscriber)
