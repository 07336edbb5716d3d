// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/mtu.h"

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void Mtu(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const uint16_t mtu =
        SessionMtu(tables.downlink[meta.session].mru_and_mtu.load(std::memory_order_relaxed));
    if (meta.l3_length > mtu) batch.Drop(i, DropReason::kTooBigForPeer);
  }
}

}  // namespace lns::dataplane
