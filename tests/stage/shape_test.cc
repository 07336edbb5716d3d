// Shapers in virtual time, as a worker runs them: rates, queues and their bounds, who goes first,
// drops of a queue that stands, sessions that go or change while packets wait.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::ShaperConfig;

constexpr size_t kLength = 1000;       // of most packets to the subscriber
constexpr uint64_t kRate = 8'000'000;  // one of those each millisecond
constexpr ShaperConfig kShaper{.rate_bps = kRate, .burst_bytes = 2000, .queue_bytes = 100'000};

// What leaves for the LAC begins with the outer headers; inside is IP over an uncompressed PPP.
constexpr size_t kInner = 14 + 20 + 8 + 6 + 4;

// A packet to a subscriber; its number is in the IPv4 header.
Packet To(std::string_view subscriber, uint16_t number = 0) {
  return Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, subscriber).Id(number);
}
Bytes Bulk(std::string_view subscriber, uint16_t number = 0, size_t length = kLength) {
  return To(subscriber, number).Payload(length - 20).Build();
}
Bytes Ping(std::string_view subscriber, uint16_t number) {
  return To(subscriber, number).Protocol(1).Payload(64).Build();
}
uint16_t NumberOf(const Bytes& frame) { return LoadBe16(frame.data() + kInner + 4); }

class ShapeTest : public testing::Test {
 protected:
  static constexpr const char* kOne = "100.64.0.2";    // session 7/100
  static constexpr const char* kOther = "100.64.0.4";  // session 7/102
  static constexpr const char* kFar = "100.64.0.9";    // session 9/300

  explicit ShapeTest(const Rig::Options& options = {}) : rig_(options) {}

  dataplane::SessionConfig Config(uint16_t session = 100, uint16_t tunnel = 7) {
    const dataplane::SessionKey key{l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(session)};
    return rig_.writer().Sessions({{key}}).at(0);
  }
  void SetShaper(const std::optional<ShaperConfig>& shaper, uint16_t session = 100,
                 uint16_t tunnel = 7) {
    dataplane::SessionConfig config = Config(session, tunnel);
    config.downlink_shaper = shaper;
    Must(rig_.writer().UpsertSession(config));
  }
  // All at once. What leaves for LACs now.
  std::vector<Bytes> Receive(const std::vector<Bytes>& frames) {
    for (const Bytes& frame : frames) rig_.Receive(kCore, frame);
    rig_.Poll();
    return rig_.TakeSent(kAccess);
  }
  std::vector<Bytes> Wait(uint64_t milliseconds) {
    std::vector<Bytes> sent;
    for (uint64_t ms = 0; ms < milliseconds; ++ms) {
      Rig::Advance(1);
      rig_.Poll();
      for (Bytes& frame : rig_.TakeSent(kAccess)) sent.push_back(std::move(frame));
    }
    return sent;
  }
  static std::vector<uint16_t> Numbers(const std::vector<Bytes>& frames) {
    std::vector<uint16_t> numbers;
    for (const Bytes& frame : frames) numbers.push_back(NumberOf(frame));
    return numbers;
  }
  // Bulk packets to a session that is at its rate, numbered from `first` on.
  static std::vector<Bytes> Train(std::string_view subscriber, uint16_t first, uint16_t count) {
    std::vector<Bytes> frames;
    for (uint16_t i = 0; i < count; ++i) {
      frames.push_back(Bulk(subscriber, static_cast<uint16_t>(first + i)));
    }
    return frames;
  }
  uint32_t Waiting() { return rig_.Held(); }
  uint64_t Dropped() const {
    uint64_t sum = 0;
    for (const DropReason reason : {DropReason::kShaperDelayed, DropReason::kShaperQueueFull,
                                    DropReason::kShaperFull, DropReason::kShaperSessionGone}) {
      sum += rig_.Drops(reason);
    }
    return sum;
  }

  Rig rig_;
};

