# A LAC behind a router whose next link is narrower than the LNS's port. Nobody has configured that:
# the router says so, in ICMP to the LNS, and from then on the senders of packets that do not fit
# hear of it from the LNS. L2TP over IPv4 and over IPv6.
#
#   sub namespace                   lac namespace                     lns namespace
#   LAC and subscriber  ── 1400 ──  a router of Linux  ── 1500 ──  acc0, lns-dataplane  ── host
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The way to a LAC, as narrow as routers say."""

import contextlib
import re
import socket
from dataclasses import dataclass

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from lab import config
from lab.commands import wait_until
from lab.network import connect
from peer import Lac, Subscriber, udp_socket
from peer.sockets import inside

NARROW = 1400
LONG = 1440  # fits the LNS's port with everything around it, and not the narrow link
PING_HEADERS = 28
KEEP_S = 600


@dataclass
class Outer:
    name: str
    around: int  # IP, UDP, L2TP, PPP
    inside: str  # the prefix of the narrow link, and its ends
    lac: str
    router: str
    access: str  # the router's and the LNS's ends of the other link
    lns: str
    prefix_length: int
    socket_end: tuple  # what Python adds to an address of the family

    def destination(self):
        return (self.lns, 1701, *self.socket_end)


IPV4 = Outer('IPv4', 38, '10.66.0.0/24', '10.66.0.1', '10.66.0.254', config.FIRST_LAC_ADDRESS,
             config.LNS_ADDRESS, 24, ())
IPV6 = Outer('IPv6', 58, 'fd00:66::/64', 'fd00:66::1', 'fd00:66::254', 'fd00:5::11', 'fd00:5::1',
             64, (0, 0))


@contextlib.contextmanager
def subscriber_behind(lab, outer, outer_df, **paths):
    """Somebody online behind the router."""
    connect(lab.subscriber, 'sub0', lab.lac, 'nat0', NARROW)
    lab.subscriber.add_address('sub0', f'{outer.lac}/{outer.prefix_length}')
    lab.lac.add_address('nat0', f'{outer.router}/{outer.prefix_length}')
    if outer is IPV6:
        lab.lac.add_address('lac0', f'{outer.access}/{outer.prefix_length}')
        lab.lns.add_address(config.ACCESS_INTERFACE, f'{outer.lns}/{outer.prefix_length}')
    lab.lac.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'])
    lab.subscriber.add_route('default', outer.router)
    lab.lns.add_route(outer.inside, outer.access)
    profiles = lab.directory / 'profiles'
    profiles.mkdir()
    config.write(profiles / 'far.yaml',
                 {'match': {'addresses': [outer.inside]}, 'outer_df': outer_df})
    controlplane = lab.controlplane_config(subscribers=1, secret=None)
    controlplane['lns']['addresses'] = [outer.lns]
    controlplane['profiles'] = ['far']
    dataplane = lab.dataplane_config()
    dataplane['paths'] = paths
    lab.lns.wait_while_probing(config.ACCESS_INTERFACE)
    lab.start_lns(dataplane=dataplane, controlplane=controlplane)
    with contextlib.closing(udp_socket(lab.subscriber.name, outer.lac, 1701)) as transport:
        lac = Lac(transport, outer.destination())
        lac.open()
        call = lac.offer()
        lac.await_answer(call)
        lac.connect(call)
        subscriber = Subscriber(call, 'user1', config.PASSWORD, mru=1500)
        subscriber.connect()
        yield subscriber
        lac.close()


def ping(lab, subscriber, length, discovery='do'):
    """From the host, an IP packet of `length` octets; the MTU that it is told, if any. The answer
    is of no interest."""
    said = lab.host.run(['ping', '-n', '-c', 1, '-W', 1, '-M', discovery, '-s',
                         length - PING_HEADERS, subscriber.address], check=False)
    told = re.search(r'mtu ?= ?(\d+)', said.stdout + said.stderr)
    return int(told[1]) if told else None


def arrives(subscriber, length):
    return len(subscriber.receive_ip(lambda packet: packet.len == length)) == length


@pytest.mark.parametrize('outer', [IPV4, IPV6], ids=lambda outer: outer.name)
def test_what_a_router_says_reaches_the_senders(lab, outer):
    with subscriber_behind(lab, outer, outer_df=True, keep_s=KEEP_S) as subscriber:
        assert lab.lnsctl('paths') == []
        assert ping(lab, subscriber, LONG) is None, 'it fits all that the LNS knows'
        wait_until(lambda: lab.lnsctl('paths'), 'the LNS to hear the router')
        [path] = lab.lnsctl('paths')
        assert path['mtu'] == NARROW
        assert 0 < path['remaining_s'] <= KEEP_S
        fits = NARROW - outer.around
        assert ping(lab, subscriber, LONG) == fits
        assert ping(lab, subscriber, fits) is None
        assert arrives(subscriber, fits)
        reports = lab.lnsctl('path-reports')
        assert reports['taken'] == 1
        assert sum(reports.values()) == 1, 'after one packet nothing was too long for the router'
        assert 'IP packets of 1400 octets' in lab.dataplane.output()


def test_without_df_routers_cut(lab):
    with subscriber_behind(lab, IPV4, outer_df=False) as subscriber:
        assert ping(lab, subscriber, LONG) is None
        assert arrives(subscriber, LONG)
        assert lab.lnsctl('paths') == []


def say_too_big(namespace):
    """As a router would to whom the LNS's packets are too long, one of RFC 792: it quotes an IP
    header and eight octets. From wherever, and true or not."""
    quote = IP(src=config.LNS_ADDRESS, dst=IPV4.lac, flags='DF', len=1500) / \
        UDP(sport=1701, dport=1701, len=1480)
    message = bytes(ICMP(type=3, code=4, nexthopmtu=NARROW) / quote)
    with inside(namespace.name), \
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.sendto(message, (config.LNS_ADDRESS, 0))


def test_who_is_not_on_the_way_is_not_believed(lab):
    with subscriber_behind(lab, IPV4, outer_df=True):
        lab.host.add_route(f'{config.LNS_ADDRESS}/32', config.CORE_ADDRESS)
        say_too_big(lab.host)
        wait_until(lambda: lab.lnsctl('path-reports')['foreign_port'], 'the message from the core')
        assert lab.lnsctl('paths') == []
        say_too_big(lab.lac)
        wait_until(lambda: lab.lnsctl('paths'), 'the same message to come from a LAC')
        assert sum(lab.lnsctl('path-reports').values()) == 2


def test_reports_may_be_ignored(lab):
    with subscriber_behind(lab, IPV4, outer_df=True, ignore_reports=True) as subscriber:
        assert ping(lab, subscriber, LONG) is None
        icmp = lab.lac.run(['nstat', '-asz', 'IcmpOutDestUnreachs']).stdout
        assert int(icmp.split()[-2]) == 1, 'the router said it'
        assert ping(lab, subscriber, LONG) is None
        assert lab.lnsctl('paths') == []
        assert sum(lab.lnsctl('path-reports').values()) == 0
