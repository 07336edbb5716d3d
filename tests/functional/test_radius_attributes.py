# Every attribute that means something, one after the other, with a real FreeRADIUS: in an Accept it
# takes effect at the subscriber or in the data plane, in accounting it arrives. docs/radius.md has the
# table; what it names is held against the rows here, and those of test_radius_changes.py.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""RADIUS attributes, attribute by attribute."""

import dataclasses
import ipaddress
import re
import time
from collections.abc import Callable

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptRouteInfo

from lab import config, freeradius, wait_until
from peer import AuthenticationFailed, CallCleared
from radius_world import (
    GOLD, GOLD_HOMES, GOLD_HOSTS, GOLD_LINKS, PASSWORD, SLOW_BPS, answers_denied, fragments,
    network_behind, network_behind6, noted, slow_down, slow_up, table, web_denied)

REFUSED = (AuthenticationFailed, CallCleared)


@dataclasses.dataclass
class Row:
    """One user, what the server replies, and what is to be seen of it."""
    attribute: str  # as docs/radius.md names it
    replies: tuple
    check: Callable  # (world, subscriber) of one who is online; of a refusal before
    refused: bool = False


def equals(read, expected):
    def check(world, subscriber):
        got = read(world, subscriber)
        assert got == expected, f'{got!r} instead of {expected!r}'
    return check


def inside(read, prefix):
    def check(world, subscriber):
        got = read(world, subscriber)
        assert ipaddress.ip_network(got).subnet_of(ipaddress.ip_network(prefix)), got
    return check


def address(_, subscriber):
    return subscriber.address


def advertised(option, field):
    def read(_, subscriber):
        return subscriber.advertisement()[option].getfieldval(field)
    return read


def dhcp_address(_, subscriber):
    [found], _ = subscriber.dhcp()
    return found


def dhcp_prefix(_, subscriber):
    _, [found] = subscriber.dhcp()
    return found


def in_start(name, expected):
    return lambda world, subscriber: world.record(subscriber.user, 'Start').get(name) == expected \
        or pytest.fail(f'{name}: {world.record(subscriber.user, "Start").get(name)}')


def ends(cause, sends=0):
    """Of its own accord; looked at when all others are through."""
    def check(world, subscriber):
        for _ in range(sends):
            world.passes_up(subscriber)

        def later():
            stop = world.record(subscriber.user, 'Stop')
            assert stop['Acct-Terminate-Cause'] == cause, stop
        return later
    return check


def stays(world, subscriber):
    for _ in range(20):
        world.passes_up(subscriber)
    return lambda: world.records(subscriber.user, 'Stop') == [] or pytest.fail('it has ended')


def no_interims(world, subscriber):
    """Others have one a second; this one none in the first minute."""
    def later():
        # One may tell of the second network protocol.
        ours, others = (len(world.records(user, 'Interim-Update')) for user in ('interim', 'plain'))
        assert ours <= 1 < others, (ours, others)
    del subscriber
    return later


def cleared_for(text):
    def check(world, subscriber):
        world.lab.controlplane.wait_for_output(text)
        assert subscriber.wait_cleared().code == 3
    return check


def says(text):
    return equals(lambda world, subscriber: subscriber.success_message, text)


