// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/hold.h"

#include <algorithm>

#include "dataplane/stages/next_hop.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Where the packet would go now; null: to no neighbour.
const Adjacency* AdjacencyOf(const Tables& tables, const HeldPacket& held, const uint8_t* ip) {
  const PacketMeta& meta = held.meta;
  const uint32_t to = tables.fib->Lookup(meta.vrf, meta.family, DestinationOf(meta.family, ip));
  if (to < kFibAdjacency) return nullptr;
  return &tables.adjacencies[AdjacencyIndex(tables, to, meta.family, meta.session_key, ip)];
}

void CheckQueue(Context& context, Batch& batch, uint32_t queue, uint64_t now) {
  Hold& hold = context.hold();
  while (hold.count(queue) != 0) {
    const HeldPacket& oldest = hold.Oldest(queue);
    const uint8_t* ip =
        static_cast<const uint8_t*>(oldest.packet->buf_addr) + oldest.meta.l3_offset;
    const Adjacency* adjacency = AdjacencyOf(context.tables(), oldest, ip);
    if (adjacency == nullptr || NextHopOf(*adjacency, oldest.meta, ip) != hold.key(queue)) {
      if (batch.full()) return;
      const HeldPacket held = hold.TakeOldest(queue);
      batch.Add(held.packet, held.meta);
      continue;
    }
    const uint64_t destination = adjacency->destination.load(std::memory_order_relaxed);
    if (HasMac(destination)) {
      SendHeld(context, queue, *adjacency, destination);
      return;
    }
    if (!hold.IsOverdue(oldest, now)) {
      AskForMac(context, queue, now);
      return;
    }
    const HeldPacket held = hold.TakeOldest(queue);
    context.RefusePacket(held.packet, held.meta, DropReason::kNoNeighbour);
  }
}

}  // namespace

void ReleaseHeld(Context& context, Batch& batch) {
  Hold& hold = context.hold();
  if (hold.empty()) return;
  const uint64_t now = context.Now();
  const uint32_t checks = std::min(hold.queues(), kHoldChecksPerTurn);
  for (uint32_t i = 0; i < checks && !hold.empty(); ++i) {
    CheckQueue(context, batch, hold.NextQueue(), now);
  }
}

void SendHeld(Context& context, uint32_t queue, const Adjacency& adjacency, uint64_t destination) {
  Hold& hold = context.hold();
  while (hold.count(queue) != 0) {
    const HeldPacket held = hold.TakeOldest(queue);
    WriteEthernet(held.packet, held.meta, adjacency, destination);
    context.StageForPort(held.packet, adjacency.port);
  }
}

void AskForMac(Context& context, uint32_t queue, uint64_t now) {
  Hold& hold = context.hold();
  if (!hold.MustAsk(queue, now)) return;
  if (context.unresolved().Push(hold.key(queue))) hold.NoteAsked(queue, now);
}

}  // namespace lns::dataplane
