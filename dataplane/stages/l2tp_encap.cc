// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_encap.h"

#include "dataplane/stages/outer_header.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void L2tpEncap(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  uint32_t packets = 0;
  uint64_t bytes = 0;
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
    const TunnelEntry& tunnel = tables.tunnels[session.tunnel.load(std::memory_order_acquire)];
    net::ChecksumSum sum = PayloadSum(buffer, meta, tunnel);
    const uint32_t flags = session.flags.load(std::memory_order_relaxed);
    WriteL2tpDataHeader(buffer, meta, session, flags, sum);
    WriteOuter(buffer, meta, tunnel, context.NextIpId(), sum);
    WriteSessionDscp(buffer, meta, flags);
  }
  context.counters().traffic.downlink_packets.Add(packets);
  context.counters().traffic.downlink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
