// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/sequence.h"

#include "dataplane/tables/forwarding_state.h"
#include "lib/l2tp/header.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

// True: the peer counts anew from here.
bool StartsAnew(SequenceState& state, uint16_t ns) {
  state.late_run = ns == state.late_next ? static_cast<uint8_t>(state.late_run + 1) : uint8_t{1};
  state.late_next = static_cast<uint16_t>(ns + 1);
  return state.late_run >= kResyncAfter;
}

bool IsAfter(uint16_t a, uint16_t b) { return static_cast<int16_t>(a - b) > 0; }

// Puts a packet that is ahead of its turn among those that wait.
void Wait(Context& context, Batch& batch, uint32_t i, uint16_t ns, UplinkEntry& session) {
  Reorder& reorder = context.reorder();
  if (reorder.full()) {
    batch.Drop(i, DropReason::kReorderFull);
    return;
  }
  const uint32_t queue = reorder.FindOrAdd({batch.meta(i).session_key});
  EarlyPacket early{
      .packet = batch.packet(i), .meta = batch.meta(i), .since = context.Now(), .ns = ns};
  if (reorder.count(queue) == 0 || IsAfter(ns, reorder.Youngest(queue).ns)) {
    reorder.Append(queue, early);
    batch.Hold(i);
    return;
  }
  const Reorder::Place place =
      reorder.Seek(queue, [ns](const EarlyPacket& other) { return !IsAfter(ns, other.ns); });
  if (place.next->ns == ns) {
    session.sequence_late.Add(1);
    batch.Drop(i, DropReason::kLatePacket);
    return;
  }
  early.since = place.next->since;
  reorder.Insert(queue, place, early);
  batch.Hold(i);
}

// What waits is of the old numbering when the peer starts anew.
void DropWaiting(Context& context, uint32_t key, UplinkEntry& session) {
  Reorder& reorder = context.reorder();
  const uint32_t queue = reorder.empty() ? Reorder::kNoQueue : reorder.Find({key});
  if (queue == Reorder::kNoQueue) return;
  while (reorder.count(queue) != 0) {
    session.sequence_late.Add(1);
    context.DropPacket(reorder.TakeOldest(queue).packet, DropReason::kLatePacket);
  }
}

void Judge(Context& context, Batch& batch, uint32_t i, uint16_t ns, UplinkEntry& session,
           uint32_t reorder_ms) {
  SequenceState state = session.sequence.load(std::memory_order_relaxed);
  const int ahead = state.started ? state.Ahead(ns) : 0;
  state.started = true;
  if (ahead > 0) {
    const Reorder& reorder = context.reorder();
    const bool others_wait =
        !reorder.empty() && reorder.Find({batch.meta(i).session_key}) != Reorder::kNoQueue;
    if (others_wait || (reorder_ms != 0 && !reorder.full())) {
      Wait(context, batch, i, ns, session);
      return;
    }
    session.sequence_lost.Add(static_cast<uint64_t>(ahead));
  }
  if (ahead >= 0) {
    state.Accept(ns);
  } else if (StartsAnew(state, ns)) {
    DropWaiting(context, batch.meta(i).session_key, session);
    state.Accept(ns);
  } else {
    session.sequence_late.Add(1);
    batch.Drop(i, DropReason::kLatePacket);
  }
  session.sequence.store(state, std::memory_order_relaxed);
}

}  // namespace

void Sequence(Context& context, Batch& batch) {
  if (!batch.has_numbers()) return;
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const uint8_t* header = batch.At(i, meta.l4_offset + net::kUdpHeaderLength);
    const uint16_t bits = LoadBe16(header);
    if ((bits & l2tp::kSequenceBit) == 0) continue;
    UplinkEntry& session = tables.uplink[meta.session];
    const uint32_t flags = session.flags.load(std::memory_order_relaxed);
    if ((flags & kSequenced) == 0) continue;
    const uint32_t ns_offset = l2tp::kMinHeaderLength + ((bits & l2tp::kLengthBit) != 0 ? 2 : 0);
    Judge(context, batch, i, LoadBe16(header + ns_offset), session, ReorderMs(flags));
  }
}

}  // namespace lns::dataplane
