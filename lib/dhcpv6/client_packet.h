// What a DHCPv6 client sends: an IPv6 packet around one message (RFC 8415 7).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>

#include "lib/base/bytes.h"
#include "lib/dhcpv6/message.h"
#include "lib/net/address.h"
#include "lib/net/icmpv6.h"
#include "lib/net/udp.h"

namespace lns::dhcpv6 {

inline Bytes ClientPacket(const Message& message, const net::IpAddress& source,
                          const net::IpAddress& destination) {
  const Bytes bytes = Write(message);
  Bytes datagram(net::kUdpHeaderLength + bytes.size());
  net::WriteUdp({.source_port = kClientPort,
                 .destination_port = kServerPort,
                 .length = static_cast<uint16_t>(datagram.size())},
                datagram);
  std::copy(bytes.begin(), bytes.end(), datagram.begin() + net::kUdpHeaderLength);
  net::Ipv6Header header{.next_header = net::kProtocolUdp, .hop_limit = 1};
  header.source = source.raw();
  header.destination = destination.raw();
  return net::MakeIpv6Packet(header, datagram, net::kUdpChecksumOffset);
}

}  // namespace lns::dhcpv6
