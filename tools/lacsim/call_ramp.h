// Paces calls: at most so many per second, at most so many in flight. A token bucket that holds a
// hundredth of a second, so a stall is not followed by a flood.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/base/time.h"

namespace lns::lacsim {

class CallRamp {
 public:
  CallRamp(uint32_t per_second, uint32_t max_in_flight)
      : interval_(Duration::Nanoseconds(1'000'000'000 / static_cast<int64_t>(per_second))),
        burst_(std::max<int64_t>(per_second / 100, 1)),
        max_in_flight_(max_in_flight) {}

  // One call may start now: counts it.
  bool Take(Instant now, uint32_t in_flight) {
    // Time not used in the last `burst_` intervals is gone.
    next_ = std::max(next_, now - interval_ * (burst_ - 1));
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
  int64_t burst_;
  uint32_t max_in_flight_;
  Instant next_;
};

}  // namespace lns::lacsim
