// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/dequeue.h"

#include <algorithm>

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Whose packets a queue has, as it is now.
struct Receiver {
  uint32_t session = kNotFound;
  uint32_t flags = 0;
  Shaper* shaper = nullptr;  // none: nothing holds its packets up any more
  const ShaperProfile* profile = nullptr;
};

Receiver ReceiverOf(const Tables& tables, WaitingSession session) {
  Receiver receiver{.session = tables.sessions->Find(session.key)};
  if (receiver.session == kNotFound) return receiver;
  const DownlinkEntry& entry = tables.downlink[receiver.session];
  receiver.flags = entry.flags.load(std::memory_order_acquire);
  receiver.shaper = ShaperOf(tables, entry);
  if (receiver.shaper != nullptr) {
    receiver.profile = &tables.shaper_profiles[receiver.shaper->profile];
  }
  return receiver;
}

void DropWaiting(Context& context, const Receiver& to, const ShapedPacket& packet,
                 DropReason reason) {
  if (to.shaper != nullptr) to.shaper->CountDrop(packet.meta.l3_length);
  context.DropPacket(packet.packet, reason);
}

void LetGo(Context& context, Batch& batch, const Receiver& to, uint32_t queue, uint64_t now) {
  Backlog& backlog = context.backlog();
  const BacklogNote before = backlog.note(queue);
  ShapedPacket packet = backlog.Take(queue);
  const uint32_t open = packet.meta.family == net::Family::kIpv4 ? kIpv4Open : kIpv6Open;
  if ((to.flags & open) == 0) {
    DropWaiting(context, to, packet, DropReason::kShaperSessionGone);
    return;
  }
  if (to.shaper != nullptr) {
    const uint32_t behind = before.octets - before.urgent_octets - packet.octets;
    if (!packet.urgent && backlog.codel().MustDrop(to.shaper->codel, now - packet.since,
                                                   to.profile->target, behind, now)) {
      DropWaiting(context, to, packet, DropReason::kShaperDelayed);
      return;
    }
    // Late it can be since it came.
    const uint64_t late = std::min(backlog.catch_up(), now - packet.since);
    to.shaper->clock.Take(to.profile->rate, packet.octets, now, late);
  }
  packet.meta.session = to.session;
  batch.Add(packet.packet, packet.meta);
}

// The flags of the session.
uint32_t Visit(Context& context, Batch& batch, uint32_t queue, uint64_t now) {
  Backlog& backlog = context.backlog();
  const Receiver to = ReceiverOf(context.tables(), backlog.key(queue));
  for (uint32_t left = kPacketsPerVisit; backlog.count(queue) != 0; --left) {
    if (to.shaper != nullptr && !to.shaper->clock.IsDue(to.profile->rate, now)) {
      backlog.WaitUntil(queue, to.shaper->clock.Earliest(to.profile->rate), now);
      break;
    }
    if (left == 0 || batch.full()) {
      backlog.WaitForTurn(queue);
      break;
    }
    LetGo(context, batch, to, queue, now);
  }
  if (to.shaper != nullptr) {
    const uint32_t packets = backlog.count(queue);
    to.shaper->ShowQueue(packets, packets != 0 ? backlog.note(queue).octets : 0);
  }
  return to.flags;
}

}  // namespace

void Dequeue(Context& context, Batch& batch) {
  Backlog& backlog = context.backlog();
  if (backlog.empty()) return;
  const uint64_t now = context.Now();
  backlog.Advance(now);
  uint32_t all_flags = 0;
  for (uint32_t n = 0; n < kQueuesPerTurn && !batch.full(); ++n) {
    const uint32_t queue = backlog.TakeReady();
    if (queue == Backlog::kNoQueue) break;
    all_flags |= Visit(context, batch, queue, now);
  }
  batch.set_session_flags(all_flags);
}

}  // namespace lns::dataplane
