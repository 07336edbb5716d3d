# `lnsctl explain`: what happened to one subscriber, told from what was kept of it, without a log
# level raised and without a secret in it. The peer is the independent one.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Why a session fell."""

import json

import pytest

from lab import config, wait_until
from peer import AuthenticationFailed, Subscriber

WRONG_PASSWORD = 'a-secret-mistake'


def explain(lab, *what):
    return lab.lnsctl('explain', *what)


def texts(explanation):
    return '\n'.join(f'{event["direction"]} {event["text"]}' for event in explanation['events'])


@pytest.fixture
def refused(lns, open_lac):
    """A subscriber with the wrong password, gone again."""
    subscriber = Subscriber(open_lac(lns).call(), 'user1', WRONG_PASSWORD, auth='pap')
    with pytest.raises(AuthenticationFailed):
        subscriber.connect()
    subscriber.wait_cleared()
    wait_until(lambda: lns.sessions() == [], 'the session to end')
    return lns


def test_a_refused_subscriber_after_the_fact(refused):
    [explanation] = explain(refused, 'session', 'user1')
    assert explanation['state'] == 'ended'
    assert 'authentication failed' in explanation['ending']['reason']
    assert explanation['ending']['sent_cause'].startswith('authentication failed (16, '), explanation['ending']
    told = texts(explanation)
    order = [told.index(word) for word in ('ICRQ', 'ICRP', 'ICCN', 'LCP', 'PAP', 'CDN')]
    assert order == sorted(order), told
    assert '>> ' in told and '<< ' in told


def test_passwords_and_secrets_are_not_in_it(refused):
    [tunnel] = refused.tunnels()
    everything = json.dumps([explain(refused, 'session', 'user1'),
                             explain(refused, 'tunnel', tunnel['local_tunnel_id'])])
    for secret in (WRONG_PASSWORD, config.SECRET):
        assert secret not in everything and secret.encode().hex() not in everything


def test_a_session_that_lives(lns, open_lac):
    Subscriber(open_lac(lns).call(), 'user2', config.PASSWORD, auth='chap').connect()
    [explanation] = explain(lns, 'session', 'user2')
    assert explanation['state'] == 'online'
    told = texts(explanation)
    order = [told.index(word) for word in ('ICRQ', 'ICCN', 'LCP', 'CHAP', 'IPCP')]
    assert order == sorted(order), told
    assert config.PASSWORD not in told


def test_a_tunnel(lns, open_lac):
    lac = open_lac(lns)
    [tunnel] = lns.tunnels()
    [explanation] = explain(lns, 'tunnel', tunnel['local_tunnel_id'])
    told = texts(explanation)
    order = [told.index(word) for word in ('SCCRQ', 'SCCRP', 'SCCCN')]
    assert order == sorted(order), told
    assert lac.host_name in told
