// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/mtu.h"

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void Mtu(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta& meta = batch.meta(i);
    const uint16_t mtu =
        SessionMtu(sessions[meta.session].mru_and_mtu.load(std::memory_order_relaxed));
    if (meta.l3_length > mtu) batch.Drop(i, DropReason::kTooBigForPeer);
  }
}

}  // namespace lns::dataplane
