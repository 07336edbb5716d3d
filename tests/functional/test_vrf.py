# Two customers with the same addresses, each in a VRF of its own: the same pool, the same address of
# the subscriber, the same network with the same host behind it; and LACs that have one address, one
# of them in a third VRF.
#
#   <lac>   lac0 198.51.100.11 ──── acc0 198.51.100.1          red0  203.0.113.1 ──── 203.0.113.10 <red>
#   <far>   lac1 198.51.100.11 ──── acc1 198.51.100.1  (lns)   blue0 203.0.113.1 ──── 203.0.113.10 <blue>
#                                   (VRF carrier)              (VRFs red and blue)
#
# With VRF devices of Linux where it has them, and with tables alone.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Subscribers and LACs of several VRFs with the same addresses."""

import json

import pytest

from lab import LabError, config, wait_until
from lab.network import connect

TABLES = {'red': 10, 'blue': 20, 'carrier': 30}
IDS = {'red': 1, 'blue': 2, 'carrier': 3}
CORE, HOST = config.CORE_ADDRESS, config.HOST_ADDRESS
SESSIONS, PPS, SECONDS = 5, 400, 2


def enslave(lab, vrf, interface, address, devices):
    """Puts the interface, and what routes belong to it, into the VRF."""
    table = str(TABLES[vrf])
    network = address.rsplit('.', 1)[0] + '.0/24'
    if devices:
        lab.lns.run(['ip', 'link', 'set', interface, 'master', vrf])
        lab.lns.add_address(interface, f'{address}/24')
        return
    lab.lns.run(['ip', 'address', 'add', f'{address}/24', 'dev', interface, 'noprefixroute'])
    lab.lns.run(['ip', 'route', 'add', network, 'dev', interface, 'table', table])
    lab.lns.run(['ip', 'route', 'add', 'local', address, 'dev', interface, 'table', table])


def add_devices(lab):
    for vrf, table in TABLES.items():
        lab.lns.run(['ip', 'link', 'add', vrf, 'type', 'vrf', 'table', table])
        lab.lns.run(['ip', 'link', 'set', vrf, 'up'])


def customer(lab, vrf, devices):
    """A namespace behind the VRF: a host that knows the way back to the pool."""
    namespace = lab._namespace(vrf)
    connect(lab.lns, f'{vrf}0', namespace, 'host0')
    enslave(lab, vrf, f'{vrf}0', CORE, devices)
    namespace.add_address('host0', f'{HOST}/24')
    namespace.add_route(config.POOLS, CORE)
    return namespace


@pytest.fixture(params=['devices', 'tables'])
def wholesale(request, make_lab):
    lab = make_lab()
    devices = request.param == 'devices'
    if devices:
        try:
            add_devices(lab)
        except LabError as error:
            pytest.skip(f'this kernel has no VRF devices: {error}')
    lab.red, lab.blue = (customer(lab, vrf, devices) for vrf in ('red', 'blue'))
    lab.far = lab._namespace('far')
    connect(lab.lns, 'acc1', lab.far, 'lac1')
    enslave(lab, 'carrier', 'acc1', config.LNS_ADDRESS, devices)
    lab.far.add_address('lac1', f'{lab.lac_addresses[0]}/24')
    for namespace in (lab.lns, lab.red, lab.blue):
        for interface in ('all', 'default'):
            namespace.run(['sysctl', '-qw', f'net.ipv4.conf.{interface}.rp_filter=0'])

    dataplane = lab.dataplane_config()
    dataplane['vrfs'] = [
        {'name': name, 'id': IDS[name], **({} if devices else {'table': TABLES[name]})}
        for name in TABLES]
    for name, role, interface, vrf in (('red', 'core', 'red0', 'red'),
                                       ('blue', 'core', 'blue0', 'blue'),
                                       ('access1', 'access', 'acc1', 'carrier')):
        port = {'name': name, 'role': role, 'af_xdp': {'interface': interface}}
        dataplane['ports'].append(port if devices else {**port, 'vrf': vrf})
    dataplane['memory']['mbufs'] = 32768

    controlplane = lab.controlplane_config(subscribers=0)
    controlplane['vrfs'] = [{'name': name, 'id': number} for name, number in IDS.items()]
    controlplane['lns']['vrf_addresses'] = [
        {'vrf': 'carrier', 'addresses': [config.LNS_ADDRESS]}]
    controlplane['pools'] += [{'name': vrf, 'prefix': config.POOL, 'vrf': vrf}
                              for vrf in ('red', 'blue')]
    controlplane['users'] = [
        {'name': f'{vrf}{i}', 'password': config.PASSWORD, 'vrf': vrf}
        for vrf in ('red', 'blue') for i in range(1, SESSIONS + 1)]
    lab.start_lns(dataplane, controlplane)
    return lab


