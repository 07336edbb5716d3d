# IPv6 subscribers, end to end: a Linux host behind a subscriber's TUN device makes its address up
# from our Router Advertisement, a real DHCPv6 client gets a prefix for the network behind it, and
# both are reached from the core. When a prefix is released, or its session ends, it is gone.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""IPv6 service to subscribers."""

import ipaddress
import json

import pytest

from household import (DEVICE, HAS_CLIENT, LAN, Dhcp6c, add_lan, dial, global_addresses,
                       lan_address, made_up_address, online, pings, the_session)
from lab import config, wait_until


def start_lns(lab, **user):
    settings = config.with_ipv6(lab.controlplane_config(subscribers=2))
    settings['users'][0].update(user)
    lab.start_lns(controlplane=settings)


def drops(lab, reason):
    return lab.lnsctl('drops')[reason]


def pools(lab):
    return {pool['name']: pool['used'] for pool in lab.lnsctl('pool')}


def counter(lab, name):
    return lab.lnsctl('counters')[name]


def test_linux_host_has_an_address_by_router_advertisement(lab):
    start_lns(lab)
    dial(lab, 'both')
    session = online(lab)
    address = made_up_address(lab)
    [prefix] = wait_until(lambda: the_session(lab)['ipv6_prefixes'], 'a link prefix')
    assert address in ipaddress.ip_network(prefix)
    assert ipaddress.ip_network(prefix).subnet_of(ipaddress.ip_network(config.LINK_POOL))
    # Both ways, and IPv4 beside it.
    assert pings(lab.subscriber, config.HOST_ADDRESS6)
    assert pings(lab.host, address)
    assert lab.subscriber.run(['ping', '-c', 2, '-i', 0.2, config.HOST_ADDRESS],
                              check=False).returncode == 0
    assert ipaddress.ip_address(session['ipv4_address']) in ipaddress.ip_network(config.POOL)
    # The router of the link answers, too.
    route = json.loads(lab.subscriber.run(['ip', '-json', '-6', 'route', 'show', 'default']).stdout)
    router = route[0]['gateway']
    assert pings(lab.subscriber, f'{router}%{DEVICE}')
    assert lab.lnsctl('punts')['link_control'] > 0
    assert drops(lab, 'spoofed_source') == 0
    story = lab.lnsctl('explain', 'session', session['user_name'])
    assert any('Router Advertisement' in event['text'] for event in story[0]['events'])


def test_session_that_ends_gives_everything_back(lab):
    start_lns(lab)
    lacsim = dial(lab, 'both')
    online(lab)
    address = made_up_address(lab)
    assert pings(lab.host, address)
    assert pools(lab) == {'lab': 1, 'links': 1, 'homes': 0}
    lacsim.stop()
    wait_until(lambda: lab.lnsctl('status')['sessions'] == 0, 'the session to end')
    assert pools(lab) == {'lab': 0, 'links': 0, 'homes': 0}
    before = drops(lab, 'no_subscriber')
    assert not pings(lab.host, address)
    assert drops(lab, 'no_subscriber') > before


@pytest.mark.skipif(not HAS_CLIENT, reason='needs wide-dhcpv6-client')
def test_dhcpv6_client_gets_a_prefix_and_releases_it(lab):
    start_lns(lab)
    dial(lab, 'both')
    online(lab)
    made_up_address(lab)
    client = Dhcp6c(lab)
    network = ipaddress.ip_network(client.prefix())
    assert network.prefixlen == 56
    assert network.subnet_of(ipaddress.ip_network(config.DELEGATION_POOL))
    address = lan_address(lab)
    assert address in network
    assert pings(lab.subscriber, config.HOST_ADDRESS6, '-I', str(address))
    assert pings(lab.host, str(address))
    assert pools(lab)['homes'] == 1
    assert counter(lab, 'ipv6.delegated') == 1

    client.release()
    assert pools(lab)['homes'] == 0
    assert not pings(lab.host, str(address))
    # The link itself stays.
    assert pings(lab.subscriber, config.HOST_ADDRESS6)


def test_user_with_ipv6_only(lab):
    start_lns(lab, networks='ipv6')
    dial(lab, 'ipv6')
    session = online(lab)
    assert session['ipv4_address'] == ''
    assert pings(lab.host, made_up_address(lab))
    assert pools(lab) == {'lab': 0, 'links': 1, 'homes': 0}


def test_user_with_ipv4_only_is_refused_the_other(lab):
    start_lns(lab, networks='ipv4')
    dial(lab, 'both')
    session = online(lab)
    assert session['ipv6_prefixes'] == []
    wait_until(lambda: lab.subscriber.run(['ping', '-c', 1, '-W', 1, config.HOST_ADDRESS],
                                          check=False).returncode == 0, 'IPv4')
    assert global_addresses(lab) == []
    assert pools(lab) == {'lab': 1, 'links': 0, 'homes': 0}


def test_prefixes_of_a_user(lab):
    start_lns(lab, ipv6_prefix='2001:db8:aaaa:1::/64', routes=['2001:db8:bbbb::/48'])
    dial(lab, 'both')
    online(lab)
    address = made_up_address(lab)
    assert address in ipaddress.ip_network('2001:db8:aaaa:1::/64')
    assert pings(lab.host, address)
    # A network behind the subscriber.
    add_lan(lab)
    lab.subscriber.add_address(LAN, '2001:db8:bbbb::7/64')
    assert pings(lab.host, '2001:db8:bbbb::7')


def test_many_subscribers_have_a_prefix_each(lab):
    count = 40
    settings = config.with_ipv6(lab.controlplane_config(subscribers=count))
    lab.start_lns(controlplane=settings)
    lacsim = lab.start_lacsim('--sessions', count, '--network', 'both', '--delegate',
                              '--hold', -1)

    def served():
        sessions = lab.sessions()
        complete = len(sessions) == count and all(s['delegated_prefixes'] for s in sessions)
        return sessions if complete else None

    sessions = wait_until(served, lambda: f'{count} delegated prefixes; pools: {pools(lab)}')
    links = {p for s in sessions for p in s['ipv6_prefixes']}
    homes = {p for s in sessions for p in s['delegated_prefixes']}
    assert (len(links), len(homes)) == (count, count)
    assert pools(lab) == {'lab': count, 'links': count, 'homes': count}
    lacsim.stop()
    assert lab.report_of(lacsim)['ipv6'] == {'addressed': count, 'delegated': count}
    wait_until(lambda: lab.lnsctl('status')['sessions'] == 0, 'the sessions to end')
    assert pools(lab) == {'lab': 0, 'links': 0, 'homes': 0}
