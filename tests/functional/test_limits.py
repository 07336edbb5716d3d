# How many sessions a user, a tunnel and a LAC may have: what RADIUS says of a user (Port-Limit) with
# each policy, and what the configuration says of peers.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Limits of sessions."""

import pytest

from lab import config, freeradius
from peer import AuthenticationFailed, CallCleared, Subscriber

PASSWORD = config.PASSWORD
# RFC 2661 4.4.2.
CDN_ADMINISTRATIVE, CDN_NO_FACILITIES_NOW = 3, 4


def start_lns(lab, **lns):
    settings = lab.controlplane_config(subscribers=3)
    settings['lns'].update(lns)
    settings['radius'] = {'servers': [{'address': '127.0.0.1', 'secret': freeradius.SECRET}]}
    return settings


def refused(lac, user):
    """The result code by which a call of the user ends before it is online."""
    subscriber = Subscriber(lac.call(), user, PASSWORD)
    with pytest.raises((AuthenticationFailed, CallCleared)):
        subscriber.connect()
    return subscriber.wait_cleared().code


def come_up(lac, user):
    subscriber = Subscriber(lac.call(), user, PASSWORD)
    subscriber.connect()
    return subscriber


def counter(lab, name):
    return lab.lnsctl('counters')[name]


@pytest.fixture
def network(lab):
    if freeradius.missing():
        pytest.skip(freeradius.missing())
    command = freeradius.prepare(lab.directory / 'raddb', [
        freeradius.user('single', PASSWORD), freeradius.user('twice', PASSWORD, 'Port-Limit = 2')])
    lab.start('freeradius', command, lab.lns).wait_for_output(freeradius.READY)
    return lab


def test_a_user_is_denied_more_sessions_than_radius_says(network, open_lac):
    network.start_lns(controlplane=start_lns(network, duplicate_users='deny'))
    lac = open_lac(network)
    come_up(lac, 'single')
    assert refused(lac, 'single') == CDN_ADMINISTRATIVE
    come_up(lac, 'twice')
    come_up(lac, 'twice')
    assert refused(lac, 'twice') == CDN_ADMINISTRATIVE
    assert counter(network, 'lns.user-denied') == 2
    assert network.lnsctl('status')['sessions_online'] == 3


def test_the_oldest_session_of_a_user_is_replaced(network, open_lac):
    network.start_lns(controlplane=start_lns(network, duplicate_users='replace'))
    lac = open_lac(network)
    first, second = come_up(lac, 'twice'), come_up(lac, 'twice')
    come_up(lac, 'twice')
    assert first.wait_cleared().code == CDN_ADMINISTRATIVE
    assert second.echo()
    assert counter(network, 'lns.user-replaced') == 1


def test_a_tunnel_and_a_lac_have_their_limits(network, make_lac):
    settings = start_lns(network, max_sessions_per_tunnel=2, duplicate_users='count')
    settings['peers'][0]['max_sessions'] = 3
    network.start_lns(controlplane=settings)
    first, second = make_lac(network), make_lac(network, port=40001)
    for lac in (first, second):
        lac.open()
    come_up(first, 'user1')
    stays = come_up(first, 'user1')
    assert counter(network, 'lns.user-duplicated') == 1
    with pytest.raises(CallCleared) as cleared:
        first.call()
    assert cleared.value.result.code == CDN_NO_FACILITIES_NOW
    assert counter(network, 'lns.session-closed.tunnel-session-limit') == 1
    come_up(second, 'user2')
    with pytest.raises(CallCleared) as cleared:
        second.call()
    assert cleared.value.result.code == CDN_NO_FACILITIES_NOW
    assert counter(network, 'lns.session-closed.lac-session-limit') == 1
    assert stays.echo()
