// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/ipv6/link_packet.h"

#include <algorithm>
#include <array>

#include "lib/dhcpv6/message.h"
#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

net::IpAddress LinkMulticast(uint8_t high, uint8_t low) {
  std::array<uint8_t, 16> raw{0xff, 0x02};
  raw[13] = high;
  raw[15] = low;
  return net::IpAddress::V6(raw);
}

net::Ipv6Header HeaderOf(const LinkEnds& ends, uint8_t next_header) {
  net::Ipv6Header header{.next_header = next_header, .hop_limit = nd::kHopLimit};
  header.source = ends.source.raw();
  header.destination = ends.destination.raw();
  return header;
}

bool IsDhcp(const net::UdpHeader& udp) {
  return udp.destination_port == dhcpv6::kServerPort || udp.destination_port == dhcpv6::kClientPort;
}

}  // namespace

net::IpAddress AllNodes() { return LinkMulticast(0, 1); }
net::IpAddress AllRouters() { return LinkMulticast(0, 2); }
net::IpAddress AllDhcpServers() { return LinkMulticast(1, 2); }

LinkPacket ReadLinkPacket(ByteView packet) {
  net::Ipv6Header header;
  LinkPacket out;
  if (net::ParseIpv6(packet, header) != net::IpError::kNone) return out;
  out.source = net::IpAddress::V6(header.source);
  out.destination = net::IpAddress::V6(header.destination);
  out.hop_limit = header.hop_limit;
  out.payload = packet.subspan(net::kIpv6HeaderLength, header.payload_length);
  const bool is_udp = header.next_header == net::kProtocolUdp;
  if (!is_udp && header.next_header != net::kProtocolIcmpv6) {
    out.kind = LinkPacketKind::kOther;
    return out;
  }
  const ByteView addresses = net::AddressesOfIpv6(packet);
  if (!is_udp) {
    const bool sound = out.payload.size() >= net::kIcmpv6HeaderLength &&
                       net::TransportChecksum(addresses, net::kProtocolIcmpv6, out.payload) == 0;
    out.kind = sound ? LinkPacketKind::kIcmpv6 : LinkPacketKind::kMalformed;
    return out;
  }
  net::UdpHeader udp;
  if (!net::ParseUdp(out.payload, udp)) return out;
  const ByteView datagram = out.payload.first(udp.length);
  if (udp.checksum == 0 || net::UdpChecksum(addresses, datagram) != 0) return out;  // RFC 8200 8.1
  out.payload = datagram.subspan(net::kUdpHeaderLength);
  out.kind = IsDhcp(udp) ? LinkPacketKind::kDhcpv6 : LinkPacketKind::kOther;
  return out;
}

Bytes MakeIcmpv6Packet(const LinkEnds& ends, ByteView message) {
  return net::MakeIpv6Packet(HeaderOf(ends, net::kProtocolIcmpv6), message,
                             net::kIcmpv6ChecksumOffset);
}

Bytes MakeDhcpv6Packet(const LinkEnds& ends, ByteView message) {
  Bytes datagram(net::kUdpHeaderLength + message.size());
  net::WriteUdp({.source_port = dhcpv6::kServerPort,
                 .destination_port = dhcpv6::kClientPort,
                 .length = static_cast<uint16_t>(datagram.size())},
                datagram);
  std::copy(message.begin(), message.end(), datagram.begin() + net::kUdpHeaderLength);
  return net::MakeIpv6Packet(HeaderOf(ends, net::kProtocolUdp), datagram, net::kUdpChecksumOffset);
}

bool IsAddressing(ByteView packet) {
  const LinkPacket parsed = ReadLinkPacket(packet);
  if (parsed.kind == LinkPacketKind::kDhcpv6) return true;
  return parsed.kind == LinkPacketKind::kIcmpv6 &&
         (parsed.payload[0] == net::kIcmpv6RouterSolicitation ||
          parsed.payload[0] == net::kIcmpv6RouterAdvertisement);
}

std::string DescribeIpv6(ByteView packet) {
  const LinkPacket parsed = ReadLinkPacket(packet);
  switch (parsed.kind) {
    case LinkPacketKind::kMalformed:
      return absl::StrCat("IPv6, malformed, ", packet.size(), " bytes");
    case LinkPacketKind::kIcmpv6:
      return nd::Describe(parsed.payload);
    case LinkPacketKind::kDhcpv6:
      return dhcpv6::Describe(parsed.payload);
    case LinkPacketKind::kOther:
      break;
  }
  return absl::StrCat("IPv6 from ", parsed.source.ToString(), " to ", parsed.destination.ToString(),
                      ", ", packet.size(), " bytes");
}

}  // namespace lns::controlplane
