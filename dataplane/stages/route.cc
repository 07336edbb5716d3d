// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/route.h"

#include <cstring>

#include "dataplane/stages/next_hop.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/unresolved_queue.h"

namespace lns::dataplane {
namespace {

// Whether it is Linux' address on a port of ours, rather than one elsewhere or a broadcast.
[[gnu::cold]] bool IsOfAPort(const Tables& tables, net::Family family, const uint8_t* address) {
  for (const std::atomic<const OwnAddresses*>& port : tables.own_addresses) {
    const OwnAddresses& own = *port.load(std::memory_order_acquire);
    const net::IpAddress& candidate = family == net::Family::kIpv4 ? own.ipv4 : own.ipv6;
    if (!candidate.is_none() &&
        std::memcmp(candidate.raw().data(), address, candidate.bytes().size()) == 0) {
      return true;
    }
  }
  return false;
}

// What to do with a destination that is a subscriber's, our own or Linux'.
struct FromSubscriber {
  static constexpr bool kMayRedirect = false;
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.ToDownlink(i); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kToOwnAddress); }
  // Subscribers do not reach Linux. An address of a port answers pings and refuses all else, as
  // those do that are ours alone.
  static void OnLinux(const Tables& tables, Batch& batch, uint32_t i) {
    const PacketMeta& meta = batch.meta(i);
    const uint8_t* to = DestinationOf(meta.family, batch.At(i, meta.l3_offset));
    batch.Drop(
        i, IsOfAPort(tables, meta.family, to) ? DropReason::kToOwnAddress : DropReason::kNotOurs);
  }
};
// A filter may have said where to.
struct FromFiltered : FromSubscriber {
  static constexpr bool kMayRedirect = true;
};
struct Encapsulated {
  static constexpr bool kMayRedirect = false;
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kTunnelLoop); }
  static void OnLinux(const Tables&, Batch& batch, uint32_t i) {
    batch.Drop(i, DropReason::kTunnelLoop);
  }
};
struct Held {
  static constexpr bool kMayRedirect = false;
  static void OnSubscriber(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
  static void OnLocal(Batch& batch, uint32_t i) { batch.Drop(i, DropReason::kHoldRouteGone); }
  static void OnLinux(const Tables&, Batch& batch, uint32_t i) {
    batch.Drop(i, DropReason::kHoldRouteGone);
  }
};

// Straight to the neighbour: a packet that had to wait for its MAC address, or was too long for the
// port, would go on by its destination. The writer keeps the neighbour resolved.
void Redirect(Context& context, Batch& batch, uint32_t i) {
  const Tables& tables = context.tables();
  PacketMeta& meta = batch.meta(i);
  const net::IpAddress& next_hop = tables.redirects[meta.next_hop];
  const uint32_t to = tables.fib->Lookup(meta.vrf, meta.family, next_hop.raw().data());
  if (to < kFibAdjacency) return batch.Drop(i, DropReason::kNoRedirect);
  const uint8_t* ip = batch.At(i, meta.l3_offset);
  const uint32_t index = AdjacencyIndex(tables, to, meta.family, meta.session_key, ip);
  const Adjacency& adjacency = tables.adjacencies[index];
  const bool is_neighbour = adjacency.kind == Adjacency::Kind::kNeighbour;
  if (!is_neighbour || !HasMac(adjacency.destination.load(std::memory_order_relaxed))) {
    // Full: others ask for what they miss, and this one asks again with the next packet.
    context.unresolved().Push({is_neighbour ? adjacency.address : next_hop, adjacency.port});
    return batch.Drop(i, DropReason::kNoRedirect);
  }
  const WorkerPort* port = context.port(adjacency.port);
  if (port == nullptr || meta.l3_length > port->mtu) return batch.Drop(i, DropReason::kNoRedirect);
  meta.next_hop = index;
}

template <typename Policy>
void Route(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const Fib& fib = *tables.fib;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if constexpr (Policy::kMayRedirect) {
      if (meta.next_hop != 0) {
        Redirect(context, batch, i);
        continue;
      }
    }
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    const uint32_t to = fib.Lookup(meta.vrf, meta.family, DestinationOf(meta.family, ip));
    if (to >= kFibAdjacency) [[likely]] {
      meta.next_hop = AdjacencyIndex(tables, to, meta.family, meta.session_key, ip);
    } else if (to == kFibSubscriber) {
      Policy::OnSubscriber(batch, i);
    } else if (to == kFibLocal || to == kFibGateway) {
      Policy::OnLocal(batch, i);
    } else if (to == kFibLinux) {
      Policy::OnLinux(tables, batch, i);
    } else {
      batch.Drop(i, DropReason::kNoRoute);
    }
  }
}

}  // namespace

void RouteUplink(Context& context, Batch& batch) {
  if ((batch.session_flags() & kFiltered) != 0) [[unlikely]] {
    Route<FromFiltered>(context, batch);
  } else {
    Route<FromSubscriber>(context, batch);
  }
}
void RouteEncapsulated(Context& context, Batch& batch) { Route<Encapsulated>(context, batch); }
void RouteHeld(Context& context, Batch& batch) { Route<Held>(context, batch); }

}  // namespace lns::dataplane
