// How much each interface group may send of what goes up to the control plane: one row per group
// and punt reason, with a limit for the group and one for each source in it. A source is a sender's
// address where nothing is known of it, else its tunnel or its session.
//
// Set by one thread at a time (configuration, then the API, which has a mutex); read by workers. A
// row is a few relaxed words: a worker that sees half of a change judges a moment by neither rule,
// which does no harm. Limits hold for each worker.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/token_clock.h"
#include "lib/punt/punt_reason.h"

namespace lns::dataplane {

inline constexpr uint32_t kMaxInterfaceGroups = 16;

struct PuntRate {
  static constexpr uint32_t kUnlimited = 0xffffffffu;
  uint32_t per_second = kUnlimited;  // 0: nothing passes
  uint32_t burst = 1;                // at once; at least 1
  bool operator==(const PuntRate&) const = default;
};
struct PuntLimits {
  PuntRate group;
  PuntRate source;
  bool operator==(const PuntLimits&) const = default;
};

// What is not known to be welcome is bounded well below what the protocol loop takes; a session's
// PPP control to far more than any client sends; the control of known tunnels not at all.
PuntLimits DefaultPuntLimits(punt::PuntReason reason);

// A rate as workers use it (core/token_clock.h), which changes while they do.
class PuntMeter {
 public:
  void Set(const PuntRate& rate, uint64_t cycles_per_second);
  // `due` is the state of whom it meters.
  bool Take(uint64_t& due, uint64_t now) const {
    if (unlimited_.load(std::memory_order_relaxed)) return true;
    return TokenClock(interval_.load(std::memory_order_relaxed),
                      tolerance_.load(std::memory_order_relaxed))
        .Take(due, now);
  }

 private:
  std::atomic<bool> unlimited_{true};
  std::atomic<uint64_t> interval_{0};
  std::atomic<uint64_t> tolerance_{0};
};

struct PuntRow {
  uint32_t group = 0;
  punt::PuntReason reason{};
};

class PuntPolicy {
 public:
  // At most kMaxInterfaceGroups names; every row has its reason's default limits.
  PuntPolicy(std::vector<std::string> groups, uint64_t cycles_per_second);

  const std::vector<std::string>& groups() const { return groups_; }
  // The rows of a group and a reason ("new_tunnel"). No group: of all groups; no reason: of every
  // reason for what is unproven. Nothing where a name is not known.
  static std::vector<PuntRow> Rows(const std::vector<std::string>& groups, std::string_view group,
                                   std::string_view reason);
  void Set(uint32_t group, punt::PuntReason reason, const PuntLimits& limits);
  const PuntLimits& Get(uint32_t group, punt::PuntReason reason) const {
    return limits_[group][static_cast<size_t>(reason)];
  }

  // Workers.
  const PuntMeter& GroupMeter(uint32_t group, uint8_t reason) const {
    return meters_[group][reason].group;
  }
  const PuntMeter& SourceMeter(uint32_t group, uint8_t reason) const {
    return meters_[group][reason].source;
  }

 private:
  struct Meters {
    PuntMeter group;
    PuntMeter source;
  };
  template <typename Row>
  using Table = std::array<std::array<Row, punt::kPuntReasonCount>, kMaxInterfaceGroups>;

  const std::vector<std::string> groups_;
  const uint64_t cycles_per_second_;
  Table<PuntLimits> limits_;
  Table<Meters> meters_;
};

}  // namespace lns::dataplane
