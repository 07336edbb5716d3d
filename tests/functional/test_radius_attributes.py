# Every attribute that means something, one after the other, with a real FreeRADIUS and radclient: in
# an Accept it takes effect at the subscriber or in the data plane, in accounting it arrives, in a
# CoA-Request it takes effect without the session noticing or is refused by the right Error-Cause.
# docs/radius.md has the table; what it names is held against the rows here.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""RADIUS attributes, attribute by attribute."""

import concurrent.futures
import contextlib
import dataclasses
import functools
import ipaddress
import random
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptRouteInfo

from lab import config, freeradius, radclient, wait_until
from peer import AuthenticationFailed, CallCleared, DualStack, PeerError, Timeout, udp_socket

PASSWORD = 'correct horse battery'
HOST_PORT = 9000
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0
COA_SECRET = 'coa-secret'
PAGE = Path(__file__).parents[2] / 'docs/radius.md'
GOLD, FRAMED = '100.65.0.0/16', '100.66.0.0/16'
GOLD_LINKS, GOLD_HOMES = '2001:db8:3000::/48', '2001:db8:4000::/40'
FAST, SLOW_BPS = 100_000_000, 80_000
REFUSED = (AuthenticationFailed, CallCleared)


class World:
    """The lab with everything running, and one subscriber after the other."""

    def __init__(self, lab, lac, users):
        self.lab, self.lac = lab, lac
        start(lab, 'freeradius', freeradius.prepare(lab.directory / 'raddb', users))
        self.books = lab.directory / 'books'
        start(lab, 'books', freeradius.prepare_accounting(self.books))
        settings = config.with_ipv6(lab.controlplane_config(subscribers=1))
        settings['ppp']['auth'] = ['pap']
        settings['pools'] += [
            {'name': 'gold', 'prefix': GOLD}, {'name': 'gold links', 'prefix': GOLD_LINKS},
            {'name': 'gold homes', 'prefix': GOLD_HOMES, 'delegate': 56}]
        settings['radius'] = {
            'servers': [{'name': 'first', 'address': '127.0.0.1', 'secret': freeradius.SECRET}],
            'framed_prefixes': [FRAMED], 'local_users_first': False}
        settings['accounting'] = {
            'servers': [{'name': 'books', 'address': '127.0.0.1', 'secret': freeradius.SECRET}],
            'least_interim_s': 1, 'interim_interval_s': 1, 'tunnels': True}
        settings['dynamic_authorization'] = {
            'clients': [{'name': 'aaa', 'address': '198.51.100.0/24', 'secret': COA_SECRET}]}
        settings['filters'] = [
            {'name': 'no-web', 'rest': 'permit',
             'rules': [{'verdict': 'deny', 'protocol': 'udp', 'destination_ports': ['80']}]},
            {'name': 'no-answers', 'rest': 'permit',
             'rules': [{'verdict': 'deny', 'protocol': 'udp', 'source_ports': [str(HOST_PORT)]}]}]
        settings['redirect_filter'] = 'no-web'
        lab.start_lns(controlplane=settings)
        self.host = udp_socket(lab.host.name, config.HOST_ADDRESS, HOST_PORT)
        # Without DF: what is too long is the LNS's to cut, not the host's.
        self.host.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        self.web = udp_socket(lab.host.name, config.HOST_ADDRESS, 80)

    def close(self):
        self.host.close()
        self.web.close()

    def subscriber(self, user):
        return DualStack(self.lac.call(), user, PASSWORD)

    def online(self, user):
        subscriber = self.subscriber(user)
        subscriber.connect()
        return subscriber

    def session(self, user):
        [session] = [s for s in self.lab.sessions() if s['user_name'] == user]
        return session

    def records(self, user=None, kind=None):
        return [r for r in freeradius.records(self.books)
                if user in (None, r.get('User-Name')) and kind in (None, r['Acct-Status-Type'])]

    def record(self, user, kind):
        return wait_until(lambda: next(iter(self.records(user, kind)), None),
                          lambda: f'{kind} of {user}; there are: {self.records()}')

    def ask(self, kind, *attributes):
        return radclient.ask(self.lab, kind, *attributes, secret=COA_SECRET)

    # --- packets ---

    def passes_up(self, subscriber, source=None, sink=None):
        """Whether a packet of the subscriber reaches the host."""
        sink = sink or self.host
        token = random.randbytes(8)
        subscriber.send_ip(IP(src=source or subscriber.address, dst=config.HOST_ADDRESS) /
                           UDP(sport=4000, dport=sink.getsockname()[1]) / token)
        sink.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while True:
                if sink.recvfrom(2000)[0] == token:
                    return True
        return False

    def passes_down(self, subscriber, origin=None):
        token = random.randbytes(8)
        (origin or self.host).sendto(token, (subscriber.address, 4000))
        try:
            subscriber.receive_ip(lambda p: UDP in p and bytes(p[UDP].payload) == token, 0.3)
        except Timeout:
            return False
        return True

    def burst_up(self, subscriber, count=60, size=1000):
        """How many of so many packets in one breath reach the host."""
        token = random.randbytes(8)
        for _ in range(count):
            subscriber.send_ip(IP(src=subscriber.address, dst=config.HOST_ADDRESS) /
                               UDP(sport=4000, dport=HOST_PORT) / token.ljust(size, b'.'))
        self.host.settimeout(0.3)
        arrived = 0
        with contextlib.suppress(TimeoutError):
            while arrived < count:
                arrived += self.host.recvfrom(2000)[0].startswith(token)
        return arrived

    def burst_down(self, subscriber, count=60, size=1000):
        token = random.randbytes(8)
        for _ in range(count):
            self.host.sendto(token.ljust(size, b'.'), (subscriber.address, 4000))
        before = len(subscriber.packets)

        def arrived():
            return sum(UDP in p and bytes(p[UDP].payload).startswith(token)
                       for p in subscriber.packets[before:])

        with contextlib.suppress(Timeout):
            subscriber.run(lambda: arrived() == count, 'all of them', 0.3)
        return arrived()


