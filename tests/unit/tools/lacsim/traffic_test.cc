// The generator in virtual time, with sinks that remember, refuse, lose and repeat.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "tools/lacsim/traffic.h"

namespace lns::lacsim {
namespace {

const std::vector<uint32_t> kAddresses = {0x64400001, 0, 0x64400003, 0x64400004};  // 1 is offline

struct Sent {
  uint32_t flow;
  Bytes payload;
  Instant at;
};

class RememberingSink final : public ProbeSink {
 public:
  void Send(std::span<OutgoingProbe> probes) override {
    for (OutgoingProbe& probe : probes) {
      if (refuse > 0) {
        --refuse;
        continue;
      }
      probe.sent = true;
      sent.push_back({probe.flow, Bytes(probe.payload.begin(), probe.payload.end()), now});
    }
  }
  std::vector<Sent> sent;
  int refuse = 0;
  Instant now;
};

class TrafficTest : public testing::Test {
 protected:
  static TrafficOptions Settings(uint32_t pps, Duration duration) {
    return {.up = true, .down = true, .packets_per_second = pps, .duration = duration};
  }
  // Runs to the end, delivering what was sent at once, changed by `deliver`.
  void Run(Traffic& traffic, const std::function<int(const Sent&, size_t)>& copies) {
    Instant now = Instant::FromNanoseconds(1'000'000'000);
    traffic.Start(now);
    std::array<size_t, 2> delivered{};
    for (int turn = 0; turn < 1'000'000 && !traffic.done(now); ++turn) {
      up.now = down.now = now;
      traffic.OnTimer(now);
      const std::array<RememberingSink*, 2> sinks = {&up, &down};
      for (size_t d = 0; d < 2; ++d) {
        for (; delivered[d] < sinks[d]->sent.size(); ++delivered[d]) {
          const Sent& packet = sinks[d]->sent[delivered[d]];
          for (int i = copies(packet, delivered[d]); i > 0; --i) {
            EXPECT_TRUE(traffic.OnPayload(static_cast<Direction>(d), kAddresses[packet.flow],
                                          packet.payload, now + Duration::Microseconds(50)));
          }
        }
      }
      ASSERT_GT(traffic.NextDeadline(), now - Duration::Nanoseconds(1));
      now = std::max(traffic.NextDeadline(), now + Duration::Microseconds(1));
    }
    ASSERT_TRUE(traffic.done(now));
  }
  RememberingSink up, down;
};

TEST_F(TrafficTest, OffersExactlyWhatWasAskedInBothDirections) {
  Traffic traffic(Settings(1000, Duration::Seconds(2)), kAddresses, up, down);
  Run(traffic, [](const Sent&, size_t) { return 1; });
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    const Traffic::Summary summary = traffic.summary(direction);
    EXPECT_EQ(summary.totals.offered, 2000u);
    EXPECT_EQ(summary.totals.received, 2000u);
    EXPECT_EQ(summary.slipped, 0u);
    EXPECT_NEAR(static_cast<double>(summary.sending.milliseconds()), 2000, 5);
    EXPECT_EQ(traffic.latency(direction).max(), Duration::Microseconds(50));
  }
  EXPECT_TRUE(traffic.perfect());
}

TEST_F(TrafficTest, UsesEveryOnlineSubscriberEquallyAndNoOther) {
  for (const SessionOrder order : {SessionOrder::kRoundRobin, SessionOrder::kRandom}) {
    up.sent.clear();
    down.sent.clear();
    TrafficOptions settings = Settings(900, Duration::Seconds(1));
    settings.order = order;
    Traffic traffic(settings, kAddresses, up, down);
    Run(traffic, [](const Sent&, size_t) { return 1; });
    std::map<uint32_t, int> per_flow;
    for (const Sent& packet : up.sent) ++per_flow[packet.flow];
    EXPECT_EQ(per_flow, (std::map<uint32_t, int>{{0, 300}, {2, 300}, {3, 300}}));
  }
}

TEST_F(TrafficTest, IsPaced) {
  Traffic traffic(Settings(10000, Duration::Seconds(1)), kAddresses, up, down);
  Run(traffic, [](const Sent&, size_t) { return 1; });
  std::map<int64_t, int> per_millisecond;
  for (const Sent& packet : up.sent) ++per_millisecond[packet.at.nanoseconds() / 1'000'000];
  for (const auto& [ms, count] : per_millisecond) EXPECT_LE(count, 15) << ms;
}

TEST_F(TrafficTest, WhatTheSocketRefusedIsNotOffered) {
  up.refuse = 17;
  Traffic traffic(Settings(1000, Duration::Seconds(1)), kAddresses, up, down);
  Run(traffic, [](const Sent&, size_t) { return 1; });
  const Traffic::Summary summary = traffic.summary(Direction::kUp);
  EXPECT_EQ(summary.unsent, 17u);
  EXPECT_EQ(summary.totals.offered, 983u);
  EXPECT_EQ(summary.totals.lost(), 0u);
  EXPECT_TRUE(traffic.perfect());
}

TEST_F(TrafficTest, LossAndDuplicatesInTheNetworkAreCounted) {
  Traffic traffic(Settings(1000, Duration::Seconds(1)), kAddresses, up, down);
  Run(traffic, [](const Sent&, size_t i) { return i % 100 == 7 ? 0 : i % 100 == 9 ? 2 : 1; });
  EXPECT_EQ(traffic.summary(Direction::kUp).totals.lost(), 10u);
  EXPECT_EQ(traffic.summary(Direction::kDown).totals.duplicated, 10u);
  EXPECT_FALSE(traffic.perfect());
}

TEST_F(TrafficTest, AStallIsNotMadeUpInAFlood) {
  Traffic traffic(Settings(100000, Duration::Seconds(1)), kAddresses, up, down);
  const Instant start = Instant::FromNanoseconds(1'000'000'000);
  traffic.Start(start);
  traffic.OnTimer(start + Duration::Milliseconds(300));
  EXPECT_LE(up.sent.size(), 2 * kMaxBurst);
  const Traffic::Summary summary = traffic.summary(Direction::kUp);
  EXPECT_EQ(summary.slipped + summary.totals.offered, 30001u);
}

TEST_F(TrafficTest, PacketsOfOthersDirectionsAndSizesAreCorruptAndStrangersAreLeftAlone) {
  Traffic traffic(Settings(1000, Duration::Seconds(1)), kAddresses, up, down);
  const Instant start = Instant::FromNanoseconds(1'000'000'000);
  traffic.Start(start);
  traffic.OnTimer(start + Duration::Milliseconds(1));
  ASSERT_FALSE(up.sent.empty());
  const Sent& packet = up.sent[0];
  // The right packet from a wrong address, in the wrong direction, and cut.
  EXPECT_TRUE(
      traffic.OnPayload(Direction::kUp, kAddresses[packet.flow] + 1, packet.payload, start));
  EXPECT_TRUE(traffic.OnPayload(Direction::kDown, kAddresses[packet.flow], packet.payload, start));
  EXPECT_TRUE(traffic.OnPayload(Direction::kUp, kAddresses[packet.flow],
                                ByteView(packet.payload).first(40), start));
  EXPECT_EQ(traffic.summary(Direction::kUp).totals.corrupt, 2u);
  EXPECT_EQ(traffic.summary(Direction::kDown).totals.corrupt, 1u);
  EXPECT_EQ(traffic.summary(Direction::kUp).totals.received, 0u);
  EXPECT_FALSE(traffic.OnPayload(Direction::kUp, kAddresses[0], Bytes(64, 1), start));
}

TEST(FlowOrder, RandomRoundsCoverEveryFlowAndRepeatByTheirSeed) {
  const std::vector<uint32_t> flows = {3, 5, 7, 11, 13};
  FlowOrder a(flows, SessionOrder::kRandom, 42), b(flows, SessionOrder::kRandom, 42);
  std::set<std::vector<uint32_t>> rounds;
  for (int round = 0; round < 20; ++round) {
    std::vector<uint32_t> seen;
    for (size_t i = 0; i < flows.size(); ++i) {
      seen.push_back(a.Next());
      EXPECT_EQ(seen.back(), b.Next());
    }
    rounds.insert(seen);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, flows);
  }
  EXPECT_GT(rounds.size(), 10u);
}

}  // namespace
}  // namespace lns::lacsim
