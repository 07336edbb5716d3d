// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/mtu.h"

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// What the subscriber takes, and its tunnel carries in fragments of the outer packet.
[[gnu::cold]] bool IsCutOutside(const Tables& tables, const DownlinkEntry& session,
                                uint32_t length) {
  const uint16_t mru = SessionMru(session.mru_and_mtu.load(std::memory_order_relaxed));
  const uint32_t tunnel = session.tunnel.load(std::memory_order_acquire);
  return length <= mru && tables.tunnels[TunnelIndex(tunnel)].path_mtu != kNeverCut;
}

}  // namespace

void Mtu(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta& meta = batch.meta(i);
    const DownlinkEntry& session = sessions[meta.session];
    const uint16_t mtu = SessionMtu(session.mru_and_mtu.load(std::memory_order_relaxed));
    if (meta.l3_length > mtu && !IsCutOutside(context.tables(), session, meta.l3_length))
        [[unlikely]] {
      batch.Drop(i, DropReason::kTooBigForPeer);
    }
  }
}

}  // namespace lns::dataplane
