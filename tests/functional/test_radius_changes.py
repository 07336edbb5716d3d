# Changes that a real radclient asks for (RFC 5176): each attribute that may change takes effect without
# the session noticing, everything else is refused by the right Error-Cause and changes nothing.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""CoA and Disconnect, attribute by attribute."""

import concurrent.futures
import dataclasses
import functools
from collections.abc import Callable

from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptRDNSS, ICMPv6NDOptRouteInfo

from lab import config, freeradius, wait_until
from radius_world import (
    PASSWORD, SLOW_BPS, answers_denied, fragments, network_behind, network_behind6, noted, slow_down,
    slow_up, table, web_denied, web_open)

FAST = 100_000_000
LIFETIMES = {ICMPv6NDOptRDNSS: 'lifetime', ICMPv6NDOptRouteInfo: 'rtlifetime'}


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


def told(option, field, withdrawn, now):
    """By Router Advertisements at once, with nobody asking: what ended, and what goes on."""
    def hears(subscriber, value, lives):
        def says(packet):
            found = packet.getlayer(option)
            return (found is not None and found.getfieldval(field) == value
                    and (found.getfieldval(LIFETIMES[option]) > 0) == lives)
        subscriber.receive_ip6(ICMPv6ND_RA, says)

    def check(_, subscriber):
        if withdrawn is not None:
            hears(subscriber, withdrawn, lives=False)
        hears(subscriber, now, lives=True)
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
    Change(('DNS-Server-IPv6-Address = 2001:db8::98',), 'CoA-ACK',
           told(ICMPv6NDOptRDNSS, 'dns', [config.HOST_ADDRESS6], ['2001:db8::98'])),
    Change(('DNS-Server-IPv6-Address = 2001:db8::98', 'DNS-Server-IPv6-Address = 2001:db8::97'),
           'CoA-ACK', told(ICMPv6NDOptRDNSS, 'dns', None, ['2001:db8::98', '2001:db8::97'])),
    Change(('Route-IPv6-Information = 2001:db8:eeee::/48',), 'CoA-ACK',
           told(ICMPv6NDOptRouteInfo, 'prefix', None, '2001:db8:eeee::')),
    Change(('Route-IPv6-Information = 2001:db8:ffff::/48',), 'CoA-ACK',
           told(ICMPv6NDOptRouteInfo, 'prefix', '2001:db8:eeee::', '2001:db8:ffff::')),
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


def test_the_table_marks_what_a_coa_changes():
    changed = {attribute.split(' = ')[0] for change in (*CHANGES, *ENDINGS)
               for attribute in change.attributes if change.answer == 'CoA-ACK'}
    assert {name for name, may in table().items() if may} == changed


def test_every_change_of_a_coa_takes_effect_or_is_refused(make_radius_world):
    world = make_radius_world([
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
