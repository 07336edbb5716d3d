# A lab in which RADIUS decides everything: FreeRADIUS knows the users and another one writes the records
# down, a CoA client may ask, there are pools, filters and a portal to name. One subscriber after the
# other comes by an independent LAC; the checks say what is to be seen of what one was given.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Subscribers of RADIUS servers, and what is to be seen of their attributes."""

import contextlib
import random
import re
import socket
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from lab import config, freeradius, radclient, wait_until
from peer import DualStack, PeerError, Timeout, udp_socket

PASSWORD = 'correct horse battery'
HOST_PORT = 9000
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0
COA_SECRET = 'coa-secret'
PAGE = Path(__file__).parents[2] / 'docs/radius.md'
GOLD, FRAMED = '100.65.0.0/16', '100.66.0.0/16'
GOLD_LINKS, GOLD_HOMES = '2001:db8:3000::/48', '2001:db8:4000::/40'
GOLD_HOSTS = '2001:db8:5000::/64'
SLOW_BPS = 80_000


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
            {'name': 'gold homes', 'prefix': GOLD_HOMES, 'delegate': 56},
            {'name': 'gold hosts', 'prefix': GOLD_HOSTS, 'addresses': True}]
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


@contextlib.contextmanager
def noted(failures, what):
    """A row that fails is one line in the end; the others go on."""
    try:
        yield
    except (AssertionError, PeerError, pytest.fail.Exception, OSError) as error:
        failures.append(f'{what}: {type(error).__name__} {error}')


def table():
    """{attribute: whether a CoA may change it} as docs/radius.md has it."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if len(cells) == 3 and cells[2] in ('yes', '–'):
            for name in re.findall(r'[A-Z][A-Za-z0-9]+(?:-[A-Za-z0-9]+)*', cells[0]):
                found[name] = cells[2] == 'yes'
    return found


# --- what is to be seen ---

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
