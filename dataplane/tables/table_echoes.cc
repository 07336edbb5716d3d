// LCP echoes of sessions: which worker does them for whom, and how they went.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "dataplane/tables/table_state.h"
#include "lib/punt/layout.h"

namespace lns::dataplane {

EchoMembers& TableState::EchoMembersOf(const SessionKey& key) const {
  return parts_.tables
      .echo_members[punt::OwnerWorker(key.tunnel.value(), key.session.value(), config_.workers)];
}

absl::Status TableState::ProvideEchoes(const SessionConfig& session, uint32_t slot) {
  if (!session.echo || parts_.tables.echoes.Provide(*parts_.memory, slot)) return absl::OkStatus();
  return absl::ResourceExhaustedError("no memory for LCP echoes");
}

// Another magic number is another link of the session: its owner forgets how the last one went. So
// does that of a session whose echoes begin.
void TableState::WriteEchoes(const SessionConfig& session, uint32_t slot) {
  EchoMembers& members = EchoMembersOf(session.key);
  if (!session.echo.has_value()) return members.Remove(slot);
  EchoEntry& echo = parts_.tables.echoes[slot];
  const bool begins =
      !members.Has(slot) || echo.magic.load(std::memory_order_relaxed) != session.echo->magic;
  echo.magic.store(session.echo->magic, std::memory_order_relaxed);
  echo.policy.store(PackEchoPolicy({.interval_s = session.echo->interval_s,
                                    .max_misses = session.echo->max_misses,
                                    .always = session.echo->always}),
                    std::memory_order_relaxed);
  if (begins) echo.era.fetch_add(1, std::memory_order_relaxed);
  members.Add(slot);
}

std::optional<EchoConfig> TableState::EchoConfigOf(uint32_t slot, const SessionKey& key) const {
  if (!EchoMembersOf(key).Has(slot)) return std::nullopt;
  const EchoEntry& echo = parts_.tables.echoes[slot];
  const EchoPolicy policy = UnpackEchoPolicy(echo.policy.load(std::memory_order_relaxed));
  return EchoConfig{.magic = echo.magic.load(std::memory_order_relaxed),
                    .interval_s = policy.interval_s,
                    .max_misses = policy.max_misses,
                    .always = policy.always};
}

// The owner goes on meanwhile, so what is read may be of two moments.
std::optional<EchoCounts> TableState::EchoCountsOf(uint32_t slot, const SessionKey& key) const {
  if (!EchoMembersOf(key).Has(slot)) return std::nullopt;
  const EchoEntry& echo = parts_.tables.echoes[slot];
  EchoCounts counts;
  const bool has_begun =
      echo.begun.load(std::memory_order_acquire) == echo.era.load(std::memory_order_relaxed);
  if (!has_begun) return counts;
  const uint32_t waiting = echo.waiting.load(std::memory_order_relaxed) & 1;
  counts.sent = echo.sent.load(std::memory_order_relaxed);
  counts.answered = echo.answered.load(std::memory_order_relaxed);
  const uint32_t settled = counts.answered + waiting;
  counts.lost = counts.sent > settled ? counts.sent - settled : 0;
  counts.unanswered = echo.progress.load(std::memory_order_relaxed).unanswered;
  counts.rtt_last_us = echo.rtt_last.load(std::memory_order_relaxed);
  counts.rtt_min_us = echo.rtt_min.load(std::memory_order_relaxed);
  counts.rtt_smoothed_us =
      echo.rtt_smoothed.load(std::memory_order_relaxed) >> EchoEntry::kSmoothedShift;
  counts.rtt_max_us = echo.rtt_max.load(std::memory_order_relaxed);
  return counts;
}

// Summed a part of the slots at a time: other changes wait no longer than for any list.
std::vector<TunnelUplink> TableState::TunnelUplinks() const {
  absl::flat_hash_map<uint16_t, uint64_t> sums;
  for (uint32_t from = 0; from < sessions_.slots(); from += kSlotsPerLook) {
    const std::lock_guard lock(mutex_);
    const uint32_t end = std::min(from + kSlotsPerLook, sessions_.slots());
    for (uint32_t slot = from; slot < end; ++slot) {
      const uint32_t key = sessions_.KeyOf(slot);
      if (key == 0) continue;
      sums[static_cast<uint16_t>(key >> 16)] += parts_.tables.uplink[slot].packets.value();
    }
  }
  std::vector<TunnelUplink> result;
  result.reserve(sums.size());
  for (const auto& [id, packets] : sums) {
    result.push_back({.tunnel = l2tp::LocalTunnelId(id), .packets = packets});
  }
  return result;
}

}  // namespace lns::dataplane
