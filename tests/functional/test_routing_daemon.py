# Linux and FRR as routing plane. A real bgpd beside the LNS tells a real bgpd in the core which
# pools are in use, and learns there where to send subscribers' packets: over two links at once.
# While numbered traffic runs, routes to the core and to the LAC and the MAC address of the LAC
# change, and not one packet is lost.
#
#   <lac>                           <lns>                               <host>
#   192.0.2.66 on lo                AS 64512, zebra, bgpd               AS 64513, zebra, bgpd
#   lac0 198.51.100.11 ──── acc0 198.51.100.1    core0 203.0.113.1 ──── host0 203.0.113.10
#   lac1 198.18.2.11   ──── acc1 198.18.2.1      core1 198.18.1.1  ──── host1 198.18.1.10
#                                                                       192.0.2.130 on lo
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""FRR redistributes our routes; live traffic follows changes of routes and neighbours."""

import json
import time

import pytest

import household
from lab import config, wait_until
from lab.frr import Frr, installed
from lab.network import connect

FAR_NETWORK, FAR_HOST = '192.0.2.128/25', '192.0.2.130'
FAR_LAC = '192.0.2.66'
CORE = ('203.0.113.10', '198.18.1.10')
OURS = ('203.0.113.1', '198.18.1.1')
LNS_AS, CORE_AS = 64512, 64513
SESSIONS, PPS = 20, 2000
BGP_LIMIT_S = 2.0
OTHER_MAC = '02:00:5e:00:66:01'

pytestmark = pytest.mark.skipif(not installed(), reason='needs FRR (package frr)')


def routes(namespace, prefix):
    """The kernel's routes to exactly this prefix."""
    family = '-6' if ':' in prefix else '-4'
    shown = namespace.run(['ip', '-json', family, 'route', 'show', 'exact', prefix]).stdout
    return json.loads(shown or '[]')


def learnt(lab, prefix=config.POOL):
    return routes(lab.host, prefix) != []


def own_routes(lab, family='-4'):
    shown = lab.lns.run(['ip', '-json', family, 'route', 'show', 'proto', '171']).stdout
    return sorted(route['dst'] for route in json.loads(shown or '[]'))


def paths(lab, prefix):
    """Ports that the data plane sends to a prefix by."""
    for route in lab.lnsctl('routes'):
        if route['prefix'] == prefix:
            return sorted([route['port']] + [path['port'] for path in route['more_paths']])
    return []


@pytest.fixture
def make_routed(make_lab):
    """Two links to the core and two to the LAC; BGP up; no static route to a pool anywhere."""
    def make(controlplane=None, announce=None):
        lab = make_lab()
        connect(lab.lns, 'core1', lab.host, 'host1')
        connect(lab.lns, 'acc1', lab.lac, 'lac1')
        lab.lns.add_address('core1', f'{OURS[1]}/24')
        lab.host.add_address('host1', f'{CORE[1]}/24')
        lab.lns.add_address('acc1', '198.18.2.1/24')
        lab.lac.add_address('lac1', '198.18.2.11/24')
        lab.host.add_address('lo', f'{FAR_HOST}/32')
        lab.lac.add_address('lo', f'{FAR_LAC}/32')
        lab.host.run(['ip', 'route', 'del', config.POOLS])
        lab.host.run(['ip', '-6', 'route', 'del', config.POOLS6])
        lab.lns.add_route(f'{FAR_LAC}/32', lab.lac_addresses[0])
        for namespace in (lab.lns, lab.lac, lab.host):
            for interface in ('all', 'default'):
                namespace.run(['sysctl', '-qw', f'net.ipv4.conf.{interface}.rp_filter=0'])
        settings = lab.dataplane_config()
        settings['memory']['mbufs'] = 24576
        settings['ports'] += [
            {'name': 'core1', 'role': 'core', 'af_xdp': {'interface': 'core1'}},
            {'name': 'access1', 'role': 'access', 'af_xdp': {'interface': 'acc1'}}]
        if announce:
            settings['kernel'] = {'announce': announce}
        lab.start_lns(settings, controlplane and controlplane(lab))
        lab.dataplane_settings = settings
        lab.bgp = Frr(lab, lab.lns, 'lns', LNS_AS, OURS[0],
                      dict.fromkeys((*CORE, config.HOST_ADDRESS6), CORE_AS),
                      redistribute=['kernel'])
        lab.core_bgp = Frr(lab, lab.host, 'core', CORE_AS, CORE[0],
                           dict.fromkeys((*OURS, config.CORE_ADDRESS6), LNS_AS),
                           networks=[FAR_NETWORK])
        lab.bgp.wait_established()
        wait_until(lambda: len(paths(lab, FAR_NETWORK)) == 2, 'both paths to the far network')
        return lab
    return make