TEST_F(ShapeTest, TwiceTheRateIsDeliveredAtTheRate) {
  constexpr uint64_t kSeconds = 10;
  SetShaper(kShaper);
  const uint32_t buffers = rig_.BuffersInUse();
  uint64_t octets = 0;
  uint64_t offered = 0;
  uint64_t delivered = 0;
  for (uint64_t ms = 0; ms < kSeconds * 1000; ++ms) {
    // Long and short ones.
    std::vector<Bytes> frames = {Bulk(kOne, 0, 1400), Bulk(kOne, 0, 400), Bulk(kOne, 0, 200)};
    offered += frames.size();
    for (const Bytes& frame : Receive(frames)) octets += frame.size() - kInner, ++delivered;
    Rig::Advance(1);
  }
  EXPECT_NEAR(static_cast<double>(octets * 8), kRate * kSeconds, kRate * kSeconds * 0.01);
  const dataplane::SessionCounts counts = rig_.Counts(7, 100);
  EXPECT_EQ(counts.downlink_packets, delivered) << "only what was sent counts";
  EXPECT_EQ(counts.downlink_bytes, octets);
  EXPECT_EQ(counts.shaper_queued_packets, Waiting());
  EXPECT_GT(counts.shaper_queued_bytes, 0u);
  EXPECT_EQ(counts.shaper_dropped_packets, Dropped());
  EXPECT_EQ(offered, delivered + Waiting() + Dropped());
  Wait(1000);
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(rig_.Counts(7, 100).shaper_queued_packets, 0u);
  EXPECT_EQ(rig_.BuffersInUse(), buffers);
}

TEST_F(ShapeTest, BelowItsRateNothingWaits) {
  SetShaper(kShaper);
  for (int ms = 0; ms < 2000; ++ms) {
    ASSERT_EQ(Receive({Bulk(kOne)}).size(), 1u) << ms;
    Rig::Advance(1);
  }
  EXPECT_EQ(Dropped(), 0u);
}

// What TCP sends below the rate comes in trains.
TEST_F(ShapeTest, TrainsBelowTheRateLoseNothingAndKeepTheirOrder) {
  SetShaper(kShaper);
  uint16_t expected = 0;
  for (uint16_t round = 0; round < 50; ++round) {
    std::vector<Bytes> sent = Receive(Train(kOne, static_cast<uint16_t>(round * 40), 40));
    for (Bytes& frame : Wait(45)) sent.push_back(std::move(frame));
    for (const uint16_t number : Numbers(sent)) ASSERT_EQ(number, expected++);
  }
  EXPECT_EQ(expected, 50 * 40);
  EXPECT_EQ(Dropped(), 0u);
}

TEST_F(ShapeTest, WhatIsAroundAPacketMayBeCounted) {
  ShaperConfig shaper = kShaper;
  shaper.overhead_bytes = 250;
  SetShaper(shaper);
  Receive(Train(kOne, 0, 60));
  EXPECT_EQ(Wait(40).size(), 32u) << "1250 octets each";
}

TEST_F(ShapeTest, ALongQueueIsCutOffByNameAndLeavesInOrder) {
  SetShaper(kShaper);
  std::vector<Bytes> sent = Receive(Train(kOne, 0, 150));
  EXPECT_EQ(sent.size(), 3u) << "the burst, and the packet that goes past it";
  EXPECT_EQ(Waiting(), 100u);
  EXPECT_EQ(rig_.Drops(DropReason::kShaperQueueFull), 47u);
  EXPECT_EQ(rig_.Counts(7, 100).shaper_queued_bytes, 100'000u);
  EXPECT_EQ(rig_.Counts(7, 100).shaper_dropped_bytes, 47'000u);
  for (Bytes& frame : Wait(90)) sent.push_back(std::move(frame));
  const std::vector<uint16_t> numbers = Numbers(sent);
  ASSERT_EQ(numbers.size(), 93u) << "a packet each millisecond";
  for (uint16_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i);
}

TEST_F(ShapeTest, APingOvertakesADownload) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 90));
  ASSERT_EQ(Waiting(), 87u);
  EXPECT_TRUE(Receive({Ping(kOne, 1000), Ping(kOne, 1001)}).empty());
  const std::vector<uint16_t> numbers = Numbers(Wait(4));
  ASSERT_GE(numbers.size(), 3u);
  EXPECT_EQ(numbers[0], 1000);
  EXPECT_EQ(numbers[1], 1001);
  EXPECT_EQ(numbers[2], 3) << "and the others go on";
}

TEST_F(ShapeTest, UrgentPacketsHaveABoundOfTheirOwn) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 110));
  const uint64_t full = rig_.Drops(DropReason::kShaperQueueFull);
  ASSERT_GT(full, 0u);
  EXPECT_EQ(Waiting(), 100u);
  std::vector<Bytes> pings;
  for (uint16_t i = 0; i < 400; ++i) pings.push_back(Ping(kOne, i));
  Receive(pings);
  const uint32_t urgent = Waiting() - 100;
  EXPECT_EQ(urgent, 25'000u / 84) << "of 84 octets each";
  EXPECT_EQ(rig_.Drops(DropReason::kShaperQueueFull), full + 400 - urgent);
}

