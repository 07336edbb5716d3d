// How many packets a session may have punted that it could send in any number. Sessions share the
// entries of a small table by a hash of their key; who shares one with a flood waits for its turn,
// and asks again. Belongs to a worker.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "dataplane/core/token_clock.h"

namespace lns::dataplane {

class PuntBudget {
 public:
  static constexpr uint32_t kPerSecond = 32;
  static constexpr uint32_t kBurst = 32;
  static constexpr uint32_t kEntries = 2048;

  explicit PuntBudget(uint64_t cycles_per_second) : clock_(cycles_per_second, kPerSecond, kBurst) {}

  // False: it has had its share.
  bool Take(uint32_t session_key, uint64_t now) {
    return clock_.Take(due_[(session_key * 0x9e3779b1u) >> kHashShift], now);
  }

 private:
  static constexpr uint32_t kHashShift = 32 - (std::bit_width(kEntries) - 1);

  TokenClock clock_;
  std::array<uint64_t, kEntries> due_{};
};

}  // namespace lns::dataplane