@pytest.fixture
def routed(make_routed):
    return make_routed()


def dial(lab, seconds):
    """Subscribers with numbered traffic to the far host, each way PPS packets a second."""
    lacsim = lab.start_lacsim('--sessions', SESSIONS, lac_address=FAR_LAC, host=FAR_HOST, pps=PPS,
                              seconds=seconds)
    wait_until(lambda: lab.lnsctl('status')['sessions_online'] == SESSIONS, 'sessions online')
    return lacsim


def finish(lab, lacsim):
    """Waits for lacsim's end; nothing may be lost or come twice."""
    status = lacsim.wait(60)
    report = lab.report_of(lacsim)
    lab.processes.remove(lacsim)
    flows = report['traffic']
    for direction in ('up', 'down'):
        assert flows[direction]['received'] > PPS, (direction, flows)
        assert (flows[direction]['lost'], flows[direction]['duplicated']) == (0, 0), flows
    assert status == 0, lacsim.output()
    return report


def traffic_flows(lab):
    wait_until(lambda: lab.lnsctl('traffic')['downlink_packets'] > 500, 'traffic both ways')


def sent(lab):
    return {port['name']: int(port['tx_packets']) for port in lab.lnsctl('ports')}


def moved(lab, seconds=0.5):
    """What each port sends meanwhile."""
    before = sent(lab)
    time.sleep(seconds)
    return {name: count - before[name] for name, count in sent(lab).items()}


def test_pool_is_learnt_with_the_first_subscriber_and_withdrawn_with_the_last(routed):
    assert own_routes(routed) == [] and not learnt(routed)
    lacsim = routed.start_lacsim('--sessions', 1, '--hold', 4, lac_address=FAR_LAC)
    wait_until(lambda: routed.lnsctl('status')['sessions_online'] == 1, 'the first subscriber')
    online = time.monotonic()
    wait_until(lambda: learnt(routed), 'the core to learn the pool', BGP_LIMIT_S)
    print(f'learnt {time.monotonic() - online:.2f} s after the subscriber was seen online')
    assert own_routes(routed) == [config.POOL]
    assert lacsim.wait(60) == 0, lacsim.output()
    routed.processes.remove(lacsim)
    wait_until(lambda: not learnt(routed), 'the pool to be withdrawn', BGP_LIMIT_S)
    assert own_routes(routed) == []


def test_drain_withdraws_the_pool_and_keeps_who_is_online(routed):
    lacsim = dial(routed, 5)
    wait_until(lambda: learnt(routed), 'the core to learn the pool', BGP_LIMIT_S)
    traffic_flows(routed)
    routed.lnsctl('drain', 'on')
    wait_until(lambda: not learnt(routed), 'the pool to be withdrawn', BGP_LIMIT_S)
    left = own_routes(routed)
    assert len(left) == SESSIONS and config.POOL not in left, left
    wait_until(lambda: learnt(routed, left[0]), 'hosts in the core', BGP_LIMIT_S)
    routed.lnsctl('drain', 'off')
    wait_until(lambda: learnt(routed), 'the pool to come back', BGP_LIMIT_S)
    wait_until(lambda: own_routes(routed) == [config.POOL], 'hosts to go')
    finish(routed, lacsim)


