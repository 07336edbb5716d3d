// What one worker remembers to hold packets for the control plane to the policy: where each group
// and each source stands, and what was refused. Belongs to that worker's thread; others read the
// counters.
//
// Sources are kept in a table of fixed size. Where more than it holds are active at a time, the one
// that was quiet longest is forgotten and starts anew; the group's limit is the bound then.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/core/counters.h"
#include "dataplane/core/punt_policy.h"

namespace lns::dataplane {

enum class PuntVerdict : uint8_t { kPass, kSourceRate, kGroupRate };

struct PuntCounters {
  Counter passed;
  Counter source_refused;
  Counter group_refused;
};

class PuntGuard {
 public:
  // `policy` may be null: everything passes, and nothing is counted.
  explicit PuntGuard(const PuntPolicy* policy)
      : policy_(policy), state_(policy == nullptr ? nullptr : std::make_unique<State>()) {}

  // `source` names it among those of this group and reason: any hash.
  PuntVerdict Judge(uint16_t group, uint8_t reason, uint64_t source, uint64_t now) {
    if (policy_ == nullptr) return PuntVerdict::kPass;
    PuntCounters& counters = state_->counters[group][reason];
    if (!policy_->SourceMeter(group, reason).Take(DueOf(group, reason, source, now), now)) {
      counters.source_refused.Add(1);
      return PuntVerdict::kSourceRate;
    }
    if (!policy_->GroupMeter(group, reason).Take(state_->due[group][reason], now)) {
      counters.group_refused.Add(1);
      return PuntVerdict::kGroupRate;
    }
    counters.passed.Add(1);
    return PuntVerdict::kPass;
  }

  // Null without a policy.
  const PuntCounters* counters(uint32_t group, size_t reason) const {
    return state_ == nullptr ? nullptr : &state_->counters[group][reason];
  }

  static constexpr size_t kSources = 4096;

 private:
  static constexpr size_t kWays = 4;

  struct Source {
    uint64_t name = 0;  // 0: free
    uint64_t due = 0;
  };
  template <typename Row>
  using Table = std::array<std::array<Row, punt::kPuntReasonCount>, kMaxInterfaceGroups>;
  struct State {
    Table<uint64_t> due{};
    Table<PuntCounters> counters;
    std::array<std::array<Source, kWays>, kSources / kWays> sources{};
  };

  uint64_t& DueOf(uint16_t group, uint8_t reason, uint64_t source, uint64_t now) {
    constexpr uint64_t kOdd = 0x9e3779b97f4a7c15u;
    uint64_t name = (source ^ (uint64_t{group} << 8 | reason)) * kOdd;
    name = (name ^ name >> 32) | 1;
    auto& ways = state_->sources[(name >> 8) % (kSources / kWays)];
    Source* quietest = &ways[0];
    for (Source& way : ways) {
      if (way.name == name) return way.due;
      if (way.due < quietest->due) quietest = &way;
    }
    *quietest = {.name = name, .due = now};
    return quietest->due;
  }

  const PuntPolicy* policy_;
  std::unique_ptr<State> state_;
};

}  // namespace lns::dataplane
