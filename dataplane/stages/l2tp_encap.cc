// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_encap.h"

#include "dataplane/stages/outer_header.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void L2tpEncap(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const std::span<TunnelEntry> tunnels = context.tables().tunnels;
  const uint32_t count = batch.size();
  IpIds ip_ids = context.TakeIpIds(count);
  uint64_t bytes = 0;
  uint32_t sent = 0;
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.payload_offset < kEncapsulationRoom) [[unlikely]] {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    DownlinkEntry& session = sessions[meta.session];
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    bytes += meta.l3_length;
    ++sent;
    uint8_t* buffer = batch.At(i, 0);
    const TunnelEntry& tunnel =
        tunnels[TunnelIndex(session.tunnel.load(std::memory_order_acquire))];
    const uint32_t flags = session.flags.load(std::memory_order_relaxed);
    net::ChecksumSum sum = FrameSum(buffer, meta, flags, tunnel);
    WriteL2tpDataHeader(buffer, meta, session, flags, sum);
    WriteOuter(buffer, meta, tunnel, ip_ids.Next(), sum);
    WriteSessionDscp(buffer, meta, flags);
    // Comes back in fragments.
    if (meta.l3_length > tunnel.path_mtu) [[unlikely]]
      batch.Drop(i, DropReason::kTooBigForPort);
  }
  context.counters().traffic.downlink_packets.Add(sent);
  context.counters().traffic.downlink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
