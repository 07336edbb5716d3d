// Limits of tunnels and peers in virtual time: what all sessions together may carry, by one worker
// and by two that share it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::AggregateConfig;
using dataplane::DropReason;
using dataplane::MeterConfig;

constexpr size_t kLength = 1000;       // of the inner IP packets
constexpr uint64_t kRate = 8'000'000;  // one of those each millisecond
constexpr MeterConfig kLimit{.rate_bps = kRate, .burst_bytes = 20'000};

class AggregateTest : public testing::TestWithParam<uint32_t> {
 protected:
  void Limit(uint16_t tunnel, const std::optional<AggregateConfig>& limit) {
    for (dataplane::TunnelConfig config : rig_.writer().Tunnels()) {
      if (config.local_id.value() != tunnel) continue;
      config.aggregate = limit;
      Must(rig_.writer().UpsertTunnel(config));
    }
  }
  static Bytes Up(uint16_t tunnel) {
    const bool far = tunnel == 9;
    return Packet()
        .Ethernet(kAccessMac, kLacMac)
        .Ipv4(far ? "198.51.100.12" : kLac, kLns)
        .Udp(far ? 40000 : 1701, 1701)
        .L2tp(tunnel, far ? 300 : 100)
        .Ppp(0x0021)
        .Ipv4(far ? "100.64.0.9" : "100.64.0.2", kHost)
        .Payload(kLength - 20)
        .Build();
  }
  static Bytes Down(uint16_t tunnel) {
    return Packet()
        .Ethernet(kCoreMac, kHostMac)
        .Ipv4(kHost, tunnel == 9 ? "100.64.0.9" : "100.64.0.2")
        .Payload(kLength - 20)
        .Build();
  }
  // Octets of inner packets that pass in a second of `per_ms` each millisecond.
  double Passed(uint16_t port, const std::vector<Bytes>& per_ms) {
    size_t passed = 0;
    for (int ms = 0; ms < kMilliseconds; ++ms) {
      for (const Bytes& frame : per_ms) rig_.Receive(port, frame);
      rig_.Poll();
      passed += rig_.TakeSent(port == kAccess ? kCore : kAccess).size();
      Rig::Advance(1);
    }
    return static_cast<double>(passed * kLength);
  }
  dataplane::AggregateCounts TheOne() {
    const std::vector<dataplane::AggregateCounts> list = rig_.writer().Aggregates();
    EXPECT_EQ(list.size(), 1u);
    return list.empty() ? dataplane::AggregateCounts{} : list[0];
  }

  static constexpr int kMilliseconds = 5000;
  static constexpr double kAllowed = kRate / 8.0 * kMilliseconds / 1000;

  Rig rig_{Rig::Options{.workers = GetParam()}};
};

// Session 7/100 is the first worker's, 9/300 the second's.
INSTANTIATE_TEST_SUITE_P(Workers, AggregateTest, testing::Values(1, 2));

TEST_P(AggregateTest, TunnelsOfOneNameShareARate) {
  Limit(7, {{.name = "lac", .uplink = kLimit, .downlink = kLimit}});
  Limit(9, {{.name = "lac", .uplink = kLimit, .downlink = kLimit}});
  EXPECT_NEAR(Passed(kCore, {Down(7), Down(9), Down(9)}), kAllowed, kAllowed * 0.01);
  EXPECT_NEAR(Passed(kAccess, {Up(7), Up(7), Up(9)}), kAllowed, kAllowed * 0.01);
  const dataplane::AggregateCounts counts = TheOne();
  EXPECT_EQ(counts.tunnels, 2u);
  EXPECT_EQ(counts.uplink_dropped_packets + counts.downlink_dropped_packets,
            rig_.Drops(DropReason::kAggregatePoliced));
  EXPECT_EQ(counts.uplink_dropped_bytes, counts.uplink_dropped_packets * kLength);
  EXPECT_NEAR(static_cast<double>(counts.downlink_dropped_bytes), 2 * kAllowed, kAllowed * 0.01);
}

TEST_P(AggregateTest, TheBurstIsSharedToo) {
  Limit(7, {{.name = "lac", .downlink = kLimit}});
  Limit(9, {{.name = "lac", .downlink = kLimit}});
  for (int i = 0; i < 50; ++i) {
    rig_.Receive(kCore, Down(7));
    rig_.Receive(kCore, Down(9));
  }
  rig_.Poll();
  // A quantum of each worker may lie unused.
  EXPECT_NEAR(static_cast<double>(rig_.TakeSent(kAccess).size()), 21, 2);
}

TEST_P(AggregateTest, OthersAndTheOtherDirectionAreNotConcerned) {
  Limit(7, {{.name = "lac", .downlink = kLimit}});
  EXPECT_EQ(Passed(kAccess, {Up(7), Up(7)}), 2.0 * kMilliseconds * kLength);
  EXPECT_EQ(Passed(kCore, {Down(9), Down(9)}), 2.0 * kMilliseconds * kLength);
  EXPECT_EQ(rig_.Drops(DropReason::kAggregatePoliced), 0u);
}

TEST_P(AggregateTest, OfDifferentNamesEachHasItsOwn) {
  Limit(7, {{.name = "a", .downlink = kLimit}});
  Limit(9, {{.name = "b", .downlink = kLimit}});
  EXPECT_NEAR(Passed(kCore, {Down(7), Down(7), Down(9), Down(9)}), 2 * kAllowed, kAllowed * 0.02);
  EXPECT_EQ(rig_.writer().Aggregates().size(), 2u);
}

TEST_P(AggregateTest, WhatOneDoesNotUseTheOtherHas) {
  Limit(7, {{.name = "lac", .downlink = kLimit}});
  Limit(9, {{.name = "lac", .downlink = kLimit}});
  EXPECT_NEAR(Passed(kCore, {Down(9), Down(9)}), kAllowed, kAllowed * 0.01);
  EXPECT_NEAR(Passed(kCore, {Down(7), Down(7)}), kAllowed, kAllowed * 0.01);
}

TEST_P(AggregateTest, ALimitMayChangeAndGoWhileTrafficFlows) {
  Limit(7, {{.name = "lac", .downlink = kLimit}});
  Passed(kCore, {Down(7), Down(7)});
  MeterConfig half = kLimit;
  half.rate_bps = kRate / 2;
  Limit(7, {{.name = "lac", .downlink = half}});
  EXPECT_NEAR(Passed(kCore, {Down(7), Down(7)}), kAllowed / 2, kAllowed * 0.01);
  Limit(7, std::nullopt);
  EXPECT_EQ(Passed(kCore, {Down(7), Down(7)}), 2.0 * kMilliseconds * kLength);
  // Gone with its last tunnel, once no worker goes by it.
  Must(rig_.writer().RemoveRoute(*net::IpPrefix::Parse("192.0.2.0/24"), dataplane::Origin::kApi));
  EXPECT_TRUE(rig_.writer().Aggregates().empty());
}

TEST_P(AggregateTest, SessionsThatComeLaterAreUnderItToo) {
  Limit(7, {{.name = "lac", .downlink = kLimit}});
  const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
  const dataplane::SessionConfig session = rig_.writer().Sessions({{key}}).at(0);
  Must(rig_.writer().RemoveSession(key));
  Must(rig_.writer().UpsertSession(session));
  EXPECT_NEAR(Passed(kCore, {Down(7), Down(7)}), kAllowed, kAllowed * 0.01);
}

TEST_P(AggregateTest, ALimitThatCannotBeIsRefused) {
  dataplane::TunnelConfig tunnel = rig_.writer().Tunnels().at(0);
  tunnel.aggregate = {.name = "x", .uplink = MeterConfig{.rate_bps = 7999, .burst_bytes = 1}};
  EXPECT_EQ(rig_.writer().UpsertTunnel(tunnel).code(), absl::StatusCode::kInvalidArgument);
}

// Several threads at the common clock at once: together they get the rate, and no quantum twice.
TEST(AggregateClock, IsNotOverdrawnByWorkersThatRace) {
  constexpr uint64_t kHz = 1'000'000'000;
  constexpr uint32_t kQuantum = 1000;
  dataplane::Aggregate aggregate;
  aggregate.rates[dataplane::kUp] = {.rate = dataplane::OctetRate(kHz, 8 * kHz / 1000, 0),
                                     .quantum = kQuantum};  // an octet in a microsecond
  std::array<uint64_t, 4> taken{};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < taken.size(); ++t) {
    threads.emplace_back([&aggregate, &mine = taken[t]] {
      dataplane::AggregateCredit credit;
      for (uint64_t now = 0; now < kHz / 10; now += 10'000) {
        while (dataplane::TakeFromAggregate(aggregate, dataplane::kUp, credit, 500, now)) {
          mine += 500;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t sum = 0;
  for (const uint64_t octets : taken) sum += octets;
  EXPECT_LE(sum, 100'000u + kQuantum);
  EXPECT_GE(sum, 95'000u);
}

}  // namespace
}  // namespace lns::test
