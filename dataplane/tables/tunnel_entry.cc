// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/tunnel_entry.h"

#include <algorithm>

#include "lib/net/checksum.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

// Length, id and checksum are left zero: each packet fills them in. Fragmentation on the way is
// allowed, since nothing here would react to its refusal.
void WriteIpv4Outer(const TunnelConfig& tunnel, TunnelEntry& entry) {
  const net::Ipv4Header header{
      .tos = static_cast<uint8_t>(tunnel.dscp << 2),
      .ttl = kOuterHopLimit,
      .protocol = net::kProtocolUdp,
      .source = tunnel.endpoints.local.address.v4(),
      .destination = tunnel.endpoints.peer.address.v4(),
  };
  net::WriteIpv4(header, entry.outer);
  net::StoreChecksum(entry.outer.data() + 10, 0);
  net::ChecksumSum sum;
  sum.Add(ByteView(entry.outer).first(net::kIpv4HeaderLength));
  entry.ip_sum = sum.Fold();
  entry.outer_length = net::kIpv4HeaderLength + net::kUdpHeaderLength;
}

void WriteIpv6Outer(const TunnelConfig& tunnel, TunnelEntry& entry) {
  net::Ipv6Header header{
      .traffic_class = static_cast<uint8_t>(tunnel.dscp << 2),
      .next_header = net::kProtocolUdp,
      .hop_limit = kOuterHopLimit,
      .source = tunnel.endpoints.local.address.raw(),
      .destination = tunnel.endpoints.peer.address.raw(),
  };
  net::WriteIpv6(header, entry.outer);
  entry.outer_length = net::kIpv6HeaderLength + net::kUdpHeaderLength;
}

}  // namespace

TunnelEntry MakeTunnelEntry(const TunnelConfig& tunnel) {
  const net::EndpointPair& ends = tunnel.endpoints;
  TunnelEntry entry{};
  entry.peer_address = ends.peer.address.raw();
  entry.local_address = ends.local.address.raw();
  entry.ports = static_cast<uint32_t>(ends.peer.port) << 16 | ends.local.port;
  entry.family = ends.local.address.family();
  entry.udp_checksum_off = tunnel.udp_checksum_off;
  entry.local_id = tunnel.local_id.value();
  entry.peer_id = tunnel.peer_id.value();
  if (ends.local.address.is_v4()) {
    WriteIpv4Outer(tunnel, entry);
  } else {
    WriteIpv6Outer(tunnel, entry);
  }
  uint8_t* udp = entry.outer.data() + entry.outer_length - net::kUdpHeaderLength;
  net::WriteUdp({.source_port = ends.local.port, .destination_port = ends.peer.port},
                MutableByteView(udp, net::kUdpHeaderLength));
  net::ChecksumSum sum;
  sum.Add(ends.local.address.bytes());
  sum.Add(ends.peer.address.bytes());
  sum.AddField(net::kProtocolUdp);
  sum.Add(ByteView(udp, 4));
  entry.udp_sum = sum.Fold();
  return entry;
}

}  // namespace lns::dataplane
