// What is in the tables, as values. Sessions are listed in two steps, their keys and then some of
// them at a time, so that a list of a million holds the mutex for moments only; one that goes
// meanwhile is left out. Their configuration is read back from the entries that workers use.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <set>
#include <utility>

#include "dataplane/tables/table_state.h"

namespace lns::dataplane {
namespace {

SessionKey KeyOf(uint32_t word) {
  return {l2tp::LocalTunnelId(static_cast<uint16_t>(word >> 16)),
          l2tp::LocalSessionId(static_cast<uint16_t>(word))};
}

}  // namespace

uint32_t TableState::tunnel_count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(tunnels_.size());
}

uint32_t TableState::session_count() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::array<uint32_t, kMaxVrfs> TableState::SessionsPerVrf() const {
  const std::lock_guard lock(mutex_);
  return sessions_per_vrf_;
}

std::vector<TunnelConfig> TableState::Tunnels() const {
  std::vector<TunnelConfig> result;
  {
    const std::lock_guard lock(mutex_);
    result.reserve(tunnels_.size());
    for (const auto& [id, record] : tunnels_) result.push_back(record.config);
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.local_id < b.local_id; });
  return result;
}

std::vector<SessionKey> TableState::SessionKeys() const {
  std::vector<uint32_t> words;
  uint32_t slot = 0;
  while (slot < sessions_.slots()) {
    const std::lock_guard lock(mutex_);
    const uint32_t end = slot + std::min(sessions_.slots() - slot, kSlotsPerLook);
    for (; slot < end; ++slot) {
      if (const uint32_t word = sessions_.KeyOf(slot)) words.push_back(word);
    }
  }
  std::sort(words.begin(), words.end());
  // One that was removed and came back in another slot meanwhile was seen twice.
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::vector<SessionKey> keys;
  keys.reserve(words.size());
  for (const uint32_t word : words) keys.push_back(KeyOf(word));
  return keys;
}

std::vector<SessionConfig> TableState::Sessions(std::span<const SessionKey> keys) const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionConfig> result;
  result.reserve(keys.size());
  for (const SessionKey& key : keys) {
    const uint32_t slot = SlotOf(key);
    if (slot != kNotFound) result.push_back(ConfigOf(slot));
  }
  return result;
}

SessionConfig TableState::ConfigOf(uint32_t slot) const {
  const DownlinkEntry& down = parts_.tables.downlink[slot];
  const uint32_t flags = down.flags.load(std::memory_order_relaxed);
  const uint32_t peer_ids = down.peer_ids.load(std::memory_order_relaxed);
  const Extras extras = ExtrasOf(slot);
  return {.key = KeyOf(sessions_.KeyOf(slot)),
          .peer_id = l2tp::PeerSessionId(static_cast<uint16_t>(peer_ids)),
          .ipv4_open = (flags & kIpv4Open) != 0,
          .ipv6_open = (flags & kIpv6Open) != 0,
          .prefixes = PrefixesOf(slot),
          .peer_mru = SessionMru(down.mru_and_mtu.load(std::memory_order_relaxed)),
          .send_pfc = (flags & kSendPfc) != 0,
          .send_acfc = (flags & kSendAcfc) != 0,
          .sequence_numbers = (flags & kSequenced) != 0,
          .reorder_ms = static_cast<uint16_t>(ReorderMs(flags)),
          .dscp = (flags & kOwnDscp) != 0 ? std::optional(static_cast<uint8_t>(SessionDscp(flags)))
                                          : std::nullopt,
          .clamp_mss = (flags & kClampMss) != 0,
          .gateway = extras.gateway.address,
          .uplink_meter = meters_.UplinkOf(extras.words.meters),
          .downlink_meter = meters_.DownlinkOf(extras.words.meters),
          .downlink_shaper = extras.words.shaper != kNoShaper
                                 ? std::optional(shapers_.ConfigOf(extras.words.shaper))
                                 : std::nullopt,
          .echo = EchoConfigOf(slot, KeyOf(sessions_.KeyOf(slot))),
          .vrf = VrfOf(slot),
          .uplink_filters = filters_.NamesOf(extras.words.uplink_filters),
          .downlink_filters = filters_.NamesOf(extras.words.downlink_filters),
          .dscp_policy = extras.words.dscp_profile != 0
                             ? std::optional(dscp_policies_.PolicyOf(extras.words.dscp_profile))
                             : std::nullopt};
}

