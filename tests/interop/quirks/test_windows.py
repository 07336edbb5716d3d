# Microsoft Windows, Vista to 11, its own L2TP client (without IPsec): always from port 1701, no
# tunnel authentication, MS-CHAPv2, and a bundle of PPP options that an LNS has to turn down one by
# one without losing time.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A Windows client."""

import random

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP

from lab import wait_until
from peer import Lac, Subscriber, ppp, wire
from peer.wire import avp, u16, u32

CORRELATION_ID = 1  # [MS-L2TPIE] 2.2.1.1
PROXY_AUTHEN_NONE = 4
MPPE_AND_MPPC = u32(0x01000041)


class Windows(Lac):
    host_name = 'DESKTOP-7F3A'
    vendor_name = 'Microsoft'
    framing_capabilities = 1
    bearer_capabilities = 0
    firmware = 0x0601
    window = 8

    def icrq(self, call):
        return (avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                avp(wire.CALL_SERIAL_NUMBER, u32(call.serial)) +
                avp(wire.BEARER_TYPE, u32(2)) +
                avp(CORRELATION_ID, random.randbytes(16), mandatory=False,
                    vendor=wire.VENDOR_MICROSOFT))

    def iccn(self, call):
        return super().iccn(call) + \
            avp(wire.PROXY_AUTHEN_TYPE, u16(PROXY_AUTHEN_NONE), mandatory=False)


class WindowsSubscriber(Subscriber):
    auth = 'mschapv2'
    mru = 1400

    def lcp_options(self):
        return super().lcp_options() + [
            (ppp.PFC, b''), (ppp.ACFC, b''), (ppp.CALLBACK, b'\x06'), (ppp.MRRU, u16(1614)),
            (ppp.ENDPOINT_DISCRIMINATOR, b'\x01' + random.randbytes(20))]

    def ipcp_options(self):
        return [(kind, ppp.ANY_ADDRESS)
                for kind in (ppp.IP_ADDRESS, ppp.DNS1, ppp.NBNS1, ppp.DNS2, ppp.NBNS2)]

    def other_ncps(self):
        return {ppp.CCP: [(ppp.MPPE, MPPE_AND_MPPC)], ppp.IPV6CP: [(1, random.randbytes(8))]}

    def negotiate_lcp(self):
        super().negotiate_lcp()
        for identifier, text in enumerate((b'MSRASV5.20', b'MSRAS-0-DESKTOP-7F3A')):
            self.send(ppp.LCP, ppp.Packet(ppp.IDENTIFICATION, identifier, u32(self.magic) + text))

    def dhcp_inform(self):
        return (IP(src=self.address, dst='255.255.255.255') / UDP(sport=68, dport=67) /
                BOOTP(ciaddr=self.address, chaddr=random.randbytes(6)) /
                DHCP(options=[('message-type', 'inform'), ('param_req_list', [6, 44, 43, 249, 121]),
                              'end']))


@pytest.fixture
def dialled(access):
    return access.dial(Windows, WindowsSubscriber, port=1701)


def test_comes_up_with_all_that_it_asks_for(access, dialled):
    lac, subscriber = dialled
    assert access.tunnel(lac)['profile'] == 'windows'
    assert access.tunnel(lac)['peer_vendor_name'] == 'Microsoft'
    # Turned down: callback and multilink. Taken: the rest.
    assert {kind for kind, _ in subscriber.lcp.rejected} >= {ppp.CALLBACK, ppp.MRRU}
    assert {kind for kind, _ in subscriber.lcp.options} >= {ppp.MRU, ppp.MAGIC, ppp.PFC, ppp.ACFC}
    assert subscriber.code_rejects == [], 'Identification wants no answer'
    # No NetBIOS name servers here, but both name servers of RFC 1877.
    assert {kind for kind, _ in subscriber.ipcp.rejected} == {ppp.NBNS1, ppp.NBNS2}
    assert subscriber.dns == '192.0.2.53'
    assert ppp.address_text(subscriber.ipcp.value(ppp.DNS2)) == '192.0.2.54'
    access.exchange(subscriber)


def test_compression_control_does_not_hold_ipcp_up(access, dialled):
    _, subscriber = dialled
    # One request, one after the Reject, one after the Nak: no timer ran out on the way.
    assert subscriber.ipcp.requests_sent == 3
    ccp = subscriber.ncps[ppp.CCP]
    subscriber.run(lambda: ppp.CCP in subscriber.protocol_rejects or ccp.rejected,
                   'CCP to be rejected')
    assert not ccp.opened
    access.exchange(subscriber)


def test_mschapv2_proves_both_sides(access, dialled):
    _, subscriber = dialled
    assert subscriber.success_message.startswith('S=')
    assert access.session(subscriber)['auth_protocol'].replace('-', '') == 'mschapv2'


def test_broadcast_of_dhcp_inform_is_no_spoofing(access, dialled):
    _, subscriber = dialled
    spoofed = access.drops('spoofed_source')
    subscriber.send_ip(subscriber.dhcp_inform())
    access.exchange(subscriber)
    assert access.drops('spoofed_source') == spoofed
    assert access.session(subscriber)['state'] == 'online'


def test_data_with_the_length_bit(access, dialled):
    _, subscriber = dialled
    send = subscriber.call.send
    subscriber.call.send = lambda frame: send(frame, with_length=True)
    access.exchange(subscriber)


def test_leaves_in_one_burst(access, dialled):
    lac, subscriber = dialled
    subscriber.send_terminate()
    subscriber.call.send_clear()
    lac.send_stop(u16(1))
    lac.wait_acknowledged()
    access.expect_gone(subscriber)
    access.expect_tunnel_gone(lac)
    wait_until(lambda: access.lab.lnsctl('dataplane')['sessions'] ==
               access.lab.lnsctl('status')['sessions'], 'the data plane to agree')


def test_stop_without_clearing_the_call(access, dialled):
    lac, subscriber = dialled
    lac.close()
    access.expect_gone(subscriber)
    access.expect_tunnel_gone(lac)
