// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/mtu.h"

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void Mtu(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const uint32_t mru = tables.downlink[meta.session].peer_mru.load(std::memory_order_relaxed);
    if (meta.l3_length > mru) batch.Drop(i, DropReason::kTooBigForPeer);
  }
}

}  // namespace lns::dataplane
