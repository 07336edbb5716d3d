// Rates of octets: exact whatever the rate and the packets' lengths.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <random>

#include "dataplane/core/octet_clock.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kHz = 2'300'000'000;

struct Row {
  uint64_t bps;
  uint32_t shortest;
  uint32_t longest;
};

class OctetClockRates : public testing::TestWithParam<Row> {};

// A sender that always has a packet ready.
TEST_P(OctetClockRates, AreExactInTheLongRun) {
  const Row row = GetParam();
  const OctetRate rate(kHz, row.bps, 0);
  OctetClock clock;
  std::mt19937 random(1);
  std::uniform_int_distribution<uint32_t> length(row.shortest, row.longest);
  const uint64_t start = 77 * kHz;
  uint64_t now = start;
  uint64_t octets = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (!clock.IsDue(rate, now)) now = clock.Earliest(rate);
    ASSERT_TRUE(clock.IsDue(rate, now));
    const uint32_t packet = length(random);
    clock.Take(rate, packet, now);
    octets += packet;
  }
  const double seconds = static_cast<double>(clock.due - start) / kHz;
  EXPECT_NEAR(static_cast<double>(octets) * 8 / seconds / static_cast<double>(row.bps), 1, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, OctetClockRates,
                         testing::Values(Row{OctetRate::kMinBps, 40, 9000}, Row{64'000, 40, 1500},
                                         Row{20'000'000, 1500, 1500}, Row{1'000'000'000, 64, 64},
                                         Row{100'000'000'000, 64, 64},
                                         Row{400'000'000'000, 40, 1500}));

TEST(OctetClock, TheLongestPacketAtTheLowestRateFits) {
  const OctetRate rate(4'000'000'000, OctetRate::kMinBps, 0);
  OctetClock clock;
  clock.Take(rate, 65'535 + 256, 0);
  EXPECT_NEAR(static_cast<double>(clock.due) / 4e9, 65.791, 0.001);
}

TEST(OctetClock, TheBurstLeavesAtOnceAndIsSavedFromIdleTimes) {
  const OctetRate rate(kHz, 8'000'000, 5000);
  OctetClock clock;
  uint64_t now = kHz;
  const auto burst = [&] {
    int packets = 0;
    for (; clock.IsDue(rate, now); ++packets) clock.Take(rate, 1000, now);
    return packets;
  };
  EXPECT_EQ(burst(), 6) << "five thousand octets, and the packet that goes past them";
  now += kHz / 1000;
  EXPECT_EQ(burst(), 1);
  now += 100 * kHz;
  EXPECT_EQ(burst(), 6) << "no more than once";
}

// A queue that is looked at only every so often, without a burst.
TEST(OctetClock, WhatIsServedLateDoesNotLoseItsRate) {
  const OctetRate rate(kHz, 80'000'000, 0);
  constexpr uint64_t kEvery = kHz / 1000;
  const auto sent_in_a_second = [&](uint64_t late) {
    OctetClock clock;
    uint64_t octets = 0;
    for (uint64_t now = kHz; now < 2 * kHz; now += kEvery) {
      for (; clock.IsDue(rate, now); octets += 1500) clock.Take(rate, 1500, now, late);
    }
    return static_cast<double>(octets);
  };
  EXPECT_NEAR(sent_in_a_second(2 * kEvery), 1e7, 4e4);
  EXPECT_LT(sent_in_a_second(0), 0.2e7);
  OctetClock stopped;
  stopped.Take(rate, 1500, kHz, 2 * kEvery);
  EXPECT_GE(stopped.due, kHz - 2 * kEvery) << "not from the beginning of time";
}

}  // namespace
}  // namespace lns::dataplane