def start(lab, name, command):
    lab.start(name, command, lab.lns).wait_for_output(freeradius.READY)


# --- what an Accept does ---

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


def fragments(world, subscriber):
    """Of a datagram of 1,400 bytes: none is longer than 1,300."""
    world.host.sendto(bytes(1400), (subscriber.address, 4000))
    lengths = []
    while sum(lengths) < 1400:
        lengths.append(subscriber.receive_ip(lambda p: p.src == config.HOST_ADDRESS).len)
    assert len(lengths) == 2 and max(lengths) <= 1300, lengths


def network_behind(source):
    def check(world, subscriber):
        assert world.passes_up(subscriber, source)
        subscriber.send_ip(IP(src=source, dst=config.HOST_ADDRESS) / ICMP(id=7))
        subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == 0 and p.dst == source)
    return check


def network_behind6(source):
    def check(_, subscriber):
        subscriber.ping6(config.HOST_ADDRESS6, source)
    return check


def in_start(name, expected):
    return lambda world, subscriber: world.record(subscriber.user, 'Start').get(name) == expected \
        or pytest.fail(f'{name}: {world.record(subscriber.user, "Start").get(name)}')


def slow_up(world, subscriber):
    # What a burst may be is the data plane's choice; the rest is beyond the rate.
    assert 0 < world.burst_up(subscriber) < 55
    assert world.burst_down(subscriber) == 60


def slow_down(world, subscriber):
    assert 0 < world.burst_down(subscriber) < 55
    assert world.burst_up(subscriber) == 60


def web_denied(world, subscriber):
    assert world.passes_up(subscriber)
    assert not world.passes_up(subscriber, sink=world.web)
    assert world.passes_down(subscriber)


def web_open(world, subscriber):
    assert world.passes_up(subscriber, sink=world.web)
    assert world.passes_down(subscriber)


def answers_denied(world, subscriber):
    assert world.passes_up(subscriber)
    assert not world.passes_down(subscriber)
    assert world.passes_down(subscriber, world.web)


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
    Row('Framed-IPv6-Address', ('Framed-IPv6-Address = 2001:db8:dddd::5',),
        equals(dhcp_address, '2001:db8:dddd::5')),
    Row('Stateful-IPv6-Address-Pool', ('Stateful-IPv6-Address-Pool = "nowhere"',),
        inside(dhcp_address, config.LINK_POOL)),
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
# test_radius.py has it.
ELSEWHERE = {'MS-CHAP2-Success'}


def name_of(index):
    return f'user{index}'


@contextlib.contextmanager
def noted(failures, what):
    """A row that fails is one line in the end; the others go on."""
    try:
        yield
    except (AssertionError, PeerError, pytest.fail.Exception, OSError) as error:
        failures.append(f'{what}: {type(error).__name__} {error}')