TEST_F(ShapeTest, ControlOfTheLinkDoesNotWait) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 50));
  punt::FrameHeader header{};
  header.kind = punt::FrameKind::kPpp;
  header.local_tunnel_id = 7;
  header.local_session_id = 100;
  rig_.InjectFrame(0, header, Bytes{0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0});
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kAccess).size(), 1u);
}

// Each has its own rate, whatever the others ask for.
TEST_F(ShapeTest, SessionsAreKeptApart) {
  SetShaper(kShaper);
  ShaperConfig half = kShaper;
  half.rate_bps = kRate / 2;
  SetShaper(half, 300, 9);
  std::map<size_t, uint64_t> octets;  // by the tunnel's UDP port
  uint64_t unshaped = 0;
  for (int ms = 0; ms < 4000; ++ms) {
    std::vector<Bytes> frames;
    for (int i = 0; i < 8; ++i) frames.push_back(Bulk(kOne));  // eight times its rate
    frames.push_back(Bulk(kFar));                              // twice
    frames.push_back(To(kOther).Payload(480).Build());
    for (const Bytes& frame : Receive(frames)) {
      if (frame.size() < 900) {
        ++unshaped;
      } else {
        octets[LoadBe16(frame.data() + 36)] += kLength;
      }
    }
    Rig::Advance(1);
  }
  EXPECT_NEAR(static_cast<double>(octets[1701]), 4e6, 4e4);
  EXPECT_NEAR(static_cast<double>(octets[40000]), 2e6, 2e4);
  EXPECT_EQ(unshaped, 4000u);
}

// RFC 8289: a sender that stays a little above the rate makes a queue that stands; CoDel cuts it.
TEST_F(ShapeTest, AQueueThatStandsIsThinnedOut) {
  ShaperConfig shaper = kShaper;
  shaper.queue_bytes = 1'000'000;
  SetShaper(shaper);
  uint64_t longest_late = 0;
  for (uint16_t ms = 0; ms < 10'000; ++ms) {
    std::vector<Bytes> frames = {Bulk(kOne)};
    if (ms % 20 == 0) frames.push_back(Bulk(kOne));  // five in a hundred too many
    Receive(frames);
    if (ms > 5000) longest_late = std::max<uint64_t>(longest_late, Waiting());
    Rig::Advance(1);
  }
  EXPECT_GT(rig_.Drops(DropReason::kShaperDelayed), 300u);
  EXPECT_EQ(rig_.Drops(DropReason::kShaperQueueFull), 0u);
  // Without it, 500 packets would wait.
  EXPECT_LT(longest_late, 150u);
}

TEST_F(ShapeTest, ASessionThatIsGoneLeavesNothingBehind) {
  SetShaper(kShaper);
  const uint32_t buffers = rig_.BuffersInUse();
  Receive(Train(kOne, 0, 90));
  ASSERT_EQ(Waiting(), 87u);
  Must(rig_.writer().RemoveSession(
      {.tunnel = l2tp::LocalTunnelId(7), .session = l2tp::LocalSessionId(100)}));
  EXPECT_TRUE(Wait(10).empty());
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(rig_.Drops(DropReason::kShaperSessionGone), 87u);
  EXPECT_EQ(rig_.BuffersInUse(), buffers);
}

TEST_F(ShapeTest, ANetworkProtocolThatClosesTakesItsPacketsAlong) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 50));
  dataplane::SessionConfig closed = Config();
  closed.ipv4_open = false;
  Must(rig_.writer().UpsertSession(closed));
  EXPECT_TRUE(Wait(50).empty());
  EXPECT_EQ(rig_.Drops(DropReason::kShaperSessionGone), 47u);
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(ShapeTest, ARateThatChangesHoldsForWhatWaits) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 90));
  ShaperConfig faster = kShaper;
  faster.rate_bps = 4 * kRate;
  SetShaper(faster);
  const std::vector<uint16_t> numbers = Numbers(Wait(15));
  EXPECT_NEAR(static_cast<double>(numbers.size()), 60, 6);
  for (uint16_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i + 3);
  EXPECT_EQ(rig_.Counts(7, 100).shaper_queued_packets, Waiting());
}

