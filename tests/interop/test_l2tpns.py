# lacsim dials Debian's l2tpns, which asks FreeRADIUS who the users are: an LNS and a RADIUS server
# that share no code with us accept lib/l2tp's LAC and lib/ppp's client, and IP packets pass both
# ways. Private namespaces: LAC, LNS (with l2tpns and freeradius), host, a subscriber's own.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""lacsim against l2tpns and FreeRADIUS."""

import contextlib
import os
import pathlib

import pytest

from lab import l2tpns
from lab.config import HOST_ADDRESS as HOST

TREE = os.environ.get('TERMINUS_TREE') or pathlib.Path(__file__).parents[2] / 'build'
LACSIM = pathlib.Path(TREE).absolute() / 'tools/lacsim/lacsim'
SESSIONS = 10


@pytest.fixture
def network(tmp_path):
    if os.geteuid() != 0:
        pytest.skip('needs root: network namespaces')
    if l2tpns.missing():
        pytest.skip(l2tpns.missing())
    assert LACSIM.exists(), f'{LACSIM} is not built'
    with contextlib.ExitStack() as stack:
        yield l2tpns.L2tpnsLab(LACSIM, tmp_path, stack, sessions=SESSIONS)


def assert_clean(lane):
    assert lane['offered'] > 0
    assert (lane['received'], lane['lost'], lane['duplicated'], lane['reordered'],
            lane['corrupt']) == (lane['offered'], 0, 0, 0, 0)


@pytest.mark.parametrize('auth, options', [('pap', []), ('chap', []), ('chap', ['--compress'])])
def test_sessions_come_up_and_carry_traffic_both_ways(network, auth, options):
    network.start_radius()
    network.start_l2tpns(auth)
    status, report = network.lacsim('--auth', auth, '--traffic-pps', 500, '--traffic-seconds', 3,
                                    '--direction', 'both', '--ping', 3, *options)
    assert report['tunnels']['established'] == 1
    assert report['sessions']['established'] == SESSIONS
    assert_clean(report['traffic']['up'])
    assert_clean(report['traffic']['down'])
    assert report['ping']['received'] == report['ping']['sent'] == 3
    assert report['control']['tunnels_unacknowledged'] == 0
    assert status == 0


def test_real_ping_from_inside_a_subscriber_beside_generated_traffic(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim(
        '--tun', 'sub0', '--tun-netns', network.subscriber,
        '--exec', f'ip netns exec {network.subscriber} ping -c 5 -i 0.2 -W 2 {HOST}',
        '--traffic-pps', 200, '--traffic-seconds', 2, sessions=2)
    assert report['exec']['exit_code'] == 0
    assert_clean(report['traffic']['up'])
    assert_clean(report['traffic']['down'])
    assert status == 0


def test_wrong_password_is_refused(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim('--password', 'wrong', sessions=1)
    assert status == 1
    assert report['sessions']['established'] == 0
    [failure] = report['sessions']['failures']
    # l2tpns sends no CHAP Failure: it clears the call (3, administrative) at once.
    assert (failure['ppp_phase'], failure['by_peer']) == ('authenticate', True)
    assert failure['result'] == 3


def test_wrong_tunnel_secret_is_refused(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim('--secret', 'wrong', sessions=1)
    assert status == 1
    assert report['tunnels']['established'] == 0
    # We judge the LNS's Challenge Response in its SCCRP: StopCCN 4, not authorised.
    [failure] = report['tunnels']['failures']
    assert (failure['by_peer'], failure['result']) == (False, 4)
