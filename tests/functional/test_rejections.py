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
from peer import AuthenticationFailed, CallCleared, Lac, Subscriber, TunnelRefused, udp_socket

LNS = (config.LNS_ADDRESS, 1701)
# RFC 2661 4.4.2.
STOPCCN_NOT_AUTHORISED = 4
CDN_GENERAL_ERROR, CDN_ADMINISTRATIVE, CDN_NO_FACILITIES_NOW = 2, 3, 4
ERROR_INSUFFICIENT_RESOURCES = 4


def make_lac(lab, secret=config.SECRET, **options):
    return Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), LNS, secret, **options)


@pytest.fixture
def connected(lns):
    lac = make_lac(lns)
    lac.open()
    return lac


def expect_log(lab, pattern):
    """One line of the control plane's log says so."""
    lab.controlplane.wait_for_output(pattern)


def expect_nothing_left(lab, sessions=0):
    wait_until(lambda: lab.lnsctl('status')['sessions'] == sessions,
               lambda: f'{sessions} sessions; there are {lab.sessions()}')
    assert lab.lnsctl('dataplane')['sessions'] == sessions
    online = lab.lnsctl('status')['sessions_online']
    assert sum(pool['used'] for pool in lab.lnsctl('status')['pools']) == online


def test_wrong_tunnel_secret(lns):
    # No challenge of ours: we would notice that the LNS has another secret, and say so first.
    with pytest.raises(TunnelRefused) as refused:
        make_lac(lns, secret='not the secret', challenge=False).open()
    assert refused.value.result.code == STOPCCN_NOT_AUTHORISED
    expect_log(lns, r'(?i)warn.*scapy-lac.*(secret|authenti|challenge)')
    assert not [t for t in lns.tunnels() if t['state'] == 'established']


def test_peer_that_no_profile_matches(lab):
    settings = lab.controlplane_config()
    settings['peers'][0]['match_host_name'] = 'known-*'
    lab.start_lns(controlplane=settings)
    with pytest.raises(TunnelRefused) as refused:
        make_lac(lab).open()
    assert refused.value.result.code == STOPCCN_NOT_AUTHORISED
    expect_log(lab, r'(?i)warn.*scapy-lac')
    make_lac(lab, host_name='known-lac').open()


def test_wrong_chap_password(lns, connected):
    call = connected.call()
    with pytest.raises(AuthenticationFailed):
        Subscriber(call, 'user1', 'wrong password', auth='chap').connect()
    assert call.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)user1.*(password|authenti)')
    expect_nothing_left(lns)


def test_wrong_pap_password_is_not_logged(lns, connected):
    call = connected.call()
    with pytest.raises(AuthenticationFailed):
        Subscriber(call, 'user1', 'a-secret-mistake', auth='pap').connect()
    assert call.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)user1.*(password|authenti)')
    assert 'a-secret-mistake' not in lns.controlplane.output()
    expect_nothing_left(lns)


def test_unknown_user(lns, connected):
    call = connected.call()
    with pytest.raises(AuthenticationFailed):
        Subscriber(call, 'nobody', config.PASSWORD, auth='pap').connect()
    assert call.wait_cleared().code == CDN_ADMINISTRATIVE
    expect_log(lns, r'(?i)nobody.*(unknown|no such|user|authenti)')
    expect_nothing_left(lns)


def test_exhausted_pool(lab):
    settings = lab.controlplane_config()
    # Network, gateway, one subscriber, broadcast.
    settings['pools'] = [{'name': 'tiny', 'prefix': '100.64.0.0/30'}]
    lab.start_lns(controlplane=settings)
    lac = make_lac(lab)
    lac.open()
    first = Subscriber(lac.call(), 'user1', config.PASSWORD)
    assert first.connect() == '100.64.0.2'
    call = lac.call()
    with pytest.raises((AuthenticationFailed, CallCleared)):
        Subscriber(call, 'user2', config.PASSWORD).connect()
    assert call.wait_cleared().code == CDN_NO_FACILITIES_NOW
    expect_log(lab, r'(?i)warn.*(pool|address)')
    expect_nothing_left(lab, sessions=1)
    # The address comes back with its session, after which the next call gets it.
    first.terminate()
    assert Subscriber(lac.call(), 'user2', config.PASSWORD).connect() == '100.64.0.2'


@pytest.mark.parametrize('limit', ['controlplane', 'dataplane'])
def test_full_session_table(lab, limit):
    controlplane, dataplane = lab.controlplane_config(), lab.dataplane_config()
    if limit == 'controlplane':
        controlplane['lns']['max_sessions'] = 2
    else:
        dataplane['tables']['max_sessions'] = 2
    lab.start_lns(dataplane, controlplane)
    lac = make_lac(lab)
    lac.open()
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


def test_refusals_do_not_flood_the_log(lns):
    for _ in range(20):
        with pytest.raises(TunnelRefused):
            make_lac(lns, secret='not the secret', challenge=False).open()
    lines = [line for line in lns.controlplane.output().splitlines() if re.search('(?i)warn', line)]
    assert len(lines) <= 2 * 20, 'more than two lines for a refused tunnel'
