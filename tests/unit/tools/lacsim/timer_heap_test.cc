// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/base/rng.h"
#include "tools/lacsim/timer_heap.h"

namespace lns::lacsim {
namespace {

Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }

TEST(TimerHeap, GivesNothingBeforeItsTimeAndEachTimerOnce) {
  TimerHeap timers(3);
  EXPECT_EQ(timers.Next(), Instant::Never());
  timers.Set(1, At(20));
  timers.Set(2, At(10));
  EXPECT_EQ(timers.Next(), At(10));
  EXPECT_FALSE(timers.PopDue(At(9)));
  EXPECT_EQ(timers.PopDue(At(10)), 2u);
  EXPECT_FALSE(timers.PopDue(At(19)));
  EXPECT_EQ(timers.PopDue(At(30)), 1u);
  EXPECT_FALSE(timers.PopDue(At(1000)));
}

TEST(TimerHeap, NeverTakesATimerOut) {
  TimerHeap timers(2);
  timers.Set(0, At(5));
  timers.Set(1, At(6));
  timers.Set(0, Instant::Never());
  timers.Set(0, Instant::Never());
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers.PopDue(At(10)), 1u);
}

TEST(TimerHeap, AgreesWithASortedListUnderRandomChanges) {
  constexpr uint32_t kPopulation = 50;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRng rng(seed);
    TimerHeap timers(kPopulation);
    std::vector<Instant> expected(kPopulation, Instant::Never());
    for (int step = 0; step < 2000; ++step) {
      const uint32_t id = rng.Below(kPopulation);
      const uint32_t action = rng.Below(10);
      if (action < 7) {
        expected[id] = At(rng.Below(1000));
        timers.Set(id, expected[id]);
      } else if (action == 7) {
        expected[id] = Instant::Never();
        timers.Set(id, Instant::Never());
      } else if (const auto due = timers.PopDue(At(rng.Below(1000)))) {
        EXPECT_EQ(expected[*due], *std::min_element(expected.begin(), expected.end()));
        expected[*due] = Instant::Never();
      }
      ASSERT_EQ(timers.Next(), *std::min_element(expected.begin(), expected.end()));
    }
  }
}

}  // namespace
}  // namespace lns::lacsim
