# Accounting as a real FreeRADIUS writes it down: totals equal what was sent, every session has one
# Start and one Stop whatever dies, limits end sessions, and AAA's requests (radclient) are answered.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Accounting, limits, CoA and Disconnect, metrics."""

import collections
import re
import functools
import subprocess
import time
from pathlib import Path

import pytest

from lab import config, freeradius, radclient, wait_until
from lab.commands import in_namespace
from peer import Lac, Subscriber, ping, udp_socket, wire

SESSIONS = 8
PAYLOAD = 100
INNER = PAYLOAD + 28  # with IPv4 and UDP headers
COA_SECRET = 'coa-secret'
METRICS = '127.0.0.1:9469'
METRICS_PAGE = Path(__file__).parents[2] / 'docs' / 'metrics.md'
# Short, so that failing takes seconds.
TIMES = {'retransmit_ms': 300, 'tries': 2, 'give_up_s': 3, 'dead_after_s': 1, 'dead_time_s': 5,
         'probe_interval_s': 1}
# Stop's causes by how lacsim or we ended the session.
NAS_REBOOT = 'NAS-Reboot'


@pytest.fixture
def network(lab):
    if freeradius.missing():
        pytest.skip(freeradius.missing())
    return lab


def settings(lab, users=None, **accounting):
    configuration = lab.controlplane_config(subscribers=SESSIONS)
    for user in configuration['users']:
        user.update((users or {}).get(user['name'], {}))
    configuration['accounting'] = {
        'servers': [{'name': 'books', 'address': '127.0.0.1', 'secret': freeradius.SECRET}],
        'times': dict(TIMES), **accounting}
    configuration['dynamic_authorization'] = {
        'clients': [{'name': 'aaa', 'address': '198.51.100.0/24', 'secret': COA_SECRET}]}
    configuration['metrics'] = {'listen': METRICS}
    return configuration


def start_books(lab):
    directory = lab.directory / 'books'
    command = (freeradius.command(directory) if directory.exists()
               else freeradius.prepare_accounting(directory))
    process = lab.start('freeradius-books', command, lab.lns)
    process.wait_for_output(freeradius.READY)
    return process


def stop_books(lab, process):
    process.kill()
    lab.processes.remove(process)


def records(lab, *kinds):
    found = freeradius.records(lab.directory / 'books')
    return [r for r in found if not kinds or r['Acct-Status-Type'] in kinds]


def wait_for(lab, kind, count):
    wait_until(lambda: len(records(lab, kind)) >= count,
               lambda: f'{count} {kind}; there are {collections.Counter(r["Acct-Status-Type"] for r in records(lab))}',
               timeout=40)


def sessions_online(lab, count):
    wait_until(lambda: len([s for s in lab.sessions() if s['state'] == 'online']) == count,
               lambda: f'{count} sessions online; there are: {lab.sessions()}')


def octets(record, direction):
    return (int(record[f'Acct-{direction}-Octets'])
            + (int(record.get(f'Acct-{direction}-Gigawords', 0)) << 32))


def check_books(lab, sessions):
    """One Start and one Stop of each session, the Start first."""
    kinds = collections.defaultdict(list)
    for record in records(lab, 'Start', 'Stop'):
        kinds[record['Acct-Session-Id']].append(record['Acct-Status-Type'])
    assert len(kinds) == sessions
    assert set(map(tuple, kinds.values())) == {('Start', 'Stop')}