def check_row(world, row, user):
    subscriber = world.subscriber(user)
    if row.refused:
        with pytest.raises(REFUSED):
            subscriber.connect()
        return row.check(world, subscriber)
    subscriber.connect()
    return row.check(world, subscriber)


@pytest.fixture
def make_world(lab, open_lac):
    if freeradius.missing():
        pytest.skip(freeradius.missing())
    with contextlib.ExitStack() as stack:
        def make(users):
            world = World(lab, None, users)
            stack.callback(world.close)
            world.lac = open_lac(lab)
            return world
        yield make


def test_every_attribute_of_an_accept_takes_effect(make_world):
    rows = dict(zip((name_of(i) for i in range(1, len(ROWS) + 1)), ROWS, strict=True))
    world = make_world([freeradius.user(user, PASSWORD, *row.replies)
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


def table():
    """{attribute: whether a CoA may change it} as docs/radius.md has it."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if len(cells) == 3 and cells[2] in ('yes', '–'):
            for name in re.findall(r'[A-Z][A-Za-z0-9]+(?:-[A-Za-z0-9]+)*', cells[0]):
                found[name] = cells[2] == 'yes'
    return found


def test_the_table_of_attributes_is_what_is_tested():
    assert set(table()) == {row.attribute for row in ROWS} | ELSEWHERE
    changed = {attribute.split(' = ')[0] for change in (*CHANGES, *ENDINGS)
               for attribute in change.attributes if change.answer == 'CoA-ACK'}
    assert {name for name, may in table().items() if may} == changed


# --- accounting ---

def test_every_accounting_attribute_arrives(make_world):
    world = make_world([freeradius.user('user1', PASSWORD, 'Class = 0x77',
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


# --- CoA and Disconnect ---

@dataclasses.dataclass
class Change:
    """What radclient asks for user1, and what is to be seen of it."""
    attributes: tuple
    answer: str
    check: Callable = lambda world, subscriber: None


def fast(world, subscriber):
    assert world.burst_up(subscriber) == 60
    assert world.burst_down(subscriber) == 60


def no_network_behind(source):
    def check(world, subscriber):
        assert not world.passes_up(subscriber, source)
    return check


def ends_now(cause):
    def check(world, subscriber):
        subscriber.wait_cleared()
        assert world.record(subscriber.user, 'Stop')['Acct-Terminate-Cause'] == cause
    return check


def unchanged(world, subscriber):
    web_denied(world, subscriber)
    network_behind('100.66.9.77')(world, subscriber)


CHANGES = [
    Change((f'WISPr-Bandwidth-Max-Up = {SLOW_BPS}',), 'CoA-ACK', slow_up),
    Change((f'WISPr-Bandwidth-Max-Up = {FAST}', f'WISPr-Bandwidth-Max-Down = {SLOW_BPS}'),
           'CoA-ACK', slow_down),
    Change(('WISPr-Bandwidth-Max-Up = 0', 'WISPr-Bandwidth-Max-Down = 0'), 'CoA-ACK', fast),
    Change(('Framed-Route = "100.66.9.0/24 0.0.0.0 1"',), 'CoA-ACK', network_behind('100.66.9.77')),
    Change(('Framed-Route = "100.66.8.0/24 0.0.0.0 1"',), 'CoA-ACK',
           no_network_behind('100.66.9.77')),
    Change(('Framed-Route = "100.66.9.0/24 0.0.0.0 1"',), 'CoA-ACK'),
    Change(('Framed-IPv6-Route = "2001:db8:bbbb::/48 :: 1"',), 'CoA-ACK',
           network_behind6('2001:db8:bbbb::7')),
    Change(('WISPr-Redirection-URL = "http://portal.example/"',), 'CoA-ACK', web_denied),
    Change(('WISPr-Redirection-URL = none',), 'CoA-ACK', web_open),
    Change(('Filter-Id = "no-answers.out"',), 'CoA-ACK', answers_denied),
    Change(('Filter-Id = "no-web.in"',), 'CoA-ACK', web_denied),
    # Refused as a whole, and everything stays.
    Change(('Filter-Id = "nowhere"', 'Framed-Route = "100.66.7.0/24 0.0.0.0 1"'),
           'CoA-NAK Invalid-Attribute-Value', unchanged),
    Change(('Framed-Route = "100.66.200.0/24 0.0.0.0 1"', 'Filter-Id = "no-answers.out"'),
           'CoA-NAK Invalid-Attribute-Value', unchanged),  # user2's
    Change(('Framed-Route = "nonsense"',), 'CoA-NAK Invalid-Attribute-Value', unchanged),
    Change(('Acct-Interim-Interval = 59',), 'CoA-NAK Invalid-Attribute-Value', unchanged),
    Change(('Framed-Pool = "gold"', 'Session-Timeout = 1'), 'CoA-NAK Unsupported-Attribute',
           unchanged),
    Change(('ERX-Virtual-Router-Name = "blue"',), 'CoA-NAK Unsupported-Attribute'),
    Change(('Service-Type = Authorize-Only', 'State = 0x01'), 'CoA-NAK Unsupported-Service'),
    Change((), 'CoA-NAK Missing-Attribute'),
    Change(('NAS-Identifier = "another"', 'Session-Timeout = 1'),
           'CoA-NAK NAS-Identification-Mismatch'),
    Change(('Calling-Station-Id = "of another"', 'Session-Timeout = 1'),
           'CoA-NAK Session-Context-Not-Found'),
    Change(('Framed-MTU = 1300',), 'CoA-ACK', fragments),
    Change(('Class = 0x99',), 'CoA-ACK', lambda world, _: wait_until(
        lambda: any(r.get('Class') == '0x99' for r in world.records('user1')), 'the new Class')),
    Change(('Acct-Interim-Interval = 60', 'Idle-Timeout = 600'), 'CoA-ACK'),
    Change(('Session-Timeout = 1',), 'CoA-ACK', ends_now('Session-Timeout')),
]


# Of user3 and user4, while the others go on.
ENDINGS = [
    Change(('Mikrotik-Total-Limit = 1', 'Mikrotik-Total-Limit-Gigawords = 0'), 'CoA-ACK',
           ends_now('NAS-Request')),
    Change(('Idle-Timeout = 1',), 'CoA-ACK', ends_now('Idle-Timeout')),
]


def test_every_change_of_a_coa_takes_effect_or_is_refused(make_world):
    world = make_world([
        freeradius.user('user1', PASSWORD),
        freeradius.user('user2', PASSWORD, 'Framed-Route = "100.66.200.0/24 0.0.0.0 1"'),
        freeradius.user('user3', PASSWORD), freeradius.user('user4', PASSWORD)])
    subscriber, other = world.online('user1'), world.online('user2')
    ending = [world.online('user3'), world.online('user4')]
    for short_lived, change in zip(ending, ENDINGS, strict=True):
        assert world.passes_up(short_lived)
        assert world.ask('coa', f'User-Name = {short_lived.user}',
                         *change.attributes) == change.answer
    session = world.record('user1', 'Start')['Acct-Session-Id']
    addresses, requests = (subscriber.address, other.address), subscriber.ipcp.requests_sent
    failures = []
    for change in CHANGES:
        what = f'CoA of {", ".join(change.attributes)}'
        with noted(failures, what):
            answer = world.ask('coa', f'Acct-Session-Id = "{session}"', *change.attributes)
            assert answer == change.answer, f'{answer} instead of {change.answer}'
            change.check(world, subscriber)
    for short_lived, change in zip(ending, ENDINGS, strict=True):
        with noted(failures, f'CoA of {change.attributes}'):
            change.check(world, short_lived)
    assert not failures, '\n'.join(failures)
    assert subscriber.ipcp.requests_sent == requests, 'IPCP was not to be negotiated again'
    assert (subscriber.address, other.address) == addresses
    # The other one is not concerned, and is found by each of its names.
    network_behind('100.66.200.7')(world, other)
    found = functools.partial(world.ask, 'coa', 'Idle-Timeout = 600')
    port = world.record('user2', 'Start')['NAS-Port']
    for attribute in ('User-Name = user2', f'Framed-IP-Address = {other.address}',
                      f'NAS-Port = {port}', f'Calling-Station-Id = "{other.call.calling}"'):
        assert found(attribute) == 'CoA-ACK', attribute
    assert world.ask('disconnect', 'User-Name = user2', 'Idle-Timeout = 1') == (
        'Disconnect-NAK Unsupported-Attribute')
    assert world.ask('disconnect', 'User-Name = nobody') == (
        'Disconnect-NAK Session-Context-Not-Found')
    with concurrent.futures.ThreadPoolExecutor(1) as meanwhile:
        answer = meanwhile.submit(world.ask, 'disconnect', 'User-Name = user2')
        assert other.wait_cleared().code == 3
        assert answer.result() == 'Disconnect-ACK'
    assert world.record('user2', 'Stop')['Acct-Terminate-Cause'] == 'Admin-Reset'
