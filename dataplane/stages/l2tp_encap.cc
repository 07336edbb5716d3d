// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_encap.h"

#include <rte_prefetch.h>

#include <cstring>

#include "dataplane/tables/forwarding_state.h"
#include "lib/l2tp/header.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

uint16_t UdpChecksumOf(const TunnelEntry& tunnel, uint16_t udp_length, ByteView payload) {
  if (tunnel.udp_checksum_off) return 0;
  net::ChecksumSum sum(tunnel.udp_sum);
  sum.AddField(udp_length);  // of the pseudo-header
  sum.AddField(udp_length);  // of the UDP header
  sum.Add(payload);
  return net::NonZeroUdpChecksum(sum.Checksum());
}

}  // namespace

void WriteL2tpDataHeader(uint8_t* buffer, PacketMeta& meta, uint32_t peer_ids) {
  meta.payload_offset = static_cast<uint16_t>(meta.payload_offset - l2tp::kMinHeaderLength);
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + l2tp::kMinHeaderLength);
  StoreBe16(buffer + meta.payload_offset, l2tp::kVersion);
  StoreBe32(buffer + meta.payload_offset + 2, peer_ids);
}

void WriteOuter(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel, uint16_t ip_id) {
  const uint16_t outer_length = tunnel.outer_length;
  meta.l3_offset = static_cast<uint16_t>(meta.payload_offset - outer_length);
  meta.l3_length = static_cast<uint16_t>(meta.payload_length + outer_length);
  meta.family = tunnel.family;
  uint8_t* ip = buffer + meta.l3_offset;
  std::memcpy(ip, tunnel.outer.data(), outer_length);
  if (tunnel.family == net::Family::kIpv4) {
    StoreBe16(ip + 2, meta.l3_length);
    StoreBe16(ip + 4, ip_id);
    net::ChecksumSum sum(tunnel.ip_sum);
    sum.AddField(meta.l3_length);
    sum.AddField(ip_id);
    net::StoreChecksum(ip + 10, sum.Checksum());
  } else {
    StoreBe16(ip + 4, static_cast<uint16_t>(meta.l3_length - net::kIpv6HeaderLength));
  }
  uint8_t* udp = ip + outer_length - net::kUdpHeaderLength;
  const auto udp_length = static_cast<uint16_t>(meta.payload_length + net::kUdpHeaderLength);
  StoreBe16(udp + 4, udp_length);
  net::StoreChecksum(udp + 6,
                     UdpChecksumOf(tunnel, udp_length,
                                   ByteView(buffer + meta.payload_offset, meta.payload_length)));
}

void L2tpEncap(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  uint32_t packets = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const uint32_t tunnel =
        tables.downlink[batch.meta(i).session].tunnel.load(std::memory_order_acquire);
    rte_prefetch0(&tables.tunnels[tunnel]);
    rte_prefetch0(&tables.tunnels[tunnel].outer);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.payload_offset < kEncapsulationRoom) {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    DownlinkEntry& session = tables.downlink[meta.session];
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    ++packets;
    bytes += meta.l3_length;
    uint8_t* buffer = batch.At(i, 0);
    WriteL2tpDataHeader(buffer, meta, session.peer_ids.load(std::memory_order_relaxed));
    const uint32_t tunnel = session.tunnel.load(std::memory_order_acquire);
    WriteOuter(buffer, meta, tables.tunnels[tunnel], context.NextIpId());
  }
  context.counters().traffic.downlink_packets.Add(packets);
  context.counters().traffic.downlink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
