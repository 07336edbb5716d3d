# A subscriber with IPv6 beside IPv4: IPV6CP, what a router advertises to it, and a DHCPv6 client of
# two messages (Solicit with Rapid Commit, and the Reply). scapy is the codec.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""PPP with IPv6 as a subscriber (RFC 5072, 4861, 8415)."""

import random

from scapy.layers.dhcp6 import (
    DHCP6_Reply, DHCP6_Solicit, DHCP6OptClientId, DHCP6OptIA_NA, DHCP6OptIA_PD, DHCP6OptIAAddress,
    DHCP6OptIAPrefix, DHCP6OptOptReq, DHCP6OptRapidCommit, DUID_LL)
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_RA, ICMPv6ND_RS, IPv6)

from .ppp import ANY_ADDRESS, DNS2, IPV6, IPV6CP
from .subscriber import WAIT_S, Subscriber

INTERFACE_ID = 1  # IPV6CP
CLIENT_PORT, SERVER_PORT = 546, 547


def link_local(interface_id):
    groups = [interface_id[i:i + 2].hex() for i in range(0, 8, 2)]
    return 'fe80::' + ':'.join(groups)


class DualStack(Subscriber):
    def ipcp_options(self):
        return [*super().ipcp_options(), (DNS2, ANY_ADDRESS)]

    def other_ncps(self):
        return {IPV6CP: [(INTERFACE_ID, random.randbytes(8))]}

    @property
    def interface_id(self):
        return self.ncps[IPV6CP].value(INTERFACE_ID)

    def connect(self, burst=None):
        super().connect(burst)
        self.run(lambda: self.ncps[IPV6CP].opened, 'IPV6CP')
        return self.address

    def send_ip6(self, packet):
        self.send(IPV6, bytes(packet))

    def receive_ip6(self, layer, matches=lambda packet: True, timeout=WAIT_S):
        """The next IPv6 packet with this layer for which matches(packet) is true."""
        def found():
            for data in self.packets_v6:
                packet = IPv6(data)
                if layer in packet and matches(packet):
                    self.packets_v6.remove(data)
                    taken.append(packet)
                    return True
            return False

        taken = []
        self.run(found, f'{layer.__name__} over IPv6', timeout)
        return taken[0]

    def advertisement(self):
        """A Router Advertisement, asked for."""
        self.packets_v6 = []
        self.send_ip6(IPv6(src=link_local(self.interface_id), dst='ff02::2', hlim=255) /
                      ICMPv6ND_RS())
        return self.receive_ip6(ICMPv6ND_RA)

    def dhcp(self):
        """(addresses, prefixes) that a Reply gives: one of each is asked for."""
        duid = DUID_LL(lladdr='02:00:00:%02x:%02x:%02x' % tuple(random.randbytes(3)))
        transaction = random.randrange(1 << 24)
        self.send_ip6(
            IPv6(src=link_local(self.interface_id), dst='ff02::1:2') /
            UDP(sport=CLIENT_PORT, dport=SERVER_PORT) /
            DHCP6_Solicit(trid=transaction) / DHCP6OptClientId(duid=duid) /
            DHCP6OptRapidCommit() / DHCP6OptOptReq(reqopts=[23, 24]) /
            DHCP6OptIA_NA(iaid=1, T1=0, T2=0) / DHCP6OptIA_PD(iaid=2, T1=0, T2=0))
        reply = self.receive_ip6(DHCP6_Reply, lambda p: p[DHCP6_Reply].trid == transaction)
        addresses, prefixes = [], []
        for association in (DHCP6OptIA_NA, DHCP6OptIA_PD):
            options = reply[association].ianaopts if association is DHCP6OptIA_NA else \
                reply[association].iapdopt
            for option in options:
                if isinstance(option, DHCP6OptIAAddress):
                    addresses.append(option.addr)
                elif isinstance(option, DHCP6OptIAPrefix):
                    prefixes.append(f'{option.prefix}/{option.plen}')
        return addresses, prefixes

    def ping6(self, host, source, timeout=WAIT_S):
        """ICMPv6, answered by the host's own stack."""
        identifier = random.randrange(1 << 16)
        self.send_ip6(IPv6(src=source, dst=host) / ICMPv6EchoRequest(id=identifier, data=b'6'))
        self.receive_ip6(ICMPv6EchoReply, lambda p: p[ICMPv6EchoReply].id == identifier and
                         p.dst == source, timeout)
