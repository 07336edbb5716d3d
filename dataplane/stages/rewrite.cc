// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/rewrite.h"

#include "dataplane/stages/hold.h"
#include "dataplane/stages/next_hop.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

void HoldPacket(Context& context, Batch& batch, uint32_t i, const Adjacency& adjacency) {
  Hold& hold = context.hold();
  if (hold.full()) {
    batch.Drop(i, DropReason::kHoldFull);
    return;
  }
  const PacketMeta& meta = batch.meta(i);
  const uint64_t now = context.Now();
  const uint32_t queue = hold.FindOrAdd(NextHopOf(adjacency, meta, batch.At(i, meta.l3_offset)));
  if (hold.count(queue) == Hold::kMaxPerNextHop) {
    batch.Drop(i, DropReason::kHoldNextHopFull);
    return;
  }
  HeldPacket held{.packet = batch.packet(i), .meta = meta, .since = now};
  held.meta.session = kNoIndex;  // does not survive the wait
  hold.Append(queue, held);
  batch.Hold(i);
  AskForMac(context, queue, now);
}

}  // namespace

void Rewrite(Context& context, Batch& batch) {
  const std::span<Adjacency> adjacencies = context.tables().adjacencies;
  Hold& hold = context.hold();
  const uint32_t count = batch.size();
  OutPort out_port(context);
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const Adjacency& adjacency = adjacencies[meta.next_hop];
    const uint32_t mtu = out_port.Follow(adjacency.port);
    if (mtu == 0) [[unlikely]] {
      batch.Drop(i, DropReason::kNoTxQueue);
      continue;
    }
    if (meta.l3_length > mtu) [[unlikely]] {
      batch.Drop(i, DropReason::kTooBigForPort);
      continue;
    }
    const uint64_t destination = adjacency.destination.load(std::memory_order_relaxed);
    if (!HasMac(destination)) [[unlikely]] {
      HoldPacket(context, batch, i, adjacency);
      continue;
    }
    if (!hold.empty()) [[unlikely]] {
      const uint32_t queue = hold.Find(NextHopOf(adjacency, meta, batch.At(i, meta.l3_offset)));
      if (queue != Hold::kNoQueue) SendHeld(context, queue, adjacency, destination);
    }
    WriteEthernet(batch.packet(i), meta, adjacency, destination);
    meta.out_port = static_cast<uint8_t>(adjacency.port);
  }
  if (out_port.is_one() && batch.leaving() == 0) {
    batch.TransmitAll(out_port.index());
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta& meta = batch.meta(i);
    if (meta.verdict == Verdict::kContinue) batch.Transmit(i, meta.out_port);
  }
}

}  // namespace lns::dataplane
