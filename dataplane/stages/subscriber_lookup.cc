// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/subscriber_lookup.h"

#include <rte_prefetch.h>

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

void CheckSession(Context& context, Batch& batch, uint32_t i) {
  PacketMeta& meta = batch.meta(i);
  const DownlinkEntry& session = context.tables().downlink[meta.session];
  const uint32_t key = session.key.load(std::memory_order_relaxed);
  const uint32_t owner = punt::OwnerWorker(static_cast<uint16_t>(key >> 16),
                                           static_cast<uint16_t>(key), context.workers());
  if (owner != context.worker()) {
    batch.HandOff(i, owner, Resume::kDownlink);
    return;
  }
  meta.session_key = key;
  const uint32_t open = meta.family == net::Family::kIpv4 ? kIpv4Open : kIpv6Open;
  if ((session.flags.load(std::memory_order_acquire) & open) == 0) {
    batch.Drop(i, DropReason::kSubscriberNotOpen);
  }
  // For l2tp_encap.
  const TunnelEntry& tunnel =
      context.tables().tunnels[session.tunnel.load(std::memory_order_acquire)];
  rte_prefetch0(&tunnel);
  rte_prefetch0(&tunnel.outer);
}

}  // namespace

void SubscriberLookup(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const net::Family family = batch.meta(i).family;
    tables.subscribers->Prefetch(family,
                                 DestinationOf(family, batch.At(i, batch.meta(i).l3_offset)));
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    meta.session = tables.subscribers->Find(
        meta.family, DestinationOf(meta.family, batch.At(i, meta.l3_offset)));
    if (meta.session == kNotFound) {
      batch.Drop(i, DropReason::kNoSubscriber);
      continue;
    }
    rte_prefetch0(&tables.downlink[meta.session]);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (batch.meta(i).verdict == Verdict::kContinue) CheckSession(context, batch, i);
  }
}

}  // namespace lns::dataplane
