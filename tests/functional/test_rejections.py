# Calls and tunnels that must not come up: each is refused with the right code on the wire, leaves
# nothing behind, and is told to the operator in one clear line. The peer is the independent one of
# tests/support/peer, so the codes are read by a decoder that is not ours.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Refusals and their codes."""

import re

import pytest

from lab import config, wait_until
from peer import AuthenticationFailed, CallCleared, Subscriber, TunnelRefused

# RFC 2661 4.4.2.
STOPCCN_NOT_AUTHORISED = 4
CDN_GENERAL_ERROR, CDN_ADMINISTRATIVE, CDN_NO_FACILITIES_NOW = 2, 3, 4
ERROR_INSUFFICIENT_RESOURCES = 4


@pytest.fixture
def connected(lns, open_lac):
    return open_lac(lns)


def expect_log(lab, pattern):
    """One line of the control plane's log says so."""
    lab.controlplane.wait_for_output(pattern)


def expect_nothing_left(lab, sessions=0):
    wait_until(lambda: lab.lnsctl('status')['sessions'] == sessions,
               lambda: f'{sessions} sessions; there are {lab.sessions()}')
    assert lab.lnsctl('dataplane')['sessions'] == sessions
    online = lab.lnsctl('status')['sessions_online']
    assert sum(pool['used'] for pool in lab.lnsctl('status')['pools']) == online


def test_wrong_tunnel_secret(lns, make_lac):
    # No challenge of ours: we would notice that the LNS has another secret, and say so first.
    with pytest.raises(TunnelRefused) as refused:
        make_lac(lns, secret='not the secret', challenge=False).open()
    assert refused.value.result.code == STOPCCN_NOT_AUTHORISED
    expect_log(lns, r'(?i)warn.*scapy-lac.*(secret|authenti|challenge)')
    assert not [t for t in lns.tunnels() if t['state'] == 'established']


def test_peer_that_no_profile_matches(lab, make_lac):
    settings = lab.controlplane_config()
    settings['peers'][0]['match_host_name'] = 'known-*'
    lab.start_lns(controlplane=settings)
    with pytest.raises(TunnelRefused) as refused:
        make_lac(lab).open()
    assert refused.value.result.code == STOPCCN_NOT_AUTHORISED
    expect_log(lab, r'(?i)warn.*scapy-lac')
    make_lac(lab, host_name='known-lac').open()


def test_wrong_chap_password(lns, connected):
    subscriber = Subscriber(connected.call(), 'user1', 'wrong password', auth='chap')
    with pytest.raises(AuthenticationFailed):
        subscriber.connect()
    assert subscriber.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)user1.*(password|authenti)')
    expect_nothing_left(lns)


def test_wrong_pap_password_is_not_logged(lns, connected):
    subscriber = Subscriber(connected.call(), 'user1', 'a-secret-mistake', auth='pap')
    with pytest.raises(AuthenticationFailed):
        subscriber.connect()
    assert subscriber.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)user1.*(password|authenti)')
    assert 'a-secret-mistake' not in lns.controlplane.output()
    expect_nothing_left(lns)


def test_unknown_user(lns, connected):
    subscriber = Subscriber(connected.call(), 'nobody', config.PASSWORD, auth='pap')
    with pytest.raises(AuthenticationFailed):
        subscriber.connect()
    assert subscriber.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)nobody.*(unknown|no such|user|authenti)')
    expect_nothing_left(lns)


def test_exhausted_pool(lab, open_lac):
    settings = lab.controlplane_config()
    # Network, gateway, one subscriber, broadcast.
    settings['pools'] = [{'name': 'tiny', 'prefix': '100.64.0.0/30'}]
    lab.start_lns(controlplane=settings)
    lac = open_lac(lab)
    first = Subscriber(lac.call(), 'user1', config.PASSWORD)
    assert first.connect() == '100.64.0.2'
    subscriber = Subscriber(lac.call(), 'user2', config.PASSWORD)
    with pytest.raises((AuthenticationFailed, CallCleared)):
        subscriber.connect()
    assert subscriber.wait_cleared().code == CDN_NO_FACILITIES_NOW
    expect_log(lab, r'(?i)warn.*(pool|address)')
    expect_nothing_left(lab, sessions=1)
    # The address comes back with its session, after which the next call gets it.
    first.terminate()
    assert Subscriber(lac.call(), 'user2', config.PASSWORD).connect() == '100.64.0.2'


@pytest.mark.parametrize('limit', ['controlplane', 'dataplane'])
def test_full_session_table(lab, open_lac, limit):
    controlplane, dataplane = lab.controlplane_config(), lab.dataplane_config()
    if limit == 'controlplane':
        controlplane['lns']['max_sessions'] = 2
    else:
        dataplane['tables']['max_sessions'] = 2
    lab.start_lns(dataplane, controlplane)
    lac = open_lac(lab)
    calls = [lac.call(), lac.call()]
    with pytest.raises(CallCleared) as cleared:
        lac.call()
    result = cleared.value.result
    assert (result.code, result.error) == (CDN_GENERAL_ERROR, ERROR_INSUFFICIENT_RESOURCES), result
    expect_log(lab, r'(?i)warn.*(session|table|full|limit)')
    # The calls that were there are not disturbed, and room that becomes free is used.
    assert Subscriber(calls[0], 'user1', config.PASSWORD).connect()
    calls[1].clear()
    assert Subscriber(lac.call(), 'user2', config.PASSWORD).connect()


def test_refusals_do_not_flood_the_log(lns, make_lac):
    for _ in range(20):
        with pytest.raises(TunnelRefused):
            make_lac(lns, secret='not the secret', challenge=False).open()
    lines = [line for line in lns.controlplane.output().splitlines() if re.search('(?i)warn', line)]
    assert len(lines) <= 2 * 20, 'more than two lines for a refused tunnel'
