// A rate with a burst, its whole state one word: when the next would be due if none had come early
// (the virtual scheduling form of a token bucket, ITU-T I.371). No division per packet. The word
// belongs to whoever counts with it; 0 is a full bucket.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>

namespace lns::dataplane {

class TokenClock {
 public:
  // `per_second` 0: nothing ever passes.
  TokenClock(uint64_t cycles_per_second, uint32_t per_second, uint32_t burst)
      : interval_(per_second == 0 ? 0 : std::max<uint64_t>(cycles_per_second / per_second, 1)),
        tolerance_(interval_ * (std::max<uint32_t>(burst, 1) - 1)) {}

  // From what another one says.
  TokenClock(uint64_t interval, uint64_t tolerance) : interval_(interval), tolerance_(tolerance) {}
  uint64_t interval() const { return interval_; }
  uint64_t tolerance() const { return tolerance_; }

  // True: it passes, and `due` knows.
  bool Take(uint64_t& due, uint64_t now) const {
    if (interval_ == 0 || due > now + tolerance_) return false;
    due = std::max(due, now) + interval_;
    return true;
  }

 private:
  uint64_t interval_;
  uint64_t tolerance_;
};

}  // namespace lns::dataplane
