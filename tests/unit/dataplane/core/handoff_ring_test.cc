// The ring between two workers: order, room, what is seen when. Two threads at once:
// handoff_ring_stress_test.cc.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "dataplane/core/handoff_ring.h"
#include "lib/base/rng.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kSlots = 16;

class HandoffRingTest : public testing::Test {
 protected:
  // The next numbers; how many there was room for.
  uint32_t Put(uint32_t count) {
    std::vector<uint64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), put_);
    ring_.PrefetchRoom(count);
    const uint32_t done = ring_.Put(numbers);
    put_ += done;
    return done;
  }
  void ExpectNext(uint32_t count) {
    ASSERT_GE(ring_.size(), count);
    ring_.PrefetchSlots(count);
    for (uint32_t i = 0; i < count; ++i) EXPECT_EQ(ring_[i], taken_++);
    ring_.Take(count);
  }

  std::array<uint64_t, kSlots> slots_{};
  HandoffRing<uint64_t> ring_{slots_};
  uint64_t put_ = 0;
  uint64_t taken_ = 0;
};

TEST_F(HandoffRingTest, TheConsumerSeesWhatWasThereWhenItLooked) {
  EXPECT_EQ(Put(3), 3u);
  EXPECT_EQ(ring_.size(), 0u);
  ring_.Look();
  EXPECT_EQ(Put(2), 2u);
  EXPECT_EQ(ring_.size(), 3u);
  ExpectNext(3);
  EXPECT_EQ(ring_.size(), 0u);
  ring_.PrefetchTail();
  ring_.Look();
  ExpectNext(2);
}

TEST_F(HandoffRingTest, TakesWhatThereIsRoomForAndNoMore) {
  EXPECT_EQ(Put(kSlots - 1), kSlots - 1);
  EXPECT_EQ(Put(3), 1u);
  EXPECT_EQ(Put(1), 0u);
  ring_.Look();
  ExpectNext(2);
  EXPECT_EQ(Put(5), 2u);
  ring_.Look();
  ExpectNext(kSlots);
  EXPECT_EQ(ring_.size(), 0u);
}

TEST_F(HandoffRingTest, KeepsTheOrderRoundAndRound) {
  SeededRng rng(1);
  while (taken_ < 10'000) {
    Put(rng.Below(kSlots + 4));
    if (rng.Below(3) != 0) ring_.Look();
    ExpectNext(rng.Below(ring_.size() + 1));
  }
  EXPECT_LE(put_ - taken_, kSlots);
}

}  // namespace
}  // namespace lns::dataplane
