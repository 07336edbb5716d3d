// Controlled delay against RFC 8289: when dropping begins, how it goes on, when it ends.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "dataplane/core/codel.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kHz = 1'000'000;  // a cycle is a microsecond
constexpr uint64_t kTarget = Codel::kTargetMs * 1000;
constexpr uint64_t kLong = 20'000;  // octets

class CodelTest : public testing::Test {
 protected:
  // A packet each millisecond; all have waited the same. The times of drops, in milliseconds.
  std::vector<uint64_t> Run(uint64_t waited_us, uint64_t milliseconds, uint64_t octets = kLong) {
    std::vector<uint64_t> drops;
    for (uint64_t i = 0; i < milliseconds; ++i, now_ += 1000) {
      if (codel_.MustDrop(state_, waited_us, kTarget, octets, now_)) drops.push_back(now_ / 1000);
    }
    return drops;
  }

  Codel codel_{kHz};
  CodelState state_;
  uint64_t now_ = 1'000'000;
};

TEST_F(CodelTest, BelowTheTargetNothingIsDropped) { EXPECT_TRUE(Run(kTarget - 1, 5000).empty()); }

TEST_F(CodelTest, ABurstThatIsGoneWithinAnIntervalIsNotDropped) {
  EXPECT_TRUE(Run(50'000, Codel::kIntervalMs).empty());
  EXPECT_TRUE(Run(kTarget - 1, 1).empty());
  EXPECT_TRUE(Run(50'000, Codel::kIntervalMs).empty());
}

TEST_F(CodelTest, ASinglePacketIsNoQueue) {
  EXPECT_TRUE(Run(1'000'000, 5000, Codel::kOnePacket).empty());
}

// RFC 8289 5.5: the nth drop follows interval / sqrt(n) after the one before.
TEST_F(CodelTest, DropsComeCloserByTheControlLaw) {
  const std::vector<uint64_t> drops = Run(50'000, 3000);
  ASSERT_GT(drops.size(), 20u);
  EXPECT_EQ(drops[0], 1000 + Codel::kIntervalMs);
  double expected = static_cast<double>(drops[0]);
  for (size_t n = 1; n < drops.size(); ++n) {
    expected += static_cast<double>(Codel::kIntervalMs) / std::sqrt(static_cast<double>(n));
    EXPECT_NEAR(static_cast<double>(drops[n]), expected, 2) << n;
  }
}

TEST_F(CodelTest, EndsWithTheFirstPacketBelowTheTarget) {
  ASSERT_FALSE(Run(50'000, 500).empty());
  EXPECT_TRUE(Run(kTarget - 1, 1).empty());
  EXPECT_TRUE(Run(50'000, Codel::kIntervalMs).empty()) << "a whole interval anew";
}

TEST_F(CodelTest, SoonAgainItGoesOnNearTheRateThatWasRight) {
  const size_t drops_before = Run(50'000, 2000).size();
  Run(kTarget - 1, 10);
  EXPECT_GT(state_.count, 10u);
  const std::vector<uint64_t> again = Run(50'000, 400);
  ASSERT_GE(again.size(), 2u);
  EXPECT_LT(again[1] - again[0], 40u) << "not a whole interval; drops before: " << drops_before;
}

TEST_F(CodelTest, LongAfterwardsItBeginsGently) {
  Run(50'000, 2000);
  Run(kTarget - 1, 17 * Codel::kIntervalMs + 100);
  const std::vector<uint64_t> again = Run(50'000, 400);
  ASSERT_GE(again.size(), 2u);
  EXPECT_NEAR(static_cast<double>(again[1] - again[0]), Codel::kIntervalMs, 2);
}

}  // namespace
}  // namespace lns::dataplane
