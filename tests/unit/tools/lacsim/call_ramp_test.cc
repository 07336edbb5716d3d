// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tools/lacsim/call_ramp.h"

namespace lns::lacsim {
namespace {

Instant AtMs(int64_t ms) { return Instant::FromNanoseconds(ms * 1'000'000); }

TEST(CallRamp, StartsAsManyPerSecondAsAsked) {
  CallRamp ramp(1000, 1000);
  uint32_t started = 0;
  for (int64_t ms = 1000; ms < 2000; ++ms) {
    while (ramp.Take(AtMs(ms), 0)) ++started;
  }
  // One second's worth, and the tokens the ramp holds at its start.
  EXPECT_GE(started, 1000u);
  EXPECT_LE(started, 1010u);
}

TEST(CallRamp, HoldsBackWhileTooManyAreInFlight) {
  CallRamp ramp(1000, 3);
  EXPECT_FALSE(ramp.Take(AtMs(1000), 3));
  EXPECT_EQ(ramp.NextDeadline(3), Instant::Never());
  EXPECT_TRUE(ramp.Take(AtMs(1000), 2));
  EXPECT_LT(ramp.NextDeadline(2), Instant::Never());
}

TEST(CallRamp, DoesNotMakeUpForALongStall) {
  CallRamp ramp(1000, 1'000'000);
  while (ramp.Take(AtMs(1000), 0)) {
  }
  uint32_t burst = 0;
  while (ramp.Take(AtMs(1'000'000), 0)) ++burst;
  EXPECT_LE(burst, 10u);
}

TEST(CallRamp, KeepsItsRateOverStallsThatAreMadeUpFor) {
  CallRamp ramp(1000, 1'000'000, Duration::Seconds(1));
  uint32_t started = 0;
  // A stall of 300 ms each second; and no flood at the start.
  while (ramp.Take(AtMs(1'000'000), 0)) ++started;
  EXPECT_LE(started, 10u);
  for (int64_t ms = 1'000'001; ms <= 1'010'000; ++ms) {
    if (ms % 1000 < 300) continue;
    while (ramp.Take(AtMs(ms), 0)) ++started;
  }
  EXPECT_GE(started, 10'000u);
  EXPECT_LE(started, 10'010u);
}

TEST(CallRamp, SaysWhenTheNextCallMayStart) {
  CallRamp ramp(10, 100);
  EXPECT_TRUE(ramp.Take(AtMs(1000), 0));
  EXPECT_FALSE(ramp.Take(AtMs(1000), 1));
  EXPECT_EQ(ramp.NextDeadline(1), AtMs(1100));
  EXPECT_TRUE(ramp.Take(AtMs(1100), 1));
}

}  // namespace
}  // namespace lns::lacsim
