// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/shape.h"

#include <rte_prefetch.h>

#include <algorithm>
#include <array>

#include "dataplane/stages/urgent.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Of a session's queue urgent packets may have this part beside what the others may have: a flood
// of them does not keep more waiting than that.
constexpr uint32_t kUrgentPart = 4;

bool HasRoom(const BacklogNote& queue, const ShaperProfile& profile, const ShapedPacket& packet) {
  if (packet.urgent) {
    return queue.urgent_octets + packet.octets <= profile.queue_octets / kUrgentPart;
  }
  return queue.octets - queue.urgent_octets + packet.octets <= profile.queue_octets;
}

void Wait(Context& context, Batch& batch, uint32_t i, Shaper& shaper, const ShaperProfile& profile,
          ShapedPacket packet) {
  Backlog& backlog = context.backlog();
  const PacketMeta& meta = batch.meta(i);
  packet.urgent = IsUrgent(meta.family, ByteView(batch.At(i, meta.l3_offset), meta.l3_length));
  const WaitingSession session{meta.session_key};
  const uint32_t found = backlog.Find(session);
  const BacklogNote empty;
  const BacklogNote& before = found == Backlog::kNoQueue ? empty : backlog.note(found);
  if (!HasRoom(before, profile, packet) || !backlog.HasRoom(packet.urgent)) {
    shaper.CountDrop(meta.l3_length);
    batch.Drop(i, HasRoom(before, profile, packet) ? DropReason::kShaperFull
                                                   : DropReason::kShaperQueueFull);
    return;
  }
  packet.packet = batch.packet(i);
  packet.meta = meta;
  packet.meta.session = kNoIndex;  // does not survive the wait
  const uint32_t queue = backlog.Add(session, packet, shaper.clock.Earliest(profile.rate));
  shaper.ShowQueue(backlog.count(queue), backlog.note(queue).octets);
  batch.Hold(i);
}

}  // namespace

void Shape(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const uint64_t now = context.Now();
  std::array<Shaper*, kBatchSize> shapers;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    shapers[i] = ShaperOf(tables, tables.downlink[batch.meta(i).session]);
    if (shapers[i] != nullptr) rte_prefetch0(shapers[i]);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (shapers[i] == nullptr) continue;
    Shaper& shaper = *shapers[i];
    const ShaperProfile& profile = tables.shaper_profiles[shaper.profile];
    const PacketMeta& meta = batch.meta(i);
    const ShapedPacket packet{.since = now, .octets = profile.OctetsOf(meta.l3_length)};
    const Backlog& backlog = context.backlog();
    const bool others_wait =
        !backlog.empty() && backlog.Find({meta.session_key}) != Backlog::kNoQueue;
    if (others_wait || !shaper.clock.IsDue(profile.rate, now)) {
      Wait(context, batch, i, shaper, profile, packet);
    } else {
      shaper.clock.Take(profile.rate, packet.octets, now);
    }
  }
}

}  // namespace lns::dataplane
