// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/reorder.h"

#include <algorithm>

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Lets go of what is next in line, until a gap that may still close. False: the batch is full.
bool Release(Context& context, Batch& batch, uint32_t queue, uint32_t index, uint64_t now) {
  Reorder& reorder = context.reorder();
  UplinkEntry& session = context.tables().uplink[index];
  const uint32_t limit_ms = ReorderMs(session.flags.load(std::memory_order_relaxed));
  SequenceState state = session.sequence.load(std::memory_order_relaxed);
  while (reorder.count(queue) != 0) {
    const int ahead = state.Ahead(reorder.Oldest(queue).ns);
    if (ahead > 0 && !reorder.IsOverdue(queue, limit_ms, now)) break;
    if (batch.full()) break;
    EarlyPacket early = reorder.TakeOldest(queue);
    if (ahead < 0) {  // it came a second time and did not have to wait then
      session.sequence_late.Add(1);
      context.DropPacket(early.packet, DropReason::kLatePacket);
      continue;
    }
    session.sequence_lost.Add(static_cast<uint64_t>(ahead));
    session.sequence_reordered.Add(1);
    state.Accept(early.ns);
    early.meta.session = index;
    batch.Add(early.packet, early.meta);
  }
  session.sequence.store(state, std::memory_order_relaxed);
  return !batch.full();
}

}  // namespace

void ReleaseInOrder(Context& context, Batch& batch) {
  Reorder& reorder = context.reorder();
  if (reorder.empty()) return;
  const uint64_t now = context.Now();
  const uint32_t checks = std::min(reorder.queues(), kReorderChecksPerTurn);
  for (uint32_t i = 0; i < checks && !reorder.empty(); ++i) {
    const uint32_t queue = reorder.NextQueue();
    const uint32_t index = context.tables().sessions->Find(reorder.key(queue).key);
    if (index == kNotFound) {
      while (reorder.count(queue) != 0) {
        context.DropPacket(reorder.TakeOldest(queue).packet, DropReason::kNoSession);
      }
    } else if (!Release(context, batch, queue, index, now)) {
      return;
    }
  }
}

}  // namespace lns::dataplane