std::vector<net::IpPrefix> TableState::PrefixesOf(uint32_t slot) const {
  std::vector<net::IpPrefix> prefixes;
  const uint32_t host = parts_.tables.uplink[slot].ipv4_source.load(std::memory_order_relaxed);
  if (host != 0) prefixes.push_back(net::IpPrefix::Host(net::IpAddress::V4(host)));
  const SessionBook::OtherPrefixes others = sessions_.OthersOf(slot);
  if (others.list != nullptr) {
    prefixes.insert(prefixes.end(), others.list->begin(), others.list->end());
  } else if (others.entry != kNotFound) {
    prefixes.push_back(parts_.tables.subscribers->PrefixOf(others.entry));
  }
  return prefixes;
}

std::vector<SessionCounts> TableState::SessionCounters(std::span<const SessionKey> keys) const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionCounts> result;
  result.reserve(keys.size());
  for (const SessionKey& key : keys) {
    const uint32_t slot = SlotOf(key);
    if (slot == kNotFound) continue;
    result.push_back(CountsOf(slot, key));
  }
  return result;
}

SessionCounts TableState::CountsOf(uint32_t slot, const SessionKey& key) const {
  const UplinkEntry& up = parts_.tables.uplink[slot];
  const DownlinkEntry& down = parts_.tables.downlink[slot];
  SessionCounts counts{.key = key,
                       .uplink_packets = up.packets.value(),
                       .uplink_bytes = up.bytes.value(),
                       .downlink_packets = down.packets.value(),
                       .downlink_bytes = down.bytes.value(),
                       .sequenced = (up.flags.load(std::memory_order_relaxed) & kSequenced) != 0,
                       .sequence_lost = up.sequence_lost.value(),
                       .sequence_late = up.sequence_late.value(),
                       .sequence_reordered = up.sequence_reordered.value(),
                       .echo = EchoCountsOf(slot, key)};
  const SessionExtras extras = ExtrasOf(slot).words;
  if (extras.meters != 0) {
    const SessionMeters& meters = parts_.tables.meters[extras.meters];
    counts.uplink_policed_packets = meters.uplink.dropped_packets.value();
    counts.uplink_policed_bytes = meters.uplink.dropped_bytes.value();
    counts.downlink_policed_packets = meters.downlink.dropped_packets.value();
    counts.downlink_policed_bytes = meters.downlink.dropped_bytes.value();
  }
  if (extras.shaper != kNoShaper) {
    const Shaper& shaper = parts_.tables.shapers[extras.shaper];
    counts.shaper_queued_packets = shaper.queued_packets.load(std::memory_order_relaxed);
    counts.shaper_queued_bytes = shaper.queued_octets.load(std::memory_order_relaxed);
    counts.shaper_dropped_packets = shaper.dropped_packets.value();
    counts.shaper_dropped_bytes = shaper.dropped_bytes.value();
  }
  return counts;
}

std::vector<AggregateCounts> TableState::Aggregates() const {
  const std::lock_guard lock(mutex_);
  return aggregates_.List();
}

std::vector<SessionCounts> TableState::TakeLastCounts() {
  const std::lock_guard lock = Begin();
  if (!counting_.empty()) {
    retired_.Wait();
    Collect();
  }
  // A stuck worker: what it has counted until now, rather than nothing.
  for (const auto& [slot, key] : counting_) last_counts_.push_back(CountsOf(slot, key));
  counting_.clear();
  return std::exchange(last_counts_, {});
}

std::vector<RouteConfig> TableState::Routes() const {
  const std::lock_guard lock(mutex_);
  return routes_.Routes();
}

std::vector<NeighbourConfig> TableState::Neighbours() const {
  const std::lock_guard lock(mutex_);
  return routes_.Neighbours();
}

std::vector<VrfAddress> TableState::LocalAddresses() const {
  const std::lock_guard lock(mutex_);
  return routes_.LocalAddresses();
}

std::vector<VrfPrefix> TableState::SubscriberPrefixes() const {
  const std::lock_guard lock(mutex_);
  return routes_.SubscriberPrefixes();
}

std::vector<NeighbourConfig> TableState::TakeUnresolved() {
  const std::lock_guard lock(mutex_);
  std::vector<NextHop> wanted = routes_.TakeWanted();
  for (UnresolvedQueue& queue : parts_.unresolved) {
    NextHop missed;
    // Bounded: a worker that goes on filling the queue is heard again the next time.
    for (uint32_t i = 0; i < UnresolvedQueue::kSlots && queue.Pop(missed); ++i) {
      if (!routes_.IsResolved(missed.address, missed.port)) wanted.push_back(missed);
    }
  }
  std::vector<NeighbourConfig> result;
  std::set<std::pair<net::IpAddress, uint16_t>> seen;
  for (const NextHop& next_hop : wanted) {
    if (!seen.emplace(next_hop.address, next_hop.port).second) continue;
    result.push_back({.address = next_hop.address, .port = next_hop.port});
  }
  return result;
}

}  // namespace lns::dataplane
