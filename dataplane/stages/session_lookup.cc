// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/session_lookup.h"

#include <rte_prefetch.h>

#include <array>
#include <span>

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Hands over what other workers own. With one worker there is nothing to do.
void KeepOurs(Context& context, Batch& batch) {
  std::array<uint8_t, kBatchSize> owners;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const uint32_t key = batch.meta(i).session_key;
    owners[i] = static_cast<uint8_t>(punt::OwnerWorker(
        static_cast<uint16_t>(key >> 16), static_cast<uint16_t>(key), context.workers()));
  }
  context.HandOffForeign(batch, owners, Resume::kUplink);
}

}  // namespace

void SessionLookup(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  if (context.workers() > 1) KeepOurs(context, batch);
  const uint32_t count = batch.size();
  std::array<uint32_t, kBatchSize> keys;
  std::array<uint32_t, kBatchSize> sessions;
  for (uint32_t i = 0; i < count; ++i) keys[i] = batch.meta(i).session_key;
  tables.sessions->FindBurst(std::span(keys).first(count), sessions,
                             [&](uint32_t session) { rte_prefetch0(&tables.uplink[session]); });
  for (uint32_t i = 0; i < count; ++i) {
    batch.meta(i).session = sessions[i];
    if (sessions[i] == kNotFound) [[unlikely]] {
      batch.Drop(i, DropReason::kNoSession);
      continue;
    }
    const PacketMeta& meta = batch.meta(i);
    const uint32_t tunnel = tables.uplink[meta.session].tunnel.load(std::memory_order_acquire);
    const uint8_t* buffer = batch.At(i, 0);
    if (!IsFromPeer(tables.tunnels[tunnel], meta.family, buffer + meta.l3_offset,
                    buffer + meta.l4_offset)) {
      batch.Drop(i, DropReason::kWrongPeer);
    }
  }
}

}  // namespace lns::dataplane