def test_core_routes_change_under_traffic_and_nothing_is_lost(routed):
    lacsim = dial(routed, 10)
    traffic_flows(routed)
    both = moved(routed)
    assert both['core'] > 0 and both['core1'] > 0, f'flows over both links: {both}'
    routed.core_bgp.shut(OURS[0])
    wait_until(lambda: paths(routed, FAR_NETWORK) == ['core1'], 'the first link to be left')
    one = moved(routed)
    assert one['core'] <= 5 and one['core1'] > both['core1'], one
    routed.core_bgp.shut(OURS[0], down=False)
    wait_until(lambda: paths(routed, FAR_NETWORK) == ['core', 'core1'], 'both links again')
    routed.core_bgp.shut(OURS[1])
    wait_until(lambda: paths(routed, FAR_NETWORK) == ['core'], 'the second link to be left')
    finish(routed, lacsim)


def test_route_and_mac_of_the_lac_change_under_traffic_and_nothing_is_lost(routed):
    # Both MAC addresses lead to the LAC: what is lost is lost by us.
    routed.lac.run(['ip', 'link', 'add', 'link', 'lac0', 'name', 'lac0b', 'address', OTHER_MAC,
                    'type', 'macvlan', 'mode', 'bridge'])
    routed.lac.run(['ip', 'link', 'set', 'lac0b', 'up'])
    lacsim = dial(routed, 9)
    traffic_flows(routed)
    before = moved(routed)
    assert before['access'] > 0 and before['access1'] == 0, before
    for _ in range(3):
        routed.lns.run(['ip', 'route', 'replace', f'{FAR_LAC}/32', 'via', '198.18.2.11'])
        wait_until(lambda: moved(routed, 0.1)['access'] == 0, 'traffic to leave the first link')
        assert moved(routed, 0.2)['access1'] > 0
        routed.lns.run(['ip', 'route', 'replace', f'{FAR_LAC}/32', 'via', routed.lac_addresses[0]])
        wait_until(lambda: moved(routed, 0.1)['access1'] == 0, 'traffic to come back')
    routed.lns.run(['ip', 'neighbour', 'replace', routed.lac_addresses[0], 'lladdr', OTHER_MAC,
                    'dev', config.ACCESS_INTERFACE])
    received = packets_of(routed.lac, 'lac0b')
    wait_until(lambda: packets_of(routed.lac, 'lac0b') > received + 200, 'the new MAC to be used')
    finish(routed, lacsim)


def packets_of(namespace, interface):
    shown = json.loads(namespace.run(['ip', '-json', '-s', 'link', 'show', interface]).stdout)
    return shown[0]['stats64']['rx']['packets']


def test_killed_data_plane_leaves_its_routes_until_it_is_back(routed):
    lacsim = routed.start_lacsim('--sessions', 2, '--hold', 20, lac_address=FAR_LAC)
    wait_until(lambda: learnt(routed), 'the core to learn the pool')
    # One that nobody wants, and one that is somebody else's.
    routed.lns.run(['ip', 'route', 'add', 'unreachable', '100.99.0.0/16', 'proto', '171'])
    routed.lns.run(['ip', 'route', 'add', 'unreachable', '100.98.0.0/16', 'proto', 'static'])
    wait_until(lambda: own_routes(routed) == [config.POOL, '100.99.0.0/16'], 'both routes')
    monitor = routed.start('monitor', ['ip', 'monitor', 'route'], routed.host)
    routed.dataplane.kill()
    routed.processes.remove(routed.dataplane)
    assert config.POOL in own_routes(routed)
    routed.start_dataplane(routed.dataplane_settings)
    wait_until(lambda: own_routes(routed) == [config.POOL], 'the stale route to be swept')
    assert routes(routed.lns, '100.98.0.0/16') != []
    assert config.POOL not in monitor.output(), 'the core has seen the route go'
    assert lacsim.wait(60) == 0, lacsim.output()
    routed.processes.remove(lacsim)