ROWS = [
    Row('User-Name', ('User-Name = "plain"',), lambda world, _: world.record('plain', 'Start')),
    Row('Framed-IP-Address', ('Framed-IP-Address = 100.66.1.2',), equals(address, '100.66.1.2')),
    Row('Framed-IP-Address', ('Framed-IP-Address = 255.255.255.254',), inside(address, config.POOL)),
    Row('Framed-IP-Netmask',
        ('Framed-IP-Address = 100.66.2.9', 'Framed-IP-Netmask = 255.255.255.248'),
        network_behind('100.66.2.10')),
    Row('Framed-Route', ('Framed-Route = "100.66.9.0/24 0.0.0.0 1"',),
        network_behind('100.66.9.77')),
    Row('Framed-Pool', ('Framed-Pool = "nowhere"', 'Framed-Pool += "gold"'), inside(address, GOLD)),
    Row('Framed-Pool', ('Framed-Pool = "nowhere"',), cleared_for('pool does not exist'),
        refused=True),
    Row('Framed-MTU', ('Framed-MTU = 1300',), fragments),
    Row('MS-Primary-DNS-Server',
        ('MS-Primary-DNS-Server = 192.0.2.99', 'MS-Secondary-DNS-Server = 192.0.2.98'),
        equals(lambda _, subscriber: subscriber.dns, '192.0.2.99')),
    Row('MS-Secondary-DNS-Server',
        ('MS-Primary-DNS-Server = 192.0.2.99', 'MS-Secondary-DNS-Server = 192.0.2.98'),
        equals(lambda _, subscriber: subscriber.dns2, '192.0.2.98')),
    Row('Session-Timeout', ('Session-Timeout = 2',), ends('Session-Timeout')),
    Row('Idle-Timeout', ('Idle-Timeout = 2',), ends('Idle-Timeout')),
    Row('Mikrotik-Total-Limit', ('Mikrotik-Total-Limit = 500',), ends('NAS-Request', sends=20)),
    Row('Mikrotik-Total-Limit-Gigawords',
        ('Mikrotik-Total-Limit = 500', 'Mikrotik-Total-Limit-Gigawords = 1'), stays),
    Row('Acct-Interim-Interval', ('User-Name = "interim"', 'Acct-Interim-Interval = 60'),
        no_interims),
    Row('Class', ('Class = 0x0102', 'Class += 0x03'), in_start('Class', '0x0102 0x03')),
    Row('Filter-Id', ('Filter-Id = "no-web.in"',), web_denied),
    Row('Filter-Id', ('Filter-Id = "no-answers.out"',), answers_denied),
    Row('Filter-Id', ('Filter-Id = "nowhere"',), cleared_for('filter.*does not exist'),
        refused=True),
    Row('WISPr-Redirection-URL', ('WISPr-Redirection-URL = "http://portal.example/"',), web_denied),
    Row('ERX-Virtual-Router-Name', ('ERX-Virtual-Router-Name = "nowhere"',),
        cleared_for('VRF does not exist'), refused=True),
    Row('Cisco-AVPair', ('Cisco-AVPair = "ip:vrf-id=nowhere"',),
        cleared_for('VRF does not exist'), refused=True),
    Row('WISPr-Bandwidth-Max-Up', (f'WISPr-Bandwidth-Max-Up = {SLOW_BPS}',), slow_up),
    Row('WISPr-Bandwidth-Max-Down', (f'WISPr-Bandwidth-Max-Down = {SLOW_BPS}',), slow_down),
    Row('Framed-Interface-Id', ('Framed-Interface-Id = 0:0:0:77',),
        equals(lambda _, subscriber: subscriber.interface_id.hex(), '0000000000000077')),
    Row('Framed-IPv6-Prefix', ('Framed-IPv6-Prefix = 2001:db8:aaaa:1::/64',),
        equals(advertised(ICMPv6NDOptPrefixInfo, 'prefix'), '2001:db8:aaaa:1::')),
    Row('Framed-IPv6-Pool', ('Framed-IPv6-Pool = "gold links"',),
        inside(advertised(ICMPv6NDOptPrefixInfo, 'prefix'), GOLD_LINKS)),
    Row('Framed-IPv6-Route', ('Framed-IPv6-Route = "2001:db8:bbbb::/48 :: 1"',),
        network_behind6('2001:db8:bbbb::7')),
    Row('Delegated-IPv6-Prefix', ('Delegated-IPv6-Prefix = 2001:db8:cccc::/56',),
        equals(dhcp_prefix, '2001:db8:cccc::/56')),
    Row('Delegated-IPv6-Prefix-Pool', ('Delegated-IPv6-Prefix-Pool = "gold homes"',),
        inside(dhcp_prefix, GOLD_HOMES)),
    Row('Delegated-IPv6-Prefix-Pool', ('Delegated-IPv6-Prefix-Pool = "nowhere"',),
        cleared_for('pool does not exist'), refused=True),
    Row('Framed-IPv6-Address', ('Framed-IPv6-Address = 2001:db8:dddd::5',),
        equals(dhcp_address, '2001:db8:dddd::5')),
    Row('Stateful-IPv6-Address-Pool',
        ('Stateful-IPv6-Address-Pool = "nowhere"', 'Stateful-IPv6-Address-Pool += "gold hosts"'),
        inside(dhcp_address, GOLD_HOSTS)),
    Row('Stateful-IPv6-Address-Pool', ('Stateful-IPv6-Address-Pool = "gold homes"',),
        cleared_for('pool does not exist'), refused=True),
    Row('DNS-Server-IPv6-Address', ('DNS-Server-IPv6-Address = 2001:db8::99',),
        equals(advertised(ICMPv6NDOptRDNSS, 'dns'), ['2001:db8::99'])),
    Row('Route-IPv6-Information', ('Route-IPv6-Information = 2001:db8:eeee::/48',),
        equals(advertised(ICMPv6NDOptRouteInfo, 'prefix'), '2001:db8:eeee::')),
    Row('Reply-Message', ('Reply-Message = "wel"', 'Reply-Message += "come"'), says('welcome')),
    Row('Service-Type', ('Service-Type = Login-User',), cleared_for('Service-Type 1 only'),
        refused=True),
    Row('Tunnel-Type', ('Tunnel-Type:1 = PPTP', 'Tunnel-Type:2 = L2TP'), inside(address, config.POOL)),
    Row('Tunnel-Type', ('Tunnel-Type = PPTP',), cleared_for('other tunnels only'), refused=True),
    Row('Tunnel-Medium-Type', ('Tunnel-Medium-Type = IPv6',), cleared_for('other tunnels only'),
        refused=True),
    Row('Tunnel-Client-Endpoint', ('Tunnel-Client-Endpoint = "192.0.2.1"',),
        cleared_for('other tunnels only'), refused=True),
    Row('Tunnel-Server-Endpoint', ('Tunnel-Server-Endpoint = "192.0.2.1"',),
        cleared_for('other tunnels only'), refused=True),
    Row('Tunnel-Client-Auth-Id', ('Tunnel-Client-Auth-Id = "another"',),
        cleared_for('other tunnels only'), refused=True),
    Row('Tunnel-Server-Auth-Id', ('Tunnel-Server-Auth-Id = "another"',),
        cleared_for('other tunnels only'), refused=True),
    Row('Tunnel-Private-Group-Id',
        ('Tunnel-Client-Auth-Id:1 = "scapy-lac"', 'Tunnel-Private-Group-Id:1 = "red"'),
        in_start('Tunnel-Private-Group-Id:0', 'red')),
    *(Row(attribute, (f'{attribute} = {value}',), inside(address, config.POOL))
      for attribute, value in (('Tunnel-Assignment-Id', '"x"'), ('Tunnel-Preference', '5'),
                               ('Tunnel-Password', '"x"'))),
]
# test_radius.py and test_limits.py have them.
ELSEWHERE = {'MS-CHAP2-Success', 'Port-Limit'}