def test_totals_equal_what_was_sent(network):
    start_books(network)
    network.start_lns(controlplane=settings(network))
    report = network.lacsim('--sessions', SESSIONS, '--payload', PAYLOAD, '--hold', 1, pps=500,
                            seconds=2)
    wait_for(network, 'Stop', SESSIONS)
    check_books(network, SESSIONS)
    for direction, counted in (('up', 'Input'), ('down', 'Output')):
        flow = report['traffic'][direction]
        assert flow['offered'] > 100 and flow['lost'] == 0
        stops = records(network, 'Stop')
        assert sum(int(r[f'Acct-{counted}-Packets']) for r in stops) == flow['offered']
        assert sum(octets(r, counted) for r in stops) == flow['offered'] * INNER
    for record in records(network, 'Start', 'Stop'):
        assert record['NAS-Identifier'] == 'lns.example'
        assert record['NAS-IP-Address'] == config.LNS_ADDRESS
        assert record['User-Name'].startswith('user')
        assert record['Framed-IP-Address'].startswith('100.64.')
        assert record['Tunnel-Client-Endpoint:0'] == config.FIRST_LAC_ADDRESS
    assert {r['Acct-Terminate-Cause'] for r in records(network, 'Stop')} <= {'User-Request',
                                                                           'Lost-Carrier'}
    network.controlplane.stop()
    wait_for(network, 'Accounting-Off', 1)
    kinds = [r['Acct-Status-Type'] for r in records(network)]
    assert kinds[0] == 'Accounting-On' and kinds[-1] == 'Accounting-Off'