def test_routes_are_put_back_and_taken_away_at_the_end(routed):
    lacsim = routed.start_lacsim('--sessions', 1, '--hold', 20, lac_address=FAR_LAC)
    wait_until(lambda: own_routes(routed) == [config.POOL], 'the pool route')
    routed.lns.run(['ip', 'route', 'del', 'unreachable', config.POOL, 'proto', '171'])
    wait_until(lambda: own_routes(routed) == [config.POOL], 'the pool route to be put back')
    assert routed.dataplane.stop() == 0
    routed.processes.remove(routed.dataplane)
    assert own_routes(routed) == []
    lacsim.kill()
    routed.processes.remove(lacsim)


def with_ipv6(lab):
    return config.with_ipv6(lab.controlplane_config(subscribers=2))


@pytest.mark.skipif(not household.HAS_CLIENT, reason='needs wide-dhcpv6-client')
def test_pools_of_ipv6_are_learnt_with_the_first_prefix_and_withdrawn_with_the_last(make_routed):
    lab = make_routed(controlplane=with_ipv6)
    lacsim = household.dial(lab, 'both', lac_address=FAR_LAC)
    household.online(lab)
    wait_until(lambda: learnt(lab, config.LINK_POOL), 'the core to learn the links', BGP_LIMIT_S)
    assert own_routes(lab, '-6') == [config.LINK_POOL] and not learnt(lab, config.DELEGATION_POOL)
    household.made_up_address(lab)
    client = household.Dhcp6c(lab)
    client.prefix()
    wait_until(lambda: learnt(lab, config.DELEGATION_POOL), 'the core to learn the homes',
               BGP_LIMIT_S)
    # The core has no other way to the household.
    address = str(household.lan_address(lab))
    assert household.pings(lab.host, address)
    client.release()
    wait_until(lambda: not learnt(lab, config.DELEGATION_POOL), 'the homes to be withdrawn',
               BGP_LIMIT_S)
    assert learnt(lab, config.LINK_POOL)
    lacsim.stop()
    wait_until(lambda: not learnt(lab, config.LINK_POOL), 'the links to be withdrawn', BGP_LIMIT_S)
    assert own_routes(lab, '-6') == []


@pytest.mark.skipif(not household.HAS_CLIENT, reason='needs wide-dhcpv6-client')
def test_each_prefix_of_a_session_is_learnt_and_withdrawn(make_routed):
    lab = make_routed(controlplane=with_ipv6,
                      announce={'pools': 'never', 'hosts': 'none', 'prefixes': 'all'})
    lacsim = household.dial(lab, 'both', lac_address=FAR_LAC)
    [link] = household.online(lab)['ipv6_prefixes']
    wait_until(lambda: learnt(lab, link), 'the core to learn the link prefix', BGP_LIMIT_S)
    address = str(household.made_up_address(lab))
    assert household.pings(lab.host, address)
    client = household.Dhcp6c(lab)
    home = client.prefix()
    wait_until(lambda: learnt(lab, home), 'the core to learn the delegated prefix', BGP_LIMIT_S)
    assert own_routes(lab, '-6') == sorted([link, home])
    [path] = routes(lab.host, home)
    assert path['protocol'] == 'bgp' and path['dev'] == 'host0'
    client.release()
    wait_until(lambda: not learnt(lab, home), 'the delegated prefix to be withdrawn', BGP_LIMIT_S)
    assert own_routes(lab, '-6') == [link] and household.pings(lab.host, address)
    lacsim.stop()
    wait_until(lambda: not learnt(lab, link), 'the link prefix to be withdrawn', BGP_LIMIT_S)