def name_of(index):
    return f'user{index}'


def check_row(world, row, user):
    subscriber = world.subscriber(user)
    if row.refused:
        with pytest.raises(REFUSED):
            subscriber.connect()
        return row.check(world, subscriber)
    subscriber.connect()
    return row.check(world, subscriber)


def test_every_attribute_of_an_accept_takes_effect(make_radius_world):
    rows = dict(zip((name_of(i) for i in range(1, len(ROWS) + 1)), ROWS, strict=True))
    world = make_radius_world([freeradius.user(user, PASSWORD, *row.replies)
                        for user, row in rows.items()])
    failures, later = [], []
    for user, row in rows.items():
        what = f'{row.attribute} ({", ".join(row.replies)})'
        with noted(failures, what):
            after = check_row(world, row, user)
            if callable(after):
                later.append((what, after))
    for what, after in later:
        with noted(failures, what):
            after()
    assert not failures, '\n'.join(failures)
    counters = world.lab.lnsctl('counters')
    assert counters['aaa.radius.malformed-attributes'] == 0
    assert counters['aaa.radius.ignored-attributes'] == 0


def test_the_table_of_attributes_is_what_is_tested():
    assert set(table()) == {row.attribute for row in ROWS} | ELSEWHERE


# --- accounting ---

def test_every_accounting_attribute_arrives(make_radius_world):
    world = make_radius_world([freeradius.user('user1', PASSWORD, 'Class = 0x77',
                                        'Framed-IPv6-Address = 2001:db8:dddd::5',
                                        'Delegated-IPv6-Prefix = 2001:db8:cccc::/56',
                                        'Framed-Interface-Id = 0:0:0:77')])
    subscriber = world.online('user1')
    session = world.session('user1')
    key = session['key']
    tunnel, port = key['local_tunnel_id'], key['local_tunnel_id'] << 16 | key['local_session_id']
    subscriber.dhcp()
    assert world.passes_up(subscriber) and world.passes_down(subscriber)
    time.sleep(1.2)
    subscriber.terminate()
    start, stop = world.record('user1', 'Start'), world.record('user1', 'Stop')
    wait_until(lambda: world.records('user1', 'Interim-Update'), 'an Interim')
    last = world.records('user1', 'Interim-Update')[-1]
    octets = len(IP() / UDP()) + 8
    everywhere = {
        'NAS-IP-Address': config.LNS_ADDRESS, 'NAS-Identifier': 'lns.example',
        'NAS-Port': str(port), 'NAS-Port-Type': 'Virtual',
        'NAS-Port-Id': f'l2tp {tunnel}/{key["local_session_id"]}',
        'Service-Type': 'Framed-User', 'Framed-Protocol': 'PPP', 'User-Name': 'user1',
        'Acct-Authentic': 'RADIUS', 'Class': '0x77',
        'Framed-Interface-Id': '0:0:0:77', 'Called-Station-Id': session['called_number'],
        'Calling-Station-Id': session['calling_number'],
        'Connect-Info': '/'.join(2 * [str(world.lac.connect_speed)]),
        'Tunnel-Type:0': 'L2TP',
        'Tunnel-Medium-Type:0': 'IPv4', 'Tunnel-Client-Endpoint:0': config.FIRST_LAC_ADDRESS,
        'Tunnel-Server-Endpoint:0': config.LNS_ADDRESS, 'Tunnel-Assignment-Id:0': str(tunnel),
        'Tunnel-Client-Auth-Id:0': 'scapy-lac', 'Tunnel-Server-Auth-Id:0': 'lns.example',
        'Acct-Tunnel-Connection': str(subscriber.call.serial), 'Acct-Delay-Time': '0'}
    for record in (start, last, stop):
        wrong = {name: record.get(name) for name, value in everywhere.items()
                 if record.get(name) != value}
        assert not wrong, (record['Acct-Status-Type'], wrong)
        assert re.fullmatch('[0-9a-f]{28}', record['Acct-Session-Id'])
        assert 'Event-Timestamp' in record
        assert record['Framed-IPv6-Prefix'].startswith('2001:db8:1000:')
    for record in (last, stop):
        assert record['Framed-IP-Address'] == subscriber.address
        assert record['Framed-IPv6-Address'] == '2001:db8:dddd::5'
        assert record['Delegated-IPv6-Prefix'] == '2001:db8:cccc::/56'
        assert int(record['Acct-Session-Time']) >= 1
    # The uplink of the test's own: DHCPv6 and the like are for the LNS and not counted.
    assert (stop['Acct-Input-Packets'], stop['Acct-Input-Octets']) == ('1', str(octets))
    assert (stop['Acct-Output-Packets'], stop['Acct-Output-Octets']) == ('1', str(octets))
    assert stop['Acct-Terminate-Cause'] == 'User-Request'
    assert 'Acct-Terminate-Cause' not in start and 'Acct-Input-Octets' not in start

    # RFC 2867: the tunnel and its links.
    for kind in ('Tunnel-Start', 'Tunnel-Link-Start', 'Tunnel-Link-Stop'):
        [record] = world.records(kind=kind)
        assert record['Tunnel-Assignment-Id:0'] == str(tunnel)
        assert record['Tunnel-Client-Auth-Id:0'] == 'scapy-lac'
    world.lac.leave()
    stop = wait_until(lambda: next(iter(world.records(kind='Tunnel-Stop')), None), 'Tunnel-Stop')
    assert stop['Acct-Tunnel-Connection'] == str(tunnel)
    assert int(stop['Acct-Session-Time']) >= 1
