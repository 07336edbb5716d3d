// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <chrono>

#include "lib/os/clock.h"

namespace lns {
namespace {

Instant Steady() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant::FromNanoseconds(std::chrono::nanoseconds(since).count());
}

// libstdc++'s steady clock is CLOCK_MONOTONIC, so readings of the two interleave.
TEST(ClockTest, TellsTheMonotonicClock) {
  const Instant before = Steady();
  const Instant now = MonotonicNow();
  const Instant after = Steady();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

}  // namespace
}  // namespace lns
