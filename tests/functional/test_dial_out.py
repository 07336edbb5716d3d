# The LNS takes the first step: it opens a tunnel to a configured peer and places calls there, at an
# operator's word. The peer is the independent one, now as the LAC that is called.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Tunnels and calls that the LNS opens."""

import pytest

from lab import LabError, config, wait_until
from peer import AnsweringLac, Lac, SharedSocket, Subscriber, exchange, udp_socket, wire

LNS = (config.LNS_ADDRESS, 1701)
NUMBER = '0301234567'
BUSY = 8  # CDN: busy tone (RFC 2661 4.4.2)


@pytest.fixture
def dialling(lab):
    settings = lab.controlplane_config()
    settings['peers'][0].update(name='lac', dial_address=lab.lac_addresses[0])
    lab.start_lns(controlplane=settings)
    return lab


@pytest.fixture
def lac(dialling):
    """A LAC that the LNS has opened a tunnel to."""
    one = AnsweringLac(udp_socket(dialling.lac.name, dialling.lac_addresses[0], 1701), LNS,
                       config.SECRET)
    dialling.lnsctl('tunnel', 'open', 'lac')
    one.answer()
    yield one
    one.leave()


def test_tunnel_with_authentication_both_ways(dialling, lac):
    wait_until(lambda: [tunnel['state'] for tunnel in dialling.tunnels()] == ['established'],
               'the tunnel')
    [tunnel] = dialling.tunnels()
    assert tunnel['opened_by_us']
    assert tunnel['peer_endpoint'] == f'{dialling.lac_addresses[0]}:1701'
    # Who has opened it matters no more: the LAC may call, too.
    subscriber = Subscriber(lac.call(), 'user1', config.PASSWORD)
    assert subscriber.connect()


def test_outgoing_call_carries_ip(dialling, lac):
    dialling.lnsctl('call', NUMBER, '--peer', 'lac')
    call = lac.take_order()
    assert call.called == NUMBER
    lac.accept(call)
    lac.connected(call)
    subscriber = Subscriber(call, 'user1', config.PASSWORD)
    subscriber.connect()
    host = udp_socket(dialling.host.name, config.HOST_ADDRESS, 7007)
    exchange(subscriber, host)
    host.close()
    [session] = dialling.sessions()
    assert session['outgoing'] and session['called_number'] == NUMBER
    call.clear()
    wait_until(lambda: dialling.sessions() == [], 'the session to end')


@pytest.mark.parametrize('ringing', [False, True], ids=['at once', 'after it rang'])
def test_outgoing_call_that_nobody_answers(dialling, lac, ringing):
    dialling.lnsctl('call', NUMBER, '--peer', 'lac')
    call = lac.take_order()
    if ringing:
        lac.accept(call)
    call.clear(BUSY)
    wait_until(lambda: dialling.sessions() == [], 'the session to end')
    assert dialling.lnsctl('dataplane')['sessions'] == 0
    assert [tunnel['state'] for tunnel in dialling.tunnels()] == ['established']


def test_tunnel_to_nobody_is_refused_by_name(dialling):
    with pytest.raises(LabError, match='nobody'):
        dialling.lnsctl('tunnel', 'open', 'nobody')


@pytest.mark.parametrize('wins', [True, False], ids=['ours wins', 'the LNS wins'])
def test_both_open_at_the_same_time(dialling, wins):
    """RFC 2661 5.8 and 4.4.3: the lower Tie Breaker stays, and the other tunnel goes silently."""
    shared = SharedSocket(udp_socket(dialling.lac.name, dialling.lac_addresses[0], 1701))
    called = AnsweringLac(shared.view(0), LNS, config.SECRET)
    shared.alias(called.local_id, 0)
    dialling.lnsctl('tunnel', 'open', 'lac')
    called.pump(lambda: called.asked, 'SCCRQ')
    theirs = int.from_bytes(called.asked.avps[0, wire.TIE_BREAKER], 'big')
    caller = Lac(shared.view(4711), LNS, config.SECRET, local_id=4711)
    caller.tie_breaker = (theirs - 1 if wins else theirs + 1).to_bytes(8, 'big')
    caller.send_sccrq()
    if wins:
        caller.complete()
        winner = caller
    else:
        called.answer()
        winner = called
    subscriber = Subscriber(winner.call(), 'user1', config.PASSWORD)
    assert subscriber.connect()
    [tunnel] = [tunnel for tunnel in dialling.tunnels() if tunnel['state'] == 'established']
    assert tunnel['opened_by_us'] == (not wins)
    winner.leave()
    shared.close()
