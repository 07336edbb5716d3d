// Paces calls: at most so many per second, at most so many in flight. A token bucket that holds a
// hundredth of a second, so a stall is not followed by a flood; or, where the rate must be kept on
// the whole, as much more as is made up for.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/base/time.h"

namespace lns::lacsim {

class CallRamp {
 public:
  // `catch_up`: how long a stall the calls of which are placed afterwards.
  CallRamp(uint32_t per_second, uint32_t max_in_flight, Duration catch_up = Duration())
      : interval_(Duration::Nanoseconds(1'000'000'000 / static_cast<int64_t>(per_second))),
        first_burst_(std::max<int64_t>(per_second / 100, 1)),
        credit_(std::max(interval_ * (first_burst_ - 1), catch_up)),
        max_in_flight_(max_in_flight) {}

  // One call may start now: counts it.
  bool Take(Instant now, uint32_t in_flight) {
    if (next_ == Instant()) next_ = now - interval_ * (first_burst_ - 1);
    next_ = std::max(next_, now - credit_);  // time unused before is gone
    if (in_flight >= max_in_flight_ || next_ > now) return false;
    next_ = next_ + interval_;
    return true;
  }
  // When to ask again, if not sooner because a call ended.
  Instant NextDeadline(uint32_t in_flight) const {
    return in_flight >= max_in_flight_ ? Instant::Never() : next_;
  }

 private:
  Duration interval_;
  int64_t first_burst_;
  Duration credit_;
  uint32_t max_in_flight_;
  Instant next_;
};

}  // namespace lns::lacsim
