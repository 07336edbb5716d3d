// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/route.h"

#include "dataplane/stages/next_hop.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// What to do with a destination that is a subscriber's, our own or Linux'.
struct FromSubscriber {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.ToDownlink(i); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kToOwnAddress); }
  static void OnLinux(Batch& batch, uint32_t i) { batch.Mirror(i); }
};
struct Encapsulated {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
  static void OnLinux(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
};
struct Held {
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
  static void OnLinux(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
};

template <typename Policy>
void Route(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const Fib& fib = *tables.fib;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    const uint32_t to = fib.Lookup(meta.family, DestinationOf(meta.family, ip));
    if (to >= kFibAdjacency) [[likely]] {
      meta.next_hop = AdjacencyIndex(tables, to, meta.family, meta.session_key, ip);
    } else if (to == kFibSubscriber) {
      Policy::OnSubscriber(batch, i);
    } else if (to == kFibLocal || to == kFibGateway) {
      Policy::OnLocal(batch, i);
    } else if (to == kFibLinux) {
      Policy::OnLinux(batch, i);
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
