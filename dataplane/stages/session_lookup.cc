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

// What the lookup is by; classify has prefetched it.
struct Keys {
  const Batch& batch;
  uint32_t operator[](size_t i) const { return batch.meta(static_cast<uint32_t>(i)).session_key; }
};

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
  const std::span<UplinkEntry> sessions = tables.uplink;
  const std::span<TunnelEntry> tunnels = tables.tunnels;
  const uint32_t count = batch.size();
  tables.sessions->FindPrefetched(Keys{batch}, count, [&](size_t i, uint32_t session) {
    batch.meta(static_cast<uint32_t>(i)).session = session;
    rte_prefetch0(sessions.data() + session);
  });
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.session == kNotFound) [[unlikely]] {
      batch.Drop(i, DropReason::kNoSession);
      continue;
    }
    const uint32_t tunnel = sessions[meta.session].tunnel.load(std::memory_order_acquire);
    const uint8_t* buffer = batch.At(i, 0);
    if (!IsFromPeer(tunnels[TunnelIndex(tunnel)], meta, buffer + meta.l3_offset,
                    buffer + meta.l4_offset)) [[unlikely]] {
      batch.Drop(i, DropReason::kWrongPeer);
    }
    meta.vrf = SessionVrf(tunnel);
  }
}

}  // namespace lns::dataplane
