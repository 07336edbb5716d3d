# A LAC with PPP subscribers in plain Python and scapy, written from the RFCs. It shares no code
# with Terminus, so what the two agree on is the protocol and not a common mistake; it is also
# stricter than a real peer: what the RFC forbids in an answer is an error here.
#
#   wire        L2TP header and AVPs (RFC 2661 3, 4)
#   sockets     UDP sockets in another network namespace
#   lac         control connection and calls, Ns/Nr and retransmission (RFC 2661 5)
#   subscriber  LCP, PAP, CHAP, IPCP and IP packets over a call (scapy's PPP layers)
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An independent LAC and PPP subscriber."""

from .lac import CallCleared, Lac, PeerError, TunnelRefused
from .sockets import udp_socket
from .subscriber import AuthenticationFailed, Subscriber

__all__ = ['AuthenticationFailed', 'CallCleared', 'Lac', 'PeerError', 'Subscriber',
           'TunnelRefused', 'udp_socket']
