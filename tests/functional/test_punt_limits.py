# Limits of interface groups, from the configuration and set at run time: a second access port, in a
# group of its own, replays junk that only the control plane can judge. What a flood of it does to
# others is in test_control_flood.py.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Limits on what goes up to the control plane."""

import time

import pytest
from lab import LabError, config, wait_until
from peer import Subscriber
from test_junk import header, junk_kinds
from test_junk_line_rate import frame, replaying_port

OTHER_SOURCES = [f'198.51.100.{number}' for number in range(150, 200)]


def first_messages():
    """Of 50 senders: what would open a tunnel, were it right."""
    message = next(payload for _, payload, counter in junk_kinds(1, 1) if counter == 'new_tunnel')
    return [frame(message, source) for source in OTHER_SOURCES]


@pytest.fixture
def flooded(make_lab):
    """A running LNS whose second access port, of the group "customer", replays the given frames."""
    def start(frames, limits=()):
        lab = make_lab()
        settings = lab.dataplane_config()
        settings['ports'].append(replaying_port(lab, frames * 4, group='customer'))
        settings['punt'] = {'limits': list(limits)}
        lab.start_lns(settings)
        return lab
    return start


def limits_of(lab, group, reason):
    return next(row for row in lab.lnsctl('punt', 'show')
                if (row['group'], row['reason']) == (group, reason))


def counted(lab, seconds):
    """What drops and overflows move by meanwhile, per second."""
    before, begin = {**lab.lnsctl('drops'), **lab.lnsctl('punt-overflows')}, time.monotonic()
    time.sleep(seconds)
    after = {**lab.lnsctl('drops'), **lab.lnsctl('punt-overflows')}
    elapsed = time.monotonic() - begin
    return {name: (after[name] - before.get(name, 0)) / elapsed for name in after
            if after[name] != before.get(name, 0)}


def test_limits_of_the_configuration_hold_and_are_changed_at_run_time(flooded):
    closed = {'group': 'customer', 'per_second': 0}
    lab = flooded(first_messages(), limits=[closed])
    assert limits_of(lab, 'customer', 'new_tunnel')['limits']['per_second'] == 0
    assert limits_of(lab, 'customer', 'new_tunnel')['passed'] == 0
    assert set(counted(lab, 1)) == {'punt_group_rate'}
    assert lab.tunnels() == []

    changed = lab.lnsctl('punt', 'set', '--group', 'customer', '--reason', 'new_tunnel',
                         '--per-second', 100, '--burst', 1)
    assert changed == {'changed': 1}
    before = limits_of(lab, 'customer', 'new_tunnel')['passed']
    time.sleep(2)
    passed = limits_of(lab, 'customer', 'new_tunnel')['passed'] - before
    assert 150 < passed < 350, f'{passed} in about two seconds'
    with pytest.raises(LabError, match='no interface group'):
        lab.lnsctl('punt', 'set', '--group', 'nobody')
    # Nobody else noticed.
    assert lab.lacsim('--sessions', 2, pps=100, seconds=1)['passed']


def test_ppp_control_of_one_session_does_not_displace_the_others(lns, open_lac):
    """A subscriber says who it is (LCP Identification) far more often than one may."""
    lac = open_lac(lns)
    call = lac.call()
    Subscriber(call, 'user1', config.PASSWORD).connect()
    lns.lnsctl('punt', 'set', '--group', 'access', '--reason', 'ppp_control',
               '--source-per-second', 20, '--source-burst', 20)
    flood = header(0x0002, lac.peer_id, call.peer_id) + \
        b'\xff\x03\xc0\x21\x0c\x01\x00\x08\x00\x00\x00\x00'
    before = limits_of(lns, 'access', 'ppp_control')['passed']
    for _ in range(500):
        lac.socket.sendto(flood, (config.LNS_ADDRESS, 1701))
    wait_until(lambda: limits_of(lns, 'access', 'ppp_control')['source_refused'] >= 400,
               'most of them to be refused')
    assert limits_of(lns, 'access', 'ppp_control')['passed'] - before < 100
    # Another session of the same tunnel is not held to it.
    Subscriber(lac.call(), 'user2', config.PASSWORD).connect()