def dial(lab, vrf, lac):
    """The customer's subscribers by this LAC, with numbered traffic to their host."""
    return lab.start_lacsim('--sessions', SESSIONS, '--user', f'{vrf}%d', pps=PPS, seconds=SECONDS,
                            lac=lac, core=getattr(lab, vrf))


def own_routes(lab, table):
    shown = lab.lns.run(['ip', '-json', 'route', 'show', 'table', str(table), 'proto', '171'],
                        check=False).stdout
    return [route['dst'] for route in json.loads(shown or '[]')]


def test_customers_with_the_same_addresses_do_not_meet(wholesale):
    lab = wholesale
    # The red ones by a LAC in the main VRF, the blue ones by one in the carrier's.
    running = {'red': dial(lab, 'red', lab.lac), 'blue': dial(lab, 'blue', lab.far)}
    wait_until(lambda: lab.lnsctl('status')['sessions_online'] == 2 * SESSIONS, 'everybody online')
    addresses = {'red': [], 'blue': []}
    for session in lab.sessions():
        addresses[session['vrf']].append(session['ipv4_address'])
    assert sorted(addresses['red']) == sorted(addresses['blue']), addresses
    assert sorted(tunnel['vrf'] for tunnel in lab.tunnels()) == ['', 'carrier']

    shown = {row['vrf']['name']: row for row in lab.lnsctl('vrf', 'show')}
    assert {name: row['sessions'] for name, row in shown.items()} == {
        'main': 0, 'red': SESSIONS, 'blue': SESSIONS, 'carrier': 0}
    assert (shown['main']['tunnels'], shown['carrier']['tunnels']) == (1, 1)
    assert {name: row['vrf']['table'] for name, row in shown.items()} == {'main': 254, **TABLES}
    assert shown['red']['vrf']['ports'] == ['red']
    for vrf in ('red', 'blue'):
        ports = {route['port'] for route in lab.lnsctl('routes', '--vrf', vrf)
                 if route['prefix'] == '203.0.113.0/24'}
        assert ports == {vrf}

    # Each pool is announced in its customer's table and nowhere else.
    wait_until(lambda: all(own_routes(lab, TABLES[vrf]) == [config.POOL]
                           for vrf in ('red', 'blue')), 'pools in both tables')
    assert own_routes(lab, 'main') == [] and own_routes(lab, TABLES['carrier']) == []

    for vrf, lacsim in running.items():
        status = lacsim.wait(60)
        report = lab.report_of(lacsim)
        lab.processes.remove(lacsim)
        for direction in ('up', 'down'):
            flow = report['traffic'][direction]
            assert flow['received'] > PPS, (vrf, direction, flow)
            assert (flow['lost'], flow['duplicated']) == (0, 0), (vrf, direction, flow)
        assert status == 0, lacsim.output()
    drops = lab.lnsctl('drops')
    assert (drops['spoofed_source'], drops['wrong_peer'], drops['no_subscriber']) == (0, 0, 0)
    wait_until(lambda: own_routes(lab, TABLES['red']) == [], 'the pool to be withdrawn')
