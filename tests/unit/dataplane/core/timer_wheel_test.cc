// The wheel against a sorted list.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "dataplane/core/timer_wheel.h"

namespace lns::dataplane {
namespace {

std::vector<uint32_t> TakeAll(TimerWheel& wheel, uint64_t now) {
  wheel.Advance(now);
  std::vector<uint32_t> taken;
  for (uint32_t n = wheel.TakeReady(); n != TimerWheel::kNone; n = wheel.TakeReady()) {
    taken.push_back(n);
  }
  return taken;
}

TEST(TimerWheel, NothingComesEarlyAndAllWithinATick) {
  TimerWheel wheel(256, 100);
  ASSERT_EQ(wheel.tick(), 64u);
  std::mt19937 random(7);
  std::map<uint32_t, uint64_t> times;
  uint64_t now = 1'000'000;
  const auto add = [&](uint32_t number) {
    const uint64_t at = now + random() % (TimerWheel::kSlots * 60);
    times[number] = at;
    wheel.Add(number, at, now);
  };
  for (uint32_t number = 0; number < 256; ++number) add(number);
  for (int turn = 0; turn < 20'000; ++turn) {
    now += random() % 300;
    for (const uint32_t number : TakeAll(wheel, now)) {
      ASSERT_LE(times.at(number), now);
      times.erase(number);
      if (random() % 4 != 0) add(number);
    }
    for (const auto& [number, at] : times) ASSERT_GT(at + wheel.tick(), now) << number;
    if (times.empty()) {
      EXPECT_TRUE(wheel.empty());
      for (uint32_t number = 0; number < 256; ++number) add(number);
    }
  }
}

TEST(TimerWheel, WhatIsLaterThanATurnComesAtItsEnd) {
  TimerWheel wheel(4, 1);
  wheel.Add(3, 1'000'000, 10);
  EXPECT_TRUE(TakeAll(wheel, 10 + TimerWheel::kSlots - 2).empty());
  EXPECT_EQ(TakeAll(wheel, 10 + TimerWheel::kSlots), std::vector<uint32_t>{3});
}

TEST(TimerWheel, WhatIsDueIsReadyAtOnceInOrder) {
  TimerWheel wheel(4, 1);
  wheel.Add(2, 5, 100);
  wheel.Add(1, 100, 100);
  wheel.AddReady(0);
  EXPECT_EQ(TakeAll(wheel, 100), (std::vector<uint32_t>{2, 1, 0}));
}

TEST(TimerWheel, AWorkerThatStoodStillLosesNone) {
  TimerWheel wheel(100, 1);
  for (uint32_t i = 0; i < 100; ++i) wheel.Add(i, 1000 + i * 30, 1000);
  EXPECT_EQ(TakeAll(wheel, 1'000'000'000).size(), 100u);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, TimeThatPassesWhileItIsEmptyDoesNotCount) {
  TimerWheel wheel(2, 1);
  wheel.Add(0, 10, 10);
  EXPECT_EQ(TakeAll(wheel, 10).size(), 1u);
  wheel.Add(1, 5'000'010, 5'000'000);
  EXPECT_TRUE(TakeAll(wheel, 5'000'009).empty());
  EXPECT_EQ(TakeAll(wheel, 5'000'010).size(), 1u);
}

}  // namespace
}  // namespace lns::dataplane
