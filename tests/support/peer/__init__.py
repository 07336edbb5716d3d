# A LAC with PPP subscribers in plain Python, written from the RFCs. It shares no code with
# Terminus, so what the two agree on is the protocol and not a common mistake; it is also stricter
# than a real peer: what the RFC forbids in an answer is an error here. The LAC and the subscriber
# are made to be subclassed: tests/interop/quirks has the personalities of known implementations.
#
#   wire         L2TP header and AVPs, hidden ones too (RFC 2661 3, 4)
#   sockets      UDP sockets in another network namespace
#   lac          control connection and calls, Ns/Nr and retransmission (RFC 2661 5)
#   answering    a LAC that the LNS dials
#   ppp          control packets and options as bytes (RFC 1661 5, 6)
#   negotiation  Configure-Request, -Ack, -Nak, -Reject of one protocol
#   mschap       MS-CHAPv2 (RFC 2759)
#   subscriber   LCP, PAP, CHAP, IPCP and IP packets over a call
#   dual_stack   the same with IPv6: Router Advertisements, DHCPv6
#   carrier      proxied logins (RFC 2661 4.4.5), access lines (RFC 5515)
#   traffic      packets between a subscriber and a host, both ways
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An independent LAC and PPP subscriber."""

from .answering import AnsweringLac
from .carrier import CarrierLac, ProxiedLogin, access_line
from .dual_stack import DualStack
from .errors import AuthenticationFailed, CallCleared, PeerError, Timeout, TunnelRefused
from .lac import Call, Lac
from .sockets import SharedSocket, udp_socket
from .subscriber import Subscriber
from .traffic import exchange, ping

__all__ = ['AnsweringLac', 'AuthenticationFailed', 'Call', 'CallCleared', 'CarrierLac',
           'DualStack', 'Lac', 'PeerError', 'ProxiedLogin', 'SharedSocket', 'Subscriber', 'Timeout', 'TunnelRefused',
           'access_line', 'exchange', 'ping', 'udp_socket']
