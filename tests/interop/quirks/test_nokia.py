# Nokia 7750 SR as a LAC: proxied logins, and outer packets that must not be fragmented.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A Nokia LAC."""

import socket

import pytest

from lab import config
from peer import CarrierLac, ping

IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2  # linux/in.h; not in Python's socket module
# What fits 1500 bytes behind outer IPv4, UDP, L2TP and PPP headers (20, 8, 8, 4).
LINK_MRU = 1460
IP_AND_ICMP = 28


class Nokia(CarrierLac):
    host_name = 'sr7750'
    vendor_name = 'Nokia'
    bearer_capabilities = 3
    window = 64


@pytest.fixture
def lac(access):
    unfragmented = access.socket(1701)
    unfragmented.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    result = access.lac(Nokia, socket=unfragmented)
    result.open()
    return result


@pytest.mark.parametrize('auth', ['chap', 'pap'])
def test_proxied_login(access, lac, auth):
    subscriber = access.proxied(lac, auth=auth, mru=LINK_MRU)
    subscriber.await_verdict()
    subscriber.negotiate_ipcp()
    assert subscriber.lcp.requests_sent == 0
    access.exchange(subscriber)


def test_largest_packets_both_ways_in_one_piece(access, lac):
    """LCP with the LNS itself: the link it agrees to must fit the path."""
    subscriber = access.subscriber(lac.call(), mru=LINK_MRU)
    subscriber.connect()
    assert subscriber.lns_mru <= LINK_MRU
    ping(subscriber, config.HOST_ADDRESS, size=LINK_MRU - IP_AND_ICMP)
    access.exchange(subscriber)
