# What an operator does with lnsctl, and what the peer sees of it.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Clearing sessions and tunnels."""

import pytest

from lab import config, wait_until
from lab.commands import run
from peer import Subscriber

CDN_ADMINISTRATIVE = 3


@pytest.fixture
def online(lns, open_lac):
    """Brings subscribers online; their LAC, and they."""
    def bring(count):
        lac = open_lac(lns)
        subscribers = []
        for i in range(1, count + 1):
            subscribers.append(Subscriber(lac.call(), f'user{i}', config.PASSWORD))
            subscribers[-1].connect()
        return lac, subscribers

    return bring


def test_clearing_one_session_leaves_the_others(lns, online):
    lac, (first, second) = online(2)
    lns.lnsctl('session', 'clear', '--user', 'user1')
    # LCP Terminate-Request first; a peer that never acknowledges it is cleared all the same.
    assert first.call.wait_cleared(20).code == CDN_ADMINISTRATIVE
    wait_until(lambda: [s['user_name'] for s in lns.sessions()] == ['user2'], 'one session left')
    assert second.echo() == second.lns_magic


def test_clearing_a_tunnel_sends_stopccn(lns, online):
    lac, _ = online(2)
    [tunnel] = lns.tunnels()
    lns.lnsctl('tunnel', 'clear', tunnel['local_tunnel_id'])
    lac.pump(lambda: lac.stopped, 'StopCCN')
    wait_until(lambda: lns.lnsctl('status')['sessions'] == 0, 'no session left')
    assert lns.lnsctl('dataplane')['sessions'] == 0


def test_clearing_what_is_not_there_says_so(lns):
    done = run([lns.program('lnsctl'), '--run-dir', lns.run_dir, 'session', 'clear',
                '--user', 'nobody'], check=False)
    assert done.returncode != 0
    assert 'nobody' in done.stderr


def test_tables_for_people(lns, online):
    online(1)
    for words, expected in ((['session', 'list'], 'user1'), (['tunnel', 'list'], 'established'),
                            (['workers'], '0')):
        done = run([lns.program('lnsctl'), '--run-dir', lns.run_dir, *words])
        assert expected in done.stdout