TEST_F(ShapeTest, AShaperThatIsTakenAwayHoldsNothingUp) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 90));
  SetShaper(std::nullopt);
  EXPECT_EQ(Wait(2).size(), 87u);
  EXPECT_EQ(Receive(Train(kOne, 0, 50)).size(), 50u);
  EXPECT_EQ(Dropped(), 0u);
  EXPECT_EQ(Config().downlink_shaper, std::nullopt);
}

// Numbers (RFC 2661 5.4) are given when packets leave, whoever overtook whom.
TEST_F(ShapeTest, DataSequencingCountsWhatLeaves) {
  SetShaper(kShaper, 103);
  std::vector<Bytes> sent = Receive(Train("100.64.0.5", 0, 20));
  Receive({Ping("100.64.0.5", 1000)});
  for (Bytes& frame : Wait(30)) sent.push_back(std::move(frame));
  ASSERT_EQ(sent.size(), 21u);
  for (uint16_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(LoadBe16(sent[i].data() + 14 + 20 + 8 + 6), i);
  }
}

TEST_F(ShapeTest, SessionsWithoutAShaperDoNotMeetTheStage) {
  Receive(Train(kOne, 0, 50));
  const auto& stages = rig_.worker(0).counters().stages;
  EXPECT_EQ(stages[static_cast<size_t>(dataplane::StageId::kShape)].packets.value(), 0u);
}

TEST_F(ShapeTest, PacketsThatStillWaitAtTheEndAreFreed) {
  const uint32_t buffers = rig_.BuffersInUse();
  {
    Rig rig({});
    dataplane::SessionConfig config = Config();
    config.downlink_shaper = kShaper;
    Must(rig.writer().UpsertSession(config));
    for (const Bytes& frame : Train(kOne, 0, 90)) rig.Receive(kCore, frame);
    rig.Poll();
  }
  EXPECT_EQ(rig_.BuffersInUse(), buffers);
}

class SmallShapeTest : public ShapeTest {
 protected:
  SmallShapeTest() : ShapeTest({.backlog_packets = 64}) {}
};

TEST_F(SmallShapeTest, AWorkerKeepsSoManyAndThenUrgentOnesAlone) {
  SetShaper(kShaper);
  Receive(Train(kOne, 0, 90));
  EXPECT_EQ(Waiting(), 60u);
  EXPECT_EQ(rig_.Drops(DropReason::kShaperFull), 27u);
  Receive({Ping(kOne, 1), Ping(kOne, 2), Ping(kOne, 3), Ping(kOne, 4), Ping(kOne, 5)});
  EXPECT_EQ(Waiting(), 64u);
  EXPECT_EQ(rig_.Drops(DropReason::kShaperFull), 28u);
  EXPECT_EQ(Numbers(Wait(2))[0], 1);
}

class TwoWorkersShapeTest : public ShapeTest {
 protected:
  TwoWorkersShapeTest() : ShapeTest({.workers = 2}) {}
};

TEST_F(TwoWorkersShapeTest, EachOwnerShapesItsOwnInOrder) {
  SetShaper(kShaper);
  SetShaper(kShaper, 300, 9);
  std::map<size_t, std::vector<uint16_t>> numbers;
  uint16_t next = 0;
  const auto note = [&](const std::vector<Bytes>& frames) {
    for (const Bytes& frame : frames) {
      numbers[LoadBe16(frame.data() + 36)].push_back(NumberOf(frame));
    }
  };
  for (int ms = 0; ms < 60; ++ms, ++next) {
    note(Receive({Bulk(kOne, next), Bulk(kFar, next)}));
    if (ms % 2 == 0) Rig::Advance(1);
  }
  note(Wait(60));
  EXPECT_EQ(rig_.worker(0).context().backlog().packets(), 0u);
  const auto& stages = rig_.worker(1).counters().stages;
  EXPECT_EQ(stages[static_cast<size_t>(dataplane::StageId::kShape)].packets.value(), 60u);
  for (const uint16_t port : {uint16_t{1701}, uint16_t{40000}}) {
    ASSERT_EQ(numbers[port].size(), 60u) << port;
    for (uint16_t i = 0; i < 60; ++i) EXPECT_EQ(numbers[port][i], i) << port;
  }
}

}  // namespace
}  // namespace lns::test
