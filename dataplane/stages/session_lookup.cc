// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/session_lookup.h"

#include <rte_prefetch.h>

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

bool IsOurs(Context& context, Batch& batch, uint32_t i) {
  const uint32_t key = batch.meta(i).session_key;
  const uint32_t owner = punt::OwnerWorker(static_cast<uint16_t>(key >> 16),
                                           static_cast<uint16_t>(key), context.workers());
  if (owner == context.worker()) return true;
  batch.HandOff(i, owner, Resume::kUplink);
  return false;
}

}  // namespace

void SessionLookup(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (IsOurs(context, batch, i)) tables.sessions->Prefetch(batch.meta(i).session_key);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.verdict != Verdict::kContinue) continue;
    meta.session = tables.sessions->Find(meta.session_key);
    if (meta.session == kNotFound) {
      batch.Drop(i, DropReason::kNoSession);
      continue;
    }
    rte_prefetch0(&tables.uplink[meta.session]);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    if (meta.verdict != Verdict::kContinue) continue;
    const uint32_t tunnel = tables.uplink[meta.session].tunnel.load(std::memory_order_acquire);
    if (!IsFromPeer(tables.tunnels[tunnel], meta.family, batch.At(i, meta.l3_offset),
                    batch.At(i, meta.l4_offset))) {
      batch.Drop(i, DropReason::kWrongPeer);
    }
  }
}

}  // namespace lns::dataplane
