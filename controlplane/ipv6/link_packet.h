// Packets between a subscriber and the LNS itself, on the link: link-local addresses, ICMPv6 and
// DHCPv6 (RFC 4291 2.5.6, RFC 4443, RFC 8415 7).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::controlplane {

// What a packet to the LNS may be.
enum class LinkPacketKind : uint8_t {
  kMalformed,  // no IPv6 packet, or a wrong checksum
  kIcmpv6,
  kDhcpv6,  // to a server
  kOther,
};

struct LinkPacket {
  LinkPacketKind kind = LinkPacketKind::kMalformed;
  net::IpAddress source;
  net::IpAddress destination;
  uint8_t hop_limit = 0;
  ByteView payload;  // ICMPv6 from its type, DHCPv6 from its message type
};
LinkPacket ReadLinkPacket(ByteView packet);

// The two ends of a packet of ours.
struct LinkEnds {
  net::IpAddress source;
  net::IpAddress destination;
};
// With hop limit 255, as neighbour discovery wants.
Bytes MakeIcmpv6Packet(const LinkEnds& ends, ByteView message);
Bytes MakeDhcpv6Packet(const LinkEnds& ends, ByteView message);

net::IpAddress AllNodes();        // ff02::1
net::IpAddress AllRouters();      // ff02::2
net::IpAddress AllDhcpServers();  // ff02::1:2

// Whether it is about what the subscriber gets: DHCPv6, Router Solicitation or Advertisement.
bool IsAddressing(ByteView packet);

// One line for people about any IPv6 packet.
std::string DescribeIpv6(ByteView packet);

}  // namespace lns::controlplane
