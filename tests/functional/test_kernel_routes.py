# What `ip` changes is what the data plane forwards by, whatever way Linux tells of it, and also where
# Linux says nothing: several paths, links and carriers that come and go, next hop objects, routes to
# nowhere, and the same of IPv6.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Routes and neighbours of Linux in the data plane."""

import pytest

from lab import config, wait_until
from lab.network import connect

FAR, FAR6 = '192.0.2.0/24', '2001:db8:f::/48'
GATEWAYS = ('203.0.113.10', '198.18.1.10')
GATEWAYS6 = ('2001:db8:2::10', '2001:db8:3::10')
HERE, HERE6 = ('203.0.113.1', '198.18.1.1'), ('2001:db8:2::1', '2001:db8:3::1')
LINKS = ('core0', 'core1')


@pytest.fixture
def two_links(make_lab):
    """A data plane alone, with two links to the core."""
    lab = make_lab()
    connect(lab.lns, LINKS[1], lab.host, 'host1')
    lab.lns.add_address(LINKS[1], f'{HERE[1]}/24')
    lab.host.add_address('host1', f'{GATEWAYS[1]}/24')
    for link, far_link, ours, theirs in zip(LINKS, ('host0', 'host1'), HERE6, GATEWAYS6):
        lab.lns.add_address(link, f'{ours}/64')
        lab.host.add_address(far_link, f'{theirs}/64')
    settings = lab.dataplane_config()
    settings['ports'].append({'name': 'core1', 'role': 'core', 'af_xdp': {'interface': LINKS[1]}})
    lab.start_dataplane(settings)
    return lab


def shown(lab, prefix):
    """'kind', or 'next hop port' of each path, as the data plane has it; None: no such route."""
    for route in lab.lnsctl('routes'):
        if route['prefix'] != prefix or route['origin'] != 'ROUTE_ORIGIN_KERNEL':
            continue
        if route['kind'] != 'ROUTE_KIND_FORWARD':
            return route['kind'].rsplit('_', 1)[1].lower()
        return sorted(f'{path["next_hop"] or "connected"} {path["port"]}'
                      for path in [route] + route['more_paths'])
    return None


def becomes(lab, prefix, expected):
    wait_until(lambda: shown(lab, prefix) == expected,
               lambda: f'{prefix} to be {expected}; it is {shown(lab, prefix)}', 5)


def ip(lab, *words):
    lab.lns.run(['ip', *words])


def via(*gateways):
    """Words of `ip route` for several paths."""
    return [word for gateway in gateways for word in ('nexthop', 'via', gateway)]


BOTH = [f'{GATEWAYS[1]} core1', f'{GATEWAYS[0]} core']
BOTH6 = [f'{GATEWAYS6[0]} core', f'{GATEWAYS6[1]} core1']


def test_routes_are_replaced_and_withdrawn(two_links):
    lab = two_links
    ip(lab, 'route', 'add', FAR, 'via', GATEWAYS[0])
    becomes(lab, FAR, BOTH[1:])
    ip(lab, 'route', 'replace', FAR, *via(*GATEWAYS))
    becomes(lab, FAR, BOTH)
    ip(lab, 'route', 'add', FAR, 'via', GATEWAYS[1], 'metric', 50)
    ip(lab, 'route', 'del', FAR, *via(*GATEWAYS))
    becomes(lab, FAR, BOTH[:1])
    ip(lab, 'route', 'del', FAR)
    becomes(lab, FAR, None)


def test_routes_to_nowhere_and_to_linux(two_links):
    lab = two_links
    for kind in ('blackhole', 'unreachable', 'prohibit'):
        ip(lab, 'route', 'add', kind, FAR)
        becomes(lab, FAR, 'unreachable')
        ip(lab, 'route', 'replace', FAR, 'via', GATEWAYS[0])
        becomes(lab, FAR, BOTH[1:])
        ip(lab, 'route', 'del', FAR)
        becomes(lab, FAR, None)
    for address in (*HERE, config.LNS_ADDRESS):
        becomes(lab, f'{address}/32', 'linux')
    becomes(lab, f'{HERE6[0]}/128', 'linux')
    ip(lab, 'address', 'add', '192.0.2.99/32', 'dev', LINKS[0])
    becomes(lab, '192.0.2.99/32', 'linux')
    ip(lab, 'address', 'del', '192.0.2.99/32', 'dev', LINKS[0])
    becomes(lab, '192.0.2.99/32', None)


