# What an operator asks of a running LNS: to explain a subscriber, to drain, to show how a peer is
# treated, to place a call.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""lnsctl explain, drain, call, and profiles."""

import shutil

import pytest

from lab import config, wait_until
from lab.commands import run
from lab.topology import ROOT
from peer import CallCleared, Lac, Subscriber, udp_socket

TRY_ANOTHER = (2, 7)


def connect(lab, user, password=config.PASSWORD):
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), (config.LNS_ADDRESS, 1701),
              config.SECRET)
    lac.open()
    subscriber = Subscriber(lac.call(), user, password)
    subscriber.connect()
    return lac, subscriber


def texts(story):
    return '\n'.join(f"{event['direction']} {event['text']}" for event in story['events'])


def expect_in_order(text, words):
    at = 0
    for word in words:
        found = text.find(word, at)
        assert found >= 0, f'{word!r} not in order in:\n{text}'
        at = found + 1


def test_a_session_that_lives_is_explained_by_key_and_by_user(lns):
    connect(lns, 'user1')
    wait_until(lambda: [s['state'] for s in lns.sessions()] == ['online'], 'user1 online')
    key = lns.sessions()[0]['key']
    by_user = lns.lnsctl('explain', 'session', 'user1')
    by_key = lns.lnsctl('explain', 'session',
                        f"{key['local_tunnel_id']}/{key['local_session_id']}")
    for stories in (by_user, by_key):
        assert [story['user_name'] for story in stories] == ['user1']
        expect_in_order(texts(stories[0]),
                        ['>> ICRQ', '<< ICRP', '>> ICCN', '-- LCP starts', '<< LCP',
                         '-- AAA asked about user1', '-- user accepted', '-- online with'])


def test_why_a_subscriber_fell_is_told_after_they_are_gone(lns):
    lac, subscriber = connect(lns, 'user1')
    wait_until(lambda: lns.sessions(), 'user1 online')
    lns.lnsctl('session', 'clear', '--user', 'user1')
    subscriber.call.wait_cleared(20)
    wait_until(lambda: lns.sessions() == [], 'nobody left')
    [story] = lns.lnsctl('explain', 'session', 'user1')
    assert story['state'] == 'ended'
    assert 'cleared by the operator' in story['ending']['reason']
    assert story['ending']['sent_cause'].startswith('administrative disconnect (1)')
    expect_in_order(texts(story), ['-- being cleared', '<< CDN', '-- closed:'])


def test_nothing_known_is_said_so(lns):
    done = run([lns.program('lnsctl'), '--run-dir', lns.run_dir, 'explain', 'session', 'nobody'],
               check=False)
    assert done.returncode == 1
    assert 'nobody' in done.stderr


def test_draining_refuses_new_calls_and_tunnels_and_keeps_the_others(lns):
    lac, subscriber = connect(lns, 'user1')
    assert lns.lnsctl('drain', 'on') == {'draining': True}
    with pytest.raises(CallCleared) as refused:
        lac.call()
    assert (refused.value.result.code, refused.value.result.error) == TRY_ANOTHER
    assert subscriber.echo() == subscriber.lns_magic
    assert lns.lnsctl('status')['draining']
    assert lns.lnsctl('drain', 'off') == {'draining': False}
    Subscriber(lac.call(), 'user2', config.PASSWORD).connect()


def test_a_peer_is_treated_as_it_is_recognised(lab):
    profiles = lab.directory / 'profiles'
    shutil.copytree(ROOT / 'deploy' / 'profiles', profiles)
    (profiles / 'scapy.yaml').write_text('match:\n  host_names: ["scapy*"]\nhello_interval_s: 7\n')
    settings = lab.controlplane_config()
    settings['profiles'] = ['windows', 'cisco', 'scapy']
    lab.start_lns(controlplane=settings)
    connect(lab, 'user1')
    [tunnel] = lab.tunnels()
    assert (tunnel['peer'], tunnel['profile']) == ('lab', 'scapy')


def test_a_mistake_in_a_profile_is_named(lab):
    settings = lab.controlplane_config()
    settings['profiles'] = ['mine']
    profiles = lab.directory / 'profiles'
    profiles.mkdir()
    (profiles / 'mine.yaml').write_text('match:\n  host_names: [x]\nhello_intervall_s: 7\n')
    path = config.write(lab.directory / 'controlplane.yaml', settings)
    done = run([lab.program('lns-controlplane'), '--config', path, '--check'], check=False)
    assert done.returncode != 0
    assert f"{profiles / 'mine.yaml'}:3" in done.stdout + done.stderr
    assert 'hello_intervall_s' in done.stdout + done.stderr


def test_the_lns_calls_a_subscriber(lns):
    lacsim = lns.start_lacsim('--tunnels', 1, '--sessions', 1, '--outgoing', '--hold', 3)
    wait_until(lambda: [t['state'] for t in lns.tunnels()] == ['established'], 'the tunnel')
    placed = lns.lnsctl('call', '5550123', '--peer', 'lab')
    wait_until(lambda: [s['state'] for s in lns.sessions()] == ['online'], 'the called subscriber')
    [session] = lns.sessions()
    assert session['key'] == placed['key']
    assert session['outgoing'] and session['called_number'] == '5550123'
    [story] = lns.lnsctl('explain', 'session', 'user1')
    expect_in_order(texts(story), ['-- we place a call to 5550123', '<< OCRQ', '>> OCRP', '>> OCCN'])
    assert lacsim.wait(30) == 0
