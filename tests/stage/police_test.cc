// Policers in virtual time: at twice a session's rate, what is delivered is the rate; bursts; both
// directions on their own; changes while traffic flows.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::MeterConfig;

constexpr size_t kPacketLength = 1000;  // of the inner IP packet
constexpr uint64_t kSeconds = 10;

class PoliceTest : public testing::Test {
 protected:
  void Meter(std::optional<MeterConfig> uplink, std::optional<MeterConfig> downlink) {
    dataplane::SessionConfig session = Config();
    session.uplink_meter = uplink;
    session.downlink_meter = downlink;
    Must(rig_.writer().UpsertSession(session));
  }
  dataplane::SessionConfig Config() {
    const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
    return rig_.writer().Sessions({{key}}).at(0);
  }
  static Bytes Up(std::string_view source = "100.64.0.2", uint16_t session = 100) {
    return Packet()
        .Ethernet(kAccessMac, kLacMac)
        .Ipv4(kLac, kLns)
        .Udp(1701, 1701)
        .L2tp(7, session)
        .Ppp(0x0021)
        .Ipv4(source, kHost)
        .Payload(kPacketLength - 20)
        .Build();
  }
  static Bytes Down() {
    return Packet()
        .Ethernet(kCoreMac, kHostMac)
        .Ipv4(kHost, "100.64.0.2")
        .Payload(kPacketLength - 20)
        .Build();
  }
  // Packets that get through of `count`, all at once.
  size_t Burst(uint16_t port, const Bytes& frame, size_t count) {
    size_t passed = 0;
    for (size_t i = 0; i < count; ++i) {
      rig_.Receive(port, frame);
      if ((i + 1) % 64 == 0 || i + 1 == count) {
        rig_.Poll();
        passed += rig_.TakeSent(port == kAccess ? kCore : kAccess).size();
      }
    }
    return passed;
  }
  // The same spread over time: `per_ms` in each millisecond.
  size_t Offer(uint16_t port, const Bytes& frame, size_t per_ms, uint64_t milliseconds) {
    size_t passed = 0;
    for (uint64_t ms = 0; ms < milliseconds; ++ms) {
      passed += Burst(port, frame, per_ms);
      Rig::Advance(1);
    }
    return passed;
  }
  static uint64_t Bits(size_t packets) { return packets * kPacketLength * 8; }

  Rig rig_{Rig::Options{}};
};

