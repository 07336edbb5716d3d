# Cisco IOS and IOS XE as a LAC: mutual tunnel authentication with a secret per host name, hidden
# AVPs, several tunnels between the same two addresses and ports, and subscribers whose LCP and
# authentication it has done already.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A Cisco LAC."""

import random

import pytest

from peer import AuthenticationFailed, CarrierLac, SharedSocket, TunnelRefused, ppp, wire
from peer.wire import avp, hidden_avp, u16, u32

CDN_ADMINISTRATIVE = 3


class Cisco(CarrierLac):
    host_name = 'cisco-east'
    vendor_name = 'Cisco Systems, Inc.'
    framing_capabilities = 3
    bearer_capabilities = 3
    firmware = 0x1130
    window = 1024
    reads_hidden_avps = True
    hides = False

    def _own(self, number, value):
        return avp(number, value, mandatory=False, vendor=wire.VENDOR_CISCO)

    def _group(self, avps):
        """[(type, value, mandatory)], hidden behind a Random Vector if this LAC hides."""
        if not self.hides:
            return b''.join(avp(*one) for one in avps)
        vector = random.randbytes(16)
        return avp(wire.RANDOM_VECTOR, vector) + b''.join(
            hidden_avp(number, value, self.secret, vector, mandatory,
                       padding=random.randrange(20)) for number, value, mandatory in avps)

    def sccrq(self):
        return super().sccrq() + self._own(10, b'\x00\x01')

    def icrq(self, call):
        return (avp(wire.ASSIGNED_SESSION_ID, u16(call.local_id)) +
                avp(wire.CALL_SERIAL_NUMBER, u32(call.serial)) +
                avp(wire.BEARER_TYPE, u32(2)) +
                avp(wire.PHYSICAL_CHANNEL_ID, u32(7), mandatory=False) +
                self._group([(wire.CALLED_NUMBER, call.called.encode(), True),
                             (wire.CALLING_NUMBER, call.calling.encode(), True),
                             (wire.SUB_ADDRESS, b'Gi0/1.100', True)]) +
                self._own(2, b'nas-port'))

    def iccn(self, call):
        return (super().iccn(call) +
                avp(wire.RX_CONNECT_SPEED, u32(10_000_000), mandatory=False) +
                avp(wire.PRIVATE_GROUP_ID, b'vpdn-group-1', mandatory=False))

    def login_avps(self):
        return self._group([(*one, False) for one in self.login.avps()])


@pytest.fixture
def lac(access):
    result = access.lac(Cisco, port=1701)
    result.open()
    return result


def test_mutual_authentication_by_host_name(access):
    """One address is home to several names, each with a secret of its own."""
    address = access.address()
    for name, secret in (('cisco-east', 'of the east'), ('cisco-west', 'of the west')):
        lac = access.lac(Cisco, address=address, host_name=name, secret=secret)
        lac.open()
        assert (0, wire.CHALLENGE) in lac.sccrp.avps
        subscriber = access.subscriber(lac.call())
        subscriber.connect()
        access.exchange(subscriber)
    with pytest.raises(TunnelRefused) as refused:
        stranger = access.lac(Cisco, address=address, secret='of the west', challenge=False)
        stranger.open()
    assert refused.value.result.code == 4


def test_two_tunnels_between_the_same_addresses_and_ports(access):
    address = access.address()
    shared = SharedSocket(access.socket(1701, address))
    lacs = [access.lac(Cisco, socket=shared.view(tunnel_id), local_id=tunnel_id)
            for tunnel_id in (4711, 4712)]
    subscribers = []
    for lac in lacs:
        lac.open()
    for lac in (*lacs, *lacs):
        subscribers.append(access.subscriber(lac.call()))
        subscribers[-1].connect()
    for subscriber in subscribers:
        access.exchange(subscriber)
    assert access.tunnel(lacs[0])['peer_endpoint'] == access.tunnel(lacs[1])['peer_endpoint']
    lacs[0].close()
    access.expect_gone(subscribers[0])
    access.exchange(subscribers[1])


@pytest.mark.parametrize('hides', [False, True], ids=['plain', 'hidden'])
def test_call_with_everything_in_it(access, lac, hides):
    lac.hides = hides
    call = lac.call(calling='0301234567', called='08001234')
    subscriber = access.subscriber(call)
    subscriber.connect()
    access.exchange(subscriber)
    session = access.session(subscriber)
    assert (session['calling_number'], session['called_number']) == ('0301234567', '08001234')


@pytest.mark.parametrize('hides', [False, True], ids=['plain', 'hidden'])
@pytest.mark.parametrize('auth', ['chap', 'pap'])
def test_proxied_login_is_taken_over(access, lac, auth, hides):
    lac.hides = hides
    subscriber = access.proxied(lac, auth=auth)
    subscriber.await_verdict()
    subscriber.negotiate_ipcp()
    access.exchange(subscriber)
    assert subscriber.lcp.requests_sent == 0, 'LCP was not to start anew'
    assert subscriber.challenge_name is None, 'there was an answer already'
    # LCP is open indeed, on both sides.
    assert subscriber.echo() == subscriber.lns_magic


def test_proxied_login_with_a_wrong_password(access, lac):
    subscriber = access.proxied(lac, password='wrong')
    with pytest.raises(AuthenticationFailed):
        subscriber.await_verdict()
    assert subscriber.wait_cleared().code == CDN_ADMINISTRATIVE


def test_proxied_lcp_without_a_login_is_followed_by_one(access, lac):
    """Proxy Authen Type 4: the LAC did not ask who it is."""
    subscriber = access.proxied(lac, auth=None)
    subscriber.run(lambda: subscriber.lcp.requests_sent and subscriber.lcp.opened,
                   'LCP to start anew, with authentication')
    subscriber.authenticate()
    subscriber.negotiate_ipcp()
    access.exchange(subscriber)


def test_proxied_lcp_that_does_not_fit_starts_anew(access, lac):
    """The LAC agreed to multilink, which is not for it to promise."""
    subscriber = access.proxied(lac, more_options=[(ppp.MRRU, u16(1500))])
    subscriber.run(lambda: subscriber.lcp.requests_sent and subscriber.lcp.opened,
                   'LCP to start anew')
    assert ppp.MRRU in {kind for kind, _ in subscriber.lcp.rejected}
    subscriber.authenticate()
    subscriber.negotiate_ipcp()
    access.exchange(subscriber)


def test_cleared_call_says_why(access, lac):
    """Cause code (RFC 3145) in the CDN of a session that PPP has ended."""
    subscriber = access.subscriber(lac.call())
    subscriber.password = 'wrong'
    with pytest.raises(AuthenticationFailed):
        subscriber.connect()
    subscriber.wait_cleared()
    cause = subscriber.call.clear_message.avps[0, wire.PPP_DISCONNECT_CAUSE]
    assert (0, wire.PPP_DISCONNECT_CAUSE) not in subscriber.call.clear_message.mandatory
    assert int.from_bytes(cause[:2], 'big') == 16, 'authentication failed'