def test_an_outage_of_the_server_loses_nothing(network):
    books = start_books(network)
    network.start_lns(controlplane=settings(network))
    lacsim = network.start_lacsim('--sessions', SESSIONS, '--payload', PAYLOAD, '--hold', 3,
                                  pps=200, seconds=1)
    wait_for(network, 'Start', SESSIONS // 2)
    stop_books(network, books)
    assert lacsim.wait(60) == 0, lacsim.output()
    report = network.report_of(lacsim)
    wait_until(lambda: network.lnsctl('counters')['accounting_stops'] == SESSIONS, 'the Stops')
    assert network.lnsctl('counters')['accounting_queue_records'] >= SESSIONS
    time.sleep(2)  # so that there is a delay to be told
    start_books(network)
    wait_for(network, 'Stop', SESSIONS)
    wait_until(lambda: network.lnsctl('counters')['accounting_queue_records'] == 0,
               'an empty queue')
    check_books(network, SESSIONS)
    stops = records(network, 'Stop')
    assert sum(int(r['Acct-Input-Packets']) for r in stops) == report['traffic']['up']['offered']
    assert all(int(r['Acct-Delay-Time']) >= 2 for r in stops)


@pytest.mark.parametrize('moment', ['coming', 'online', 'leaving'])
def test_one_stop_for_each_start_whenever_the_control_plane_is_killed(network, moment):
    start_books(network)
    configuration = settings(network, tunnels=True)
    network.start_lns(controlplane=configuration)
    # Nobody answers them once the control plane is gone, so they leave without a word.
    lacsim = network.start_lacsim(
        '--sessions', SESSIONS, '--payload', PAYLOAD, '--allow-loss', '--echo', 0,
        '--hold', 1 if moment == 'leaving' else 4, '--close', 'sessions',
        *(['--rate', 10] if moment == 'coming' else []), pps=100, seconds=1)
    if moment == 'coming':
        wait_for(network, 'Start', 2)
    elif moment == 'online':
        wait_for(network, 'Start', SESSIONS)
        time.sleep(2.5)  # the traffic has passed
    else:
        wait_for(network, 'Stop', 1)
    network.controlplane.kill()
    network.processes.remove(network.controlplane)
    network.start_controlplane(configuration)
    wait_until(lambda: network.lnsctl('counters')['accounting_sessions_stopping'] == 0,
               'the last counts')
    wait_until(lambda: network.lnsctl('counters')['accounting_queue_records'] == 0,
               'an empty queue')
    lacsim.wait(90)
    stops = collections.defaultdict(set)
    for record in records(network, 'Stop'):
        content = {k: v for k, v in record.items() if k not in ('Acct-Delay-Time', 'Timestamp')}
        stops[record['Acct-Session-Id']].add(tuple(sorted(content.items())))
    starts = {record['Acct-Session-Id'] for record in records(network, 'Start')}
    # What was acknowledged when it was killed may come again, and is the same then.
    assert {i: len(s) for i, s in stops.items() if i in starts} == {i: 1 for i in starts}
    assert set(stops) == starts
    left = [r for r in records(network, 'Stop') if r['Acct-Terminate-Cause'] == NAS_REBOOT]
    assert left or moment == 'leaving'
    if moment == 'online':
        report = network.report_of(lacsim)
        assert len(left) == SESSIONS
        assert (sum(int(r['Acct-Input-Packets']) for r in left)
                == report['traffic']['up']['offered'])
        for what in ('Tunnel', 'Tunnel-Link'):
            begun, ended = ([r['Acct-Session-Id'] for r in records(network, f'{what}-{end}')]
                            for end in ('Start', 'Stop'))
            assert begun and sorted(set(begun)) == sorted(set(ended)), what
    # The servers forget the earlier run after its last record.
    kinds = [r['Acct-Status-Type'] for r in records(network)]
    assert kinds.count('Accounting-On') == 2
    second = len(kinds) - 1 - kinds[::-1].index('Accounting-On')
    ends = {'Stop', 'Tunnel-Stop', 'Tunnel-Link-Stop'}
    assert not ends & set(kinds[second:]) or moment == 'coming'


class NumberingLac(Lac):
    """Wants data messages numbered, of calls that number theirs."""

    def iccn(self, call):
        numbered = call.next_ns is not None
        return super().iccn(call) + (wire.avp(wire.SEQUENCING_REQUIRED, b'') if numbered else b'')


def test_lost_packets_of_a_numbered_session_are_told(network):
    """RFC 2867 4.2: the numbers of the LAC's that never came, when the link stops."""
    start_books(network)
    network.start_lns(controlplane=settings(network, tunnels=True))
    lac = NumberingLac(udp_socket(network.lac.name, network.lac_addresses[0], 0),
                       (config.LNS_ADDRESS, 1701), config.SECRET)
    lac.open()
    plain, numbered = lac.call(), lac.offer()
    lac.await_answer(numbered)
    numbered.next_ns = 0
    lac.connect(numbered)
    subscribers = [Subscriber(numbered, 'user1', config.PASSWORD),
                   Subscriber(plain, 'user2', config.PASSWORD)]
    for subscriber in subscribers:
        subscriber.connect()
    for lost in (0, 3, 4):
        numbered.next_ns += lost
        for subscriber in subscribers:
            ping(subscriber, config.HOST_ADDRESS)
    for subscriber in subscribers:
        subscriber.terminate()
    wait_for(network, 'Tunnel-Link-Stop', 2)
    wait_for(network, 'Stop', 2)
    told = {(r['User-Name'], r['Acct-Status-Type']): r['Acct-Tunnel-Packets-Lost']
            for r in records(network) if 'Acct-Tunnel-Packets-Lost' in r}
    assert told == {('user1', 'Tunnel-Link-Stop'): '7'}
    lac.leave()


def test_limits_end_sessions(network):
    start_books(network)
    network.start_lns(controlplane=settings(network, users={
        'user1': {'session_timeout_s': 3}, 'user2': {'idle_timeout_s': 3},
        'user3': {'quota_octets': 1000}}, least_interim_s=1, interim_interval_s=1))
    lacsim = network.start_lacsim('--sessions', 4, '--payload', PAYLOAD, '--hold', 12,
                                  '--allow-loss', pps=40, seconds=1)
    wait_for(network, 'Stop', 3)
    causes = {r['User-Name']: r['Acct-Terminate-Cause'] for r in records(network, 'Stop')}
    assert causes == {'user1': 'Session-Timeout', 'user2': 'Idle-Timeout', 'user3': 'NAS-Request'}
    [timed] = [r for r in records(network, 'Stop') if r['User-Name'] == 'user1']
    assert 3 <= int(timed['Acct-Session-Time']) <= 5
    interims = [r for r in records(network, 'Interim-Update') if r['User-Name'] == 'user4']
    assert len(interims) >= 2
    counts = [int(r['Acct-Input-Packets']) for r in interims]
    assert counts == sorted(counts)
    lacsim.stop()


ask = functools.partial(radclient.ask, secret=COA_SECRET)


def test_aaa_disconnects_and_changes_sessions(network):
    start_books(network)
    network.start_lns(controlplane=settings(network))
    lacsim = network.start_lacsim('--sessions', 4, '--hold', 60)
    sessions_online(network, 4)
    wait_for(network, 'Start', 4)
    starts = {r['User-Name']: r for r in records(network, 'Start')}

    assert ask(network, 'disconnect', 'User-Name = nobody') == (
        'Disconnect-NAK Session-Context-Not-Found')
    assert ask(network, 'disconnect', 'User-Name = user1', secret='wrong') == ''
    assert ask(network, 'coa', 'User-Name = user1', 'Framed-Pool = "gold"') == (
        'CoA-NAK Unsupported-Attribute')
    assert ask(network, 'coa', 'User-Name = user1') == 'CoA-NAK Missing-Attribute'
    assert ask(network, 'disconnect', 'User-Name = user1', 'NAS-Identifier = "another"') == (
        'Disconnect-NAK NAS-Identification-Mismatch')
    sessions_online(network, 4)

    assert ask(network, 'disconnect', 'User-Name = user1') == 'Disconnect-ACK'
    assert len(network.sessions()) == 3
    wait_for(network, 'Stop', 1)
    address = starts['user2']['Framed-IP-Address']
    assert ask(network, 'disconnect', f'Framed-IP-Address = {address}') == 'Disconnect-ACK'
    wait_for(network, 'Stop', 2)
    assert {(r['User-Name'], r['Acct-Terminate-Cause']) for r in records(network, 'Stop')} == {
        ('user1', 'Admin-Reset'), ('user2', 'Admin-Reset')}

    session = starts['user3']['Acct-Session-Id']
    assert ask(network, 'coa', f'Acct-Session-Id = "{session}"', 'Session-Timeout = 1') == 'CoA-ACK'
    wait_for(network, 'Stop', 3)
    assert records(network, 'Stop')[-1]['Acct-Terminate-Cause'] == 'Session-Timeout'
    sessions_online(network, 1)
    lacsim.stop()


def metrics(lab):
    done = subprocess.run(
        in_namespace(lab.lns.name, ['python3', '-c', 'import urllib.request as r; print('
                                    f'r.urlopen("http://{METRICS}/metrics").read().decode())']),
        capture_output=True, text=True, check=True)
    values = {}
    for line in done.stdout.splitlines():
        if line and not line.startswith('#'):
            name, _, value = line.rpartition(' ')
            values[name] = float(value)
    return values, done.stdout


def change_rates(lab, users, up, down):
    for user in users:
        assert ask(lab, 'coa', f'User-Name = {user}', f'WISPr-Bandwidth-Max-Up = {up}',
                   f'WISPr-Bandwidth-Max-Down = {down}') == 'CoA-ACK'


def test_totals_are_exact_over_changes_of_rates_and_reconnects(network):
    """Accounting, the data plane's counters and what lacsim sent and received are the same, to the
    packet and the octet: over rates that do not drop, then ones that do, then as new sessions."""
    start_books(network)
    network.start_lns(controlplane=settings(network))
    users = [f'user{i}' for i in range(1, SESSIONS + 1)]
    flows = []
    for rates in ([(100_000_000, 100_000_000), (40_000, 30_000)], [], [(25_000, 0)]):
        before = {r['Acct-Session-Id'] for r in records(network, 'Start')}
        lacsim = network.start_lacsim('--sessions', SESSIONS, '--payload', PAYLOAD, '--hold', 1,
                                      '--allow-loss', pps=1000, seconds=3)
        sessions_online(network, SESSIONS)
        wait_until(lambda before=before: len({r['Acct-Session-Id'] for r in records(
            network, 'Start')} - before) == SESSIONS, 'their Starts')
        for up, down in rates:
            change_rates(network, users, up, down)
        assert lacsim.wait(60) == 0, lacsim.output()
        flows.append(network.report_of(lacsim)['traffic'])
        wait_for(network, 'Stop', len(flows) * SESSIONS)
    check_books(network, len(flows) * SESSIONS)
    # The rates did what they were for, and nothing else lost anything.
    assert [flow['up']['lost'] > 0 for flow in flows] == [True, False, True]
    assert [flow['down']['lost'] > 0 for flow in flows] == [True, False, False]
    lost = sum(flow[direction]['lost'] for flow in flows for direction in ('up', 'down'))
    assert network.lnsctl('drops')['policed'] == lost
    values, _ = metrics(network)
    stops = records(network, 'Stop')
    for direction, counted, name in (('up', 'Input', 'uplink'), ('down', 'Output', 'downlink')):
        received = sum(flow[direction]['received'] for flow in flows)
        assert sum(int(r[f'Acct-{counted}-Packets']) for r in stops) == received
        assert sum(octets(r, counted) for r in stops) == received * INNER
        passed = 'terminus_dataplane_traffic_total{counter="%s_%s"}'
        assert values[passed % (name, 'packets')] == received
        assert values[passed % (name, 'bytes')] == received * INNER


def rows_of_metrics(text):
    """What a scrape holds, as docs/metrics.md has it: a row for each metric."""
    helps = dict(re.findall(r'^# HELP (\S+) (.*)$', text, re.MULTILINE))
    types = dict(re.findall(r'^# TYPE (\S+) (\S+)$', text, re.MULTILINE))
    labels = collections.defaultdict(set)
    for name, inside in re.findall(r'^(\w+?)(?:_bucket)?\{(.*)\} ', text, re.MULTILINE):
        labels[name] |= set(re.findall(r'(\w+)="', inside)) - {'le'}
    return [f'| `{name}` | {types[name]} | {", ".join(sorted(labels[name]))} | {helps[name]} |'
            for name in sorted(helps) if name.startswith('terminus_')]


def test_metrics_tell_of_everything(network):
    start_books(network)
    configuration = settings(network)
    configuration['radius'] = {'servers': [{'address': '127.0.0.1', 'secret': freeradius.SECRET}]}
    network.start_lns(controlplane=configuration)
    lacsim = network.start_lacsim('--sessions', SESSIONS, '--payload', PAYLOAD, '--hold', 5,
                                  pps=200, seconds=1)
    sessions_online(network, SESSIONS)
    values, text = metrics(network)
    assert values['terminus_loop_up'] == 1 and values['terminus_dataplane_up'] == 1
    assert values['terminus_sessions{state="online"}'] == SESSIONS
    assert values['terminus_tunnels'] == 1
    assert values['terminus_pool_addresses_used{pool="lab"}'] == SESSIONS
    assert values['terminus_accounting_sessions_open'] == SESSIONS
    assert values['terminus_dataplane_drops_total{reason="no_session"}'] == 0
    assert 'l2tpDomainStatsActiveTunnels' in text
    rows = rows_of_metrics(text)
    written = [line for line in METRICS_PAGE.read_text().splitlines() if line.startswith('| `')]
    assert written == rows, 'docs/metrics.md should have:\n' + '\n'.join(rows)
    assert lacsim.wait(60) == 0, lacsim.output()
    wait_for(network, 'Stop', SESSIONS)
    report = network.report_of(lacsim)
    wait_until(lambda: metrics(network)[0]['terminus_accounting_queue_records'] == 0, 'the queue')
    values, _ = metrics(network)
    assert (values['terminus_dataplane_traffic_total{counter="uplink_packets"}']
            == report['traffic']['up']['offered'])
    assert values['terminus_accounting_stops_total'] == SESSIONS
    assert values['terminus_sessions{state="online"}'] == 0