constexpr uint64_t kRate = 8'000'000;  // a packet each millisecond
constexpr MeterConfig kOneRate{.rate_bps = kRate, .burst_bytes = 20'000};

TEST_F(PoliceTest, TwiceTheRateIsDeliveredAtTheRateUp) {
  Meter(kOneRate, {});
  const size_t passed = Offer(kAccess, Up(), 2, kSeconds * 1000);
  EXPECT_NEAR(static_cast<double>(Bits(passed)), kRate * kSeconds, kRate * kSeconds * 0.02);
  EXPECT_EQ(rig_.Drops(DropReason::kPoliced), 2 * kSeconds * 1000 - passed);
  const dataplane::SessionCounts counts = rig_.Counts(7, 100);
  EXPECT_EQ(counts.uplink_policed_packets, 2 * kSeconds * 1000 - passed);
  EXPECT_EQ(counts.uplink_policed_bytes, counts.uplink_policed_packets * kPacketLength);
  EXPECT_EQ(counts.downlink_policed_packets, 0u);
  EXPECT_EQ(counts.uplink_packets, passed) << "only what passed counts as traffic";
  EXPECT_EQ(counts.uplink_bytes, passed * kPacketLength);
}

// Its session has no meter, and is counted with those of its batch that have.
TEST_F(PoliceTest, ABatchIsCountedOnceWhoeverIsInIt) {
  Meter(kOneRate, {});
  for (int i = 0; i < 10; ++i) {
    rig_.Receive(kAccess, Up());
    rig_.Receive(kAccess, Up("100.64.0.4", 102));
  }
  rig_.Poll();
  EXPECT_EQ(rig_.Counts(7, 100).uplink_packets, 10u);
  EXPECT_EQ(rig_.Counts(7, 102).uplink_packets, 10u);
}

TEST_F(PoliceTest, TwiceTheRateIsDeliveredAtTheRateDown) {
  Meter({}, kOneRate);
  const size_t passed = Offer(kCore, Down(), 2, kSeconds * 1000);
  EXPECT_NEAR(static_cast<double>(Bits(passed)), kRate * kSeconds, kRate * kSeconds * 0.02);
  EXPECT_EQ(rig_.Counts(7, 100).downlink_policed_packets, 2 * kSeconds * 1000 - passed);
  EXPECT_EQ(rig_.Counts(7, 100).downlink_packets, passed) << "only what was sent counts as traffic";
}

TEST_F(PoliceTest, OfTwoRatesThePeakIsTheLimit) {
  Meter({{.rate_bps = kRate / 2,
          .burst_bytes = 5000,
          .peak_rate_bps = kRate,
          .peak_burst_bytes = 10'000}},
        {});
  const size_t passed = Offer(kAccess, Up(), 2, kSeconds * 1000);
  EXPECT_NEAR(static_cast<double>(Bits(passed)), kRate * kSeconds, kRate * kSeconds * 0.02);
}

TEST_F(PoliceTest, AtTheRateNothingIsLost) {
  Meter(kOneRate, kOneRate);
  EXPECT_EQ(Offer(kAccess, Up(), 1, 2000), 2000u);
  EXPECT_EQ(Offer(kCore, Down(), 1, 2000), 2000u);
}

TEST_F(PoliceTest, TheBurstPassesAtOnceAndComesBackWithTime) {
  Meter(kOneRate, {});
  EXPECT_EQ(Burst(kAccess, Up(), 30), 20u);
  Rig::Advance(5);
  EXPECT_NEAR(static_cast<double>(Burst(kAccess, Up(), 30)), 5, 1);
  Rig::Advance(10'000);
  EXPECT_EQ(Burst(kAccess, Up(), 30), 20u) << "no more than the bucket holds";
}

TEST_F(PoliceTest, TheExcessBurstIsSavedFromIdleTimes) {
  MeterConfig meter = kOneRate;
  meter.peak_burst_bytes = 10'000;
  Meter(meter, {});
  EXPECT_EQ(Burst(kAccess, Up(), 50), 30u);
}

TEST_F(PoliceTest, WhatIsAroundAPacketMayBeCounted) {
  MeterConfig meter = kOneRate;
  meter.overhead_bytes = 250;
  Meter(meter, {});
  EXPECT_EQ(Burst(kAccess, Up(), 30), 16u);
  meter.overhead_bytes = -64;
  Meter(meter, {});
  EXPECT_EQ(Burst(kAccess, Up(), 30), 21u);
}

TEST_F(PoliceTest, DirectionsAndOtherSessionsAreNotConcerned) {
  Meter(kOneRate, {});
  Burst(kAccess, Up(), 100);
  EXPECT_EQ(Burst(kCore, Down(), 100), 100u);
  EXPECT_EQ(Burst(kAccess, Up("100.64.0.4", 102), 100), 100u);
}

TEST_F(PoliceTest, ARateThatIsTakenAwayIsGone) {
  Meter(kOneRate, {});
  EXPECT_EQ(Burst(kAccess, Up(), 100), 20u);
  Meter({}, {});
  EXPECT_EQ(Burst(kAccess, Up(), 100), 100u);
}

TEST_F(PoliceTest, FragmentsArePolicedOnce) {
  dataplane::SessionConfig session = Config();
  session.peer_mru = 576;
  session.downlink_meter = {.rate_bps = 8, .burst_bytes = 1040};
  Must(rig_.writer().UpsertSession(session));
  // Two fragments of 572 and 448 octets with a header more: 1020.
  Rig::Options options{.answers = true};
  Rig rig(options);
  Must(rig.writer().UpsertSession(session));
  rig.Receive(kCore, Down());
  rig.Poll();
  EXPECT_EQ(rig.TakeSent(kAccess).size(), 2u);
  EXPECT_EQ(rig.Drops(DropReason::kPoliced), 0u);
}

}  // namespace
}  // namespace lns::test
