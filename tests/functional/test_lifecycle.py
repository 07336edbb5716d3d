# Processes that come and go: stopped under traffic they leave nothing, started twice the second one
# says why it will not run, killed they are replaced without a session lost.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Start, stop, kill, start again."""

import time

import pytest

from lab import Lab, LabError, config, wait_until

SESSIONS = 10
TRAFFIC_S = 20


@pytest.fixture
def busy(lns):
    """Subscribers online and traffic in both directions; the test ends it."""
    lacsim = lns.start_lacsim('--sessions', SESSIONS, '--allow-loss', pps=2000, seconds=TRAFFIC_S)
    wait_until(lambda: lns.lnsctl('status')['sessions_online'] == SESSIONS, 'sessions online')
    wait_until(lambda: lns.lnsctl('traffic')['uplink_packets'] > 100, 'traffic')
    return lns, lacsim


@pytest.mark.parametrize('first', ['dataplane', 'controlplane'])
def test_sigterm_under_traffic_leaves_nothing(busy, first):
    lab, lacsim = busy
    order = [lab.dataplane, lab.controlplane]
    if first == 'controlplane':
        order.reverse()
    for process in order:
        assert process.stop() == 0, process.output()
    lacsim.kill()
    for process in (lab.dataplane, lab.controlplane, lacsim):
        lab.processes.remove(process)
    assert lab.leaks() == []
    assert lab.lns.xdp_programs() == []


def test_control_plane_says_goodbye(busy):
    lab, lacsim = busy
    capture = lab.capture(lab.lac, 'lac0', 'goodbye', 'udp port 1701')
    assert lab.controlplane.stop() == 0
    lab.processes.remove(lab.controlplane)
    capture.stop()
    # Message type 4 is StopCCN; result 6: "requester is being shut down".
    rows = capture.fields('l2tp.avp.message_type == 4', 'l2tp.result_code', 'ip.src',
                          'l2tp.avp.message_type')
    assert [row for row in rows if row[1] == config.LNS_ADDRESS], 'no StopCCN seen'


@pytest.mark.parametrize('name', ['dataplane', 'controlplane'])
def test_started_twice_the_second_says_why_not(lns, name):
    second = getattr(lns, f'spawn_{name}')()
    assert second.wait(15) not in (0, None)
    lns.processes.remove(second)
    lines = second.output().strip().splitlines()
    assert str(lns.run_dir) in second.output() and 'already' in second.output(), second.output()
    assert len(lines) <= 5, second.output()
    # The first one does not notice.
    assert lns.lacsim('--sessions', 2, pps=100, seconds=1)['passed']


def test_dataplane_killed_is_refilled_and_no_session_drops(busy):
    lab, lacsim = busy
    before = {(s['user_name'], s['ipv4_address']) for s in lab.sessions()}
    lab.dataplane.kill()
    lab.processes.remove(lab.dataplane)
    wait_until(lambda: not lab.connected(), 'the control plane to notice')
    killed_at = time.monotonic()
    lab.start_dataplane()
    wait_until(lambda: lab.connected() and lab.lnsctl('dataplane')['sessions'] == SESSIONS,
               'the data plane to be refilled')
    gap = time.monotonic() - killed_at
    after = {(s['user_name'], s['ipv4_address']) for s in lab.sessions() if s['state'] == 'online'}
    assert after == before
    passed = lab.lnsctl('traffic')['uplink_packets']
    wait_until(lambda: lab.lnsctl('traffic')['uplink_packets'] > passed + 100, 'traffic again')
    assert lab.lnsctl('traffic')['downlink_packets'] > 0
    assert gap < 15, f'{gap:.1f} s until refilled'
    assert lacsim.wait(TRAFFIC_S + 60) == 0, lacsim.output()
    report = lab.report_of(lacsim)
    assert report['sessions']['lost'] == 0
    lab.processes.remove(lacsim)


def test_forwarding_goes_on_without_the_control_plane(busy):
    lab, lacsim = busy
    lab.controlplane.kill()
    lab.processes.remove(lab.controlplane)
    passed = lab.lnsctl('traffic')
    wait_until(lambda: lab.lnsctl('traffic')['uplink_packets'] > passed['uplink_packets'] + 1000 and
               lab.lnsctl('traffic')['downlink_packets'] > passed['downlink_packets'] + 1000,
               'traffic to go on')
    assert lab.lnsctl('dataplane')['sessions'] == SESSIONS
    # Started again, it takes over a data plane that is running, and serves new calls.
    lacsim.kill()
    lab.processes.remove(lacsim)
    lab.start_controlplane()
    assert lab.lacsim('--sessions', 2, pps=100, seconds=1)['passed']


def test_control_plane_started_first_waits_for_the_data_plane(lab):
    lab.controlplane = lab.spawn_controlplane()
    wait_until(lambda: lab.lnsctl('status', check=False), 'the control plane to answer')
    assert not lab.lnsctl('status')['dataplane_connected']
    lab.start_dataplane()
    wait_until(lab.connected, 'both to find each other')
    lab.lacsim('--sessions', 2)


def test_leftovers_of_a_killed_data_plane_do_not_stop_the_next(lab):
    lab.start_dataplane()
    lab.dataplane.kill()
    lab.processes.remove(lab.dataplane)
    lab.start_lns()
    lab.lacsim('--sessions', 2, pps=100, seconds=1)


@pytest.mark.parametrize('tree, build', [('build', 'scripts/build'),
                                         ('build-release', 'scripts/build release')])
def test_a_tree_that_is_not_built_is_named_with_what_builds_it(tmp_path, tree, build):
    with pytest.raises(LabError, match=f'not built in {tmp_path / tree}: .*; run {build}$'):
        Lab(tmp_path / tree).__enter__()
