// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/source_guard.h"

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

// Sets meta.l3_length to the packet's own.
net::IpError CheckHeader(PacketMeta& meta, const uint8_t* ip) {
  const ByteView packet(ip, meta.l3_length);
  if (meta.family == net::Family::kIpv4) {
    const net::IpError error = net::CheckIpv4(packet);
    if (error == net::IpError::kNone) meta.l3_length = LoadBe16(ip + 2);
    return error;
  }
  const net::IpError error = net::CheckIpv6(packet);
  if (error == net::IpError::kNone) {
    meta.l3_length = static_cast<uint16_t>(net::kIpv6HeaderLength + LoadBe16(ip + 4));
  }
  return error;
}

bool OwnsSource(const Tables& tables, const PacketMeta& meta, const uint8_t* ip) {
  const uint8_t* source = SourceOf(meta.family, ip);
  if (meta.family == net::Family::kIpv4) {
    // 0 where the session has no IPv4 host address: 0.0.0.0 is nobody's.
    const uint32_t usual = tables.uplink[meta.session].ipv4_source.load(std::memory_order_relaxed);
    if (usual != 0 && usual == LoadBe32(source)) [[likely]] {
      return true;
    }
  }
  return tables.subscribers->Find(meta.family, source) == meta.session;
}

}  // namespace

void SourceGuard(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  uint32_t packets = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    const net::IpError error = CheckHeader(meta, ip);
    if (error != net::IpError::kNone) {
      batch.Drop(i, error == net::IpError::kBadChecksum ? DropReason::kBadInnerChecksum
                                                        : DropReason::kBadInnerHeader);
      continue;
    }
    if (!OwnsSource(tables, meta, ip)) {
      batch.Drop(i, DropReason::kSpoofedSource);
      continue;
    }
    UplinkEntry& session = tables.uplink[meta.session];
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    ++packets;
    bytes += meta.l3_length;
  }
  context.counters().traffic.uplink_packets.Add(packets);
  context.counters().traffic.uplink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
