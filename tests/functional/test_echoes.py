# LCP echoes of open sessions are the data plane's: they are answered while the control plane stands
# still, cost it nothing, tell how far away each subscriber is, and find the dead.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""LCP echoes by the data plane."""

import signal
import time

import pytest

from benchmark.modes.echoes import Echoes, NOTICED_S
from lab import config, wait_until
from peer import Subscriber

# What scripts/bench --only echoes does with ten times as many for a minute.
SESSIONS, SECONDS = 1000, 5
CPU_PERCENT = 5


def settings_of(lab, **ppp):
    settings = lab.controlplane_config()
    settings['ppp'] |= {'echo_interval_s': 1, **ppp}
    return settings


def echoes_of(lab, key):
    return lab.lnsctl('session', 'show', key)['counters']['echo']


@pytest.fixture
def online(lab, open_lac):
    """A subscriber of a LAC that shares nothing with ours, and its session's key."""
    lab.start_lns(controlplane=settings_of(lab))
    subscriber = Subscriber(open_lac(lab).call(), 'user1', config.PASSWORD)
    subscriber.connect()
    [session] = lab.sessions()
    key = '{local_tunnel_id}/{local_session_id}'.format(**session['key'])
    return subscriber, key


def listen(subscriber, seconds):
    """Answers what comes meanwhile."""
    end = time.monotonic() + seconds
    subscriber.run(lambda: time.monotonic() > end, 'the time to pass', seconds + 5)


def test_round_trips_are_measured_and_the_dead_found(make_lab):
    lab = make_lab(lacs=16)
    figures = Echoes(lab, SESSIONS, SECONDS).run()
    print(figures)
    assert figures['control_plane_cpu_percent'] < CPU_PERCENT
    assert figures['sessions_with_rtt'] == SESSIONS
    assert figures['echoes_per_second'] == pytest.approx(SESSIONS, rel=0.05)
    assert figures['lost_percent'] < 1
    assert 0 < figures['rtt_min_us'] <= figures['rtt_p50_us'] <= figures['rtt_max_us']
    assert figures['noticed'] == figures['silent'] == SESSIONS // 100
    assert figures['noticed_max_s'] <= NOTICED_S
    assert figures['lost_sessions'] == 0
    assert lab.lnsctl('counters')['lns.echo-timeout'] == figures['silent']


def test_echoes_are_answered_while_the_control_plane_stands_still(lab, online):
    subscriber, key = online
    wait_until(lambda: listen(subscriber, 0.2) or echoes_of(lab, key)['answered'] > 0,
               'an echo to be answered')
    assert echoes_of(lab, key)['rtt_last_us'] > 0
    lab.controlplane.signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            assert subscriber.echo() == subscriber.lns_magic
        listen(subscriber, 1.2)
    finally:
        lab.controlplane.signal(signal.SIGCONT)
    punted = lab.lnsctl('punts')['ppp_control']
    assert subscriber.echo() == subscriber.lns_magic
    assert lab.lnsctl('punts')['ppp_control'] == punted
    assert lab.lnsctl('router')['lcp_echo_reply'] >= 4


def test_a_data_plane_that_comes_back_blames_nobody(lab, online):
    subscriber, key = online
    lab.dataplane.kill()
    lab.processes.remove(lab.dataplane)
    wait_until(lambda: not lab.connected(), 'the control plane to notice')
    lab.start_dataplane()
    wait_until(lambda: lab.connected() and lab.lnsctl('dataplane')['sessions'] == 1, 'the refill')
    listen(subscriber, 4)
    echoes = echoes_of(lab, key)
    assert echoes['answered'] >= 2 and echoes['unanswered'] == 0
    assert [session['state'] for session in lab.sessions()] == ['online']
