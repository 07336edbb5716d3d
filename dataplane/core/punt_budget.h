// How many packets a session may have punted that it could send in any number: so many in about a
// second. Sessions share the entries of a small table by a hash of their key; who shares one with a
// flood waits for the next second, and asks again. Belongs to a worker.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace lns::dataplane {

class PuntBudget {
 public:
  static constexpr uint16_t kPerSession = 32;
  static constexpr uint32_t kEntries = 2048;

  // A second is the largest power of two of cycles within one.
  explicit PuntBudget(uint64_t cycles_per_second)
      : shift_(static_cast<uint32_t>(std::bit_width(cycles_per_second)) - 1) {}

  // False: it has had its share.
  bool Take(uint32_t session_key, uint64_t now) {
    Entry& entry = entries_[(session_key * 0x9e3779b1u) >> kHashShift];
    const auto second = static_cast<uint16_t>(now >> shift_);
    if (entry.second != second) entry = {second, 0};
    if (entry.used >= kPerSession) return false;
    ++entry.used;
    return true;
  }

 private:
  static constexpr uint32_t kHashShift = 32 - (std::bit_width(kEntries) - 1);
  struct Entry {
    uint16_t second = 0;
    uint16_t used = 0;
  };

  uint32_t shift_;
  std::array<Entry, kEntries> entries_{};
};

}  // namespace lns::dataplane
