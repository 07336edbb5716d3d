// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/subscriber_lookup.h"

#include <rte_prefetch.h>

#include <array>
#include <span>

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Whose packets these are; kNotFound: nobody's. `lines`: what is read next, by session.
template <typename Line>
void FindSessions(const SubscriberTable& subscribers, Batch& batch, const Line* lines) {
  const uint32_t count = batch.size();
  const uint16_t main_ipv4 = FamilyAndVrf(PacketMeta{.family = net::Family::kIpv4});
  std::array<uint32_t, kBatchSize> addresses;
  for (uint32_t i = 0; i < count; ++i) {
    // Of an IPv6 packet, and in another VRF, any word does: what is found is not looked at.
    const PacketMeta& meta = batch.meta(i);
    addresses[i] = LoadBe32(DestinationOf(meta.family, batch.At(i, meta.l3_offset)));
  }
  subscribers.FindHosts(std::span(addresses).first(count), [&](size_t i, uint32_t session) {
    batch.meta(static_cast<uint32_t>(i)).session = session;
    rte_prefetch0(lines + session);
  });
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (FamilyAndVrf(meta) != main_ipv4 || meta.session == kNotFound) [[unlikely]] {
      meta.session = subscribers.Find(meta.vrf, meta.family,
                                      DestinationOf(meta.family, batch.At(i, meta.l3_offset)));
    }
  }
}

// The others' are handed over. Not even the lines of their entries are asked for: their owners
// write them for every packet.
void KeepOurSubscribers(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  FindSessions(*tables.subscribers, batch, tables.owners.data());
  std::array<uint8_t, kBatchSize> owners;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const uint32_t session = batch.meta(i).session;
    owners[i] = session == kNotFound ? static_cast<uint8_t>(context.worker())
                                     : tables.owners[session].load(std::memory_order_relaxed);
  }
  context.HandOffForeign(batch, owners, Resume::kDownlink);
  for (uint32_t i = 0; i < batch.size(); ++i) {
    rte_prefetch0(tables.downlink.data() + batch.meta(i).session);
  }
}

// The session's flags.
uint32_t CheckSession(std::span<const DownlinkEntry> entries, std::span<const TunnelEntry> tunnels,
                      Batch& batch, uint32_t i) {
  PacketMeta& meta = batch.meta(i);
  if (meta.session == kNotFound) [[unlikely]] {
    batch.Drop(i, DropReason::kNoSubscriber);
    return 0;
  }
  const DownlinkEntry& session = entries[meta.session];
  meta.session_key = session.key.load(std::memory_order_relaxed);
  const uint32_t open = meta.family == net::Family::kIpv4 ? kIpv4Open : kIpv6Open;
  const uint32_t flags = session.flags.load(std::memory_order_acquire);
  if ((flags & open) == 0) [[unlikely]] {
    batch.Drop(i, DropReason::kSubscriberNotOpen);
  }
  // For l2tp_encap.
  const uint32_t tunnel_word = session.tunnel.load(std::memory_order_acquire);
  const TunnelEntry& tunnel = tunnels[TunnelIndex(tunnel_word)];
  rte_prefetch0(&tunnel);
  rte_prefetch0(&tunnel.outer);
  return flags;
}

}  // namespace

void SubscriberLookup(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  if (context.workers() > 1) {
    KeepOurSubscribers(context, batch);
  } else {
    FindSessions(*tables.subscribers, batch, tables.downlink.data());
  }
  const std::span<const DownlinkEntry> entries = tables.downlink;
  const std::span<const TunnelEntry> tunnels = tables.tunnels;
  const uint32_t count = batch.size();
  uint32_t all_flags = 0;
  for (uint32_t i = 0; i < count; ++i) all_flags |= CheckSession(entries, tunnels, batch, i);
  batch.set_session_flags(all_flags);
}

}  // namespace lns::dataplane
