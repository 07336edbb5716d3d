// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/tunnel_entry.h"

#include <algorithm>
#include <cstring>

#include "lib/net/checksum.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

// The end of `outer`, for an IP header of this length and UDP's.
MutableByteView OuterOf(TunnelEntry& entry, size_t ip_header_length) {
  entry.outer_length = static_cast<uint8_t>(ip_header_length + net::kUdpHeaderLength);
  return MutableByteView(entry.outer).last(entry.outer_length);
}

// Length, id and checksum are left zero: each packet fills them in. Fragmentation on the way is
// allowed unless the tunnel says otherwise, since nothing here reacts to its refusal.
void WriteIpv4Outer(const TunnelConfig& tunnel, TunnelEntry& entry) {
  const net::Ipv4Header header{
      .tos = static_cast<uint8_t>(tunnel.dscp << 2),
      .ttl = kOuterHopLimit,
      .protocol = net::kProtocolUdp,
      .source = tunnel.endpoints.local.address.v4(),
      .destination = tunnel.endpoints.peer.address.v4(),
  };
  const MutableByteView outer = OuterOf(entry, net::kIpv4HeaderLength);
  net::WriteIpv4(header, outer);
  if (tunnel.outer_path.dont_fragment) StoreBe16(outer.data() + 6, net::kIpv4DontFragment);
  net::StoreChecksum(outer.data() + 10, 0);
  net::ChecksumSum sum;
  sum.Add(outer.first(net::kIpv4HeaderLength));
  entry.ip_sum = sum.Fold();
  std::memcpy(&entry.ipv4_pair, entry.peer_address.data(), 4);
  std::memcpy(reinterpret_cast<uint8_t*>(&entry.ipv4_pair) + 4, entry.local_address.data(), 4);
}

void WriteIpv6Outer(const TunnelConfig& tunnel, TunnelEntry& entry) {
  net::Ipv6Header header{
      .traffic_class = static_cast<uint8_t>(tunnel.dscp << 2),
      .next_header = net::kProtocolUdp,
      .hop_limit = kOuterHopLimit,
      .source = tunnel.endpoints.local.address.raw(),
      .destination = tunnel.endpoints.peer.address.raw(),
  };
  net::WriteIpv6(header, OuterOf(entry, net::kIpv6HeaderLength));
}

}  // namespace

TunnelEntry MakeTunnelEntry(const TunnelConfig& tunnel) {
  const net::EndpointPair& ends = tunnel.endpoints;
  TunnelEntry entry{};
  entry.peer_address = ends.peer.address.raw();
  entry.local_address = ends.local.address.raw();
  entry.ports = static_cast<uint32_t>(ends.peer.port) << 16 | ends.local.port;
  entry.family = ends.local.address.family();
  entry.vrf = ends.vrf;
  entry.udp_checksum_off = tunnel.udp_checksum_off;
  entry.local_id = tunnel.local_id.value();
  entry.peer_id = tunnel.peer_id.value();
  entry.path_mtu = kNeverCut;
  if (ends.local.address.is_v4()) {
    WriteIpv4Outer(tunnel, entry);
  } else {
    WriteIpv6Outer(tunnel, entry);
  }
  uint8_t* udp = entry.outer.data() + kMaxOuterHeader - net::kUdpHeaderLength;
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
