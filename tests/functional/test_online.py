# A subscriber from call to traffic and back, through both processes and the real packet path.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Subscribers online, end to end."""

import ipaddress

import pytest

from lab import config, wait_until

SESSIONS = 20


def sessions_online(lab, count):
    return wait_until(lambda: len([s for s in lab.sessions() if s['state'] == 'online']) == count,
                      lambda: f'{count} sessions online; there are: {lab.sessions()}')


@pytest.mark.parametrize('auth', ['chap', 'pap'])
def test_subscribers_come_online_and_pass_traffic(lns, auth):
    lacsim = lns.start_lacsim('--sessions', SESSIONS, '--auth', auth, '--ping', 3, '--hold', 3,
                              pps=500, seconds=2)
    sessions_online(lns, SESSIONS)
    sessions = lns.sessions()
    assert {s['user_name'] for s in sessions} == {f'user{i}' for i in range(1, SESSIONS + 1)}
    assert {s['auth_protocol'] for s in sessions} == {'pap' if auth == 'pap' else 'chap-md5'}
    addresses = {ipaddress.ip_address(s['ipv4_address']) for s in sessions}
    assert len(addresses) == SESSIONS
    assert all(a in ipaddress.ip_network(config.POOL) for a in addresses)
    assert lns.lnsctl('dataplane')['sessions'] == SESSIONS
    [tunnel] = lns.tunnels()
    assert tunnel['state'] == 'established' and tunnel['sessions'] == SESSIONS

    assert lacsim.wait(60) == 0, lacsim.output()
    report = lns.report_of(lacsim)
    assert report['sessions']['established'] == SESSIONS
    assert report['ping']['received'] == 3
    for direction in ('up', 'down'):
        flow = report['traffic'][direction]
        assert flow['offered'] >= 300  # of 1000; a busy machine makes the sender late
        assert (flow['lost'], flow['reordered'], flow['duplicated'], flow['corrupt']) == (0,) * 4


def test_packets_take_the_path_they_should(lns):
    report = lns.lacsim('--sessions', 5, '--hold', 1, pps=400, seconds=2)
    up, down = (report['traffic'][d]['offered'] for d in ('up', 'down'))
    xdp, punts, traffic = (lns.lnsctl(name) for name in ('xdp', 'punts', 'traffic'))
    assert xdp['l2tp_redirected'] > up  # data and control
    assert xdp['subscriber_redirected'] >= down
    assert traffic['uplink_packets'] >= up
    assert traffic['downlink_packets'] >= down
    # ICRQ, ICCN, LCP, CHAP, IPCP of five calls; SCCRQ and SCCCN.
    assert sum(punts.values()) > 5 * 6 + 2
    assert not [name for name, value in lns.lnsctl('drops').items() if value], 'no drop expected'


def test_hanging_up_returns_everything(lns):
    lns.lacsim('--sessions', SESSIONS)
    wait_until(lambda: lns.lnsctl('status')['sessions'] == 0, 'sessions to end')
    assert lns.lnsctl('dataplane')['sessions'] == 0
    assert [pool['used'] for pool in lns.lnsctl('status')['pools']] == [0]
    # And again: nothing of the first time is in the way.
    lns.lacsim('--sessions', SESSIONS)


def test_without_tunnel_secret(lab):
    lab.start_lns(controlplane=lab.controlplane_config(secret=None))
    lab.lacsim('--sessions', 2, secret=None)


def test_several_tunnels_from_one_address_and_from_several(make_lab):
    lab = make_lab(lacs=3)
    lab.start_lns(controlplane=lab.controlplane_config(subscribers=30))
    lacsim = lab.start_lacsim('--tunnels', 3, '--sessions', 30, '--hold', 3)
    sessions_online(lab, 30)
    assert len({t['peer_endpoint'] for t in lab.tunnels()}) == 3
    assert lacsim.wait(60) == 0, lacsim.output()


def test_fixed_address_of_a_user(lab):
    settings = lab.controlplane_config(subscribers=2)
    settings['users'][1]['address'] = '100.64.9.9'
    lab.start_lns(controlplane=settings)
    lacsim = lab.start_lacsim('--sessions', 2, '--hold', 3)
    sessions_online(lab, 2)
    by_user = {s['user_name']: s['ipv4_address'] for s in lab.sessions()}
    assert by_user['user2'] == '100.64.9.9'
    assert lacsim.wait(60) == 0, lacsim.output()


def test_real_ping_inside_a_subscriber(lns):
    report = lns.lacsim('--sessions', 1, '--tun', 'sub0', '--tun-netns', lns.subscriber.name,
                        '--exec', f'ip netns exec {lns.subscriber} '
                                  f'ping -c 3 -i 0.2 {config.HOST_ADDRESS}')
    assert report['exec']['exit_code'] == 0


def test_a_capture_of_it_all_has_no_fault(lns):
    access = lns.capture(lns.lac, 'lac0', 'access')
    core = lns.capture(lns.host, 'host0', 'core')
    lns.lacsim('--sessions', 10, '--ping', 3, pps=200, seconds=2)
    for capture in (access, core):
        assert capture.stop() == 0, 'the capture must hold every packet'
        assert capture.faults() == []
    assert access.fields('l2tp.type == 1', 'frame.number')
    assert access.fields('chap', 'frame.number')
    assert core.fields('icmp', 'frame.number')
