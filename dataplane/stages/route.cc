// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/route.h"

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// What to do with a destination that is a subscriber's or our own.
struct FromSubscriber {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.ToDownlink(i); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kToOwnAddress); }
};
struct Encapsulated {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
};
struct Held {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
};

template <typename Policy>
void Route(Context& context, Batch& batch) {
  const Fib& fib = *context.tables().fib;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint32_t to =
        fib.Lookup(meta.family, DestinationOf(meta.family, batch.At(i, meta.l3_offset)));
    if (to >= kFibAdjacency) [[likely]] {
      meta.next_hop = to - kFibAdjacency;
    } else if (to == kFibSubscriber) {
      Policy::OnSubscriber(batch, i);
    } else if (to == kFibLocal) {
      Policy::OnLocal(batch, i);
    } else {
      batch.Drop(i, DropReason::kNoRoute);
    }
  }
}

}  // namespace

void RouteUplink(Context& context, Batch& batch) { Route<FromSubscriber>(context, batch); }
void RouteEncapsulated(Context& context, Batch& batch) { Route<Encapsulated>(context, batch); }
void RouteHeld(Context& context, Batch& batch) { Route<Held>(context, batch); }

}  // namespace lns::dataplane