def test_path_without_carrier_is_left_and_taken_again(two_links):
    lab = two_links
    ip(lab, 'route', 'add', FAR, *via(*GATEWAYS))
    becomes(lab, FAR, BOTH)
    lab.host.run(['ip', 'link', 'set', 'host1', 'down'])
    becomes(lab, FAR, BOTH[1:])
    lab.host.run(['ip', 'link', 'set', 'host1', 'up'])
    becomes(lab, FAR, BOTH)


def test_link_that_goes_down_takes_its_routes_with_it(two_links):
    lab = two_links
    ip(lab, 'route', 'add', FAR, *via(*GATEWAYS))
    ip(lab, 'route', 'add', '198.51.100.128/25', 'via', GATEWAYS[1])
    becomes(lab, '198.51.100.128/25', BOTH[:1])
    ip(lab, 'link', 'set', LINKS[1], 'down')
    becomes(lab, FAR, BOTH[1:])
    becomes(lab, '198.51.100.128/25', None)
    becomes(lab, '198.18.1.0/24', None)
    ip(lab, 'link', 'set', LINKS[1], 'up')
    becomes(lab, '198.18.1.0/24', ['connected core1'])


def test_next_hop_objects(two_links):
    lab = two_links
    for number, (gateway, link) in enumerate(zip(GATEWAYS, LINKS), 1):
        ip(lab, 'nexthop', 'add', 'id', number, 'via', gateway, 'dev', link)
    ip(lab, 'nexthop', 'add', 'id', 10, 'group', '1/2')
    ip(lab, 'route', 'add', FAR, 'nhid', 10)
    becomes(lab, FAR, BOTH)
    ip(lab, 'nexthop', 'del', 'id', 2)  # Linux tells of no route that changes by it
    becomes(lab, FAR, BOTH[1:])
    ip(lab, 'nexthop', 'replace', 'id', 10, 'group', 1)
    ip(lab, 'nexthop', 'del', 'id', 1)
    becomes(lab, FAR, None)


def test_paths_of_ipv6_come_and_go_one_by_one(two_links):
    lab = two_links
    ip(lab, '-6', 'route', 'add', FAR6, 'via', GATEWAYS6[0])
    becomes(lab, FAR6, BOTH6[:1])
    ip(lab, '-6', 'route', 'append', FAR6, 'via', GATEWAYS6[1])
    becomes(lab, FAR6, BOTH6)
    ip(lab, '-6', 'route', 'del', FAR6, 'via', GATEWAYS6[0])
    becomes(lab, FAR6, BOTH6[1:])
    ip(lab, '-6', 'route', 'replace', FAR6, *via(*GATEWAYS6))
    becomes(lab, FAR6, BOTH6)
    lab.host.run(['ip', 'link', 'set', 'host1', 'down'])
    becomes(lab, FAR6, BOTH6[:1])
    ip(lab, '-6', 'route', 'del', FAR6)
    becomes(lab, FAR6, None)


@pytest.mark.parametrize('gateway', [GATEWAYS[0], GATEWAYS6[0]])
def test_gateway_is_resolved_before_a_packet_needs_it(two_links, gateway):
    lab = two_links
    ip(lab, 'neighbour', 'flush', 'dev', LINKS[0])
    assert 'lladdr' not in lab.lns.run(['ip', 'neighbour', 'show', gateway]).stdout
    ip(lab, 'route', 'add', FAR6 if ':' in gateway else FAR, 'via', gateway)
    wait_until(lambda: 'lladdr' in lab.lns.run(['ip', 'neighbour', 'show', gateway]).stdout,
               'Linux to ask for the gateway', 5)
