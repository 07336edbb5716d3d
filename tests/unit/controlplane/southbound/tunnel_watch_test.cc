// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "controlplane/southbound/tunnel_watch.h"

namespace lns::controlplane {
namespace {

using Ids = std::vector<l2tp::LocalTunnelId>;

dataplane::v1::ReadTunnelTrafficReply Reading(uint64_t generation,
                                              std::vector<std::pair<uint32_t, uint64_t>> tunnels) {
  dataplane::v1::ReadTunnelTrafficReply reading;
  reading.set_generation(generation);
  for (const auto& [id, packets] : tunnels) {
    dataplane::v1::TunnelTraffic& tunnel = *reading.add_tunnels();
    tunnel.set_local_tunnel_id(id);
    tunnel.set_uplink_packets(packets);
  }
  return reading;
}

TEST(TunnelGrowth, ATunnelThatCarriedMoreHasGrown) {
  TunnelGrowth growth;
  EXPECT_EQ(growth.Take(Reading(1, {{7, 100}, {8, 100}})), Ids{}) << "since when is not known";
  EXPECT_EQ(growth.Take(Reading(1, {{7, 101}, {8, 100}})), Ids{l2tp::LocalTunnelId(7)});
  EXPECT_EQ(growth.Take(Reading(1, {{7, 101}, {8, 100}})), Ids{});
}

TEST(TunnelGrowth, ANewTunnelHasGrownWhenItCarriesAnything) {
  TunnelGrowth growth;
  growth.Take(Reading(1, {}));
  EXPECT_EQ(growth.Take(Reading(1, {{7, 0}, {8, 1}})), Ids{l2tp::LocalTunnelId(8)});
}

// A session that ends takes its count with it.
TEST(TunnelGrowth, WhatHasFallenSaysNothing) {
  TunnelGrowth growth;
  growth.Take(Reading(1, {{7, 100}}));
  EXPECT_EQ(growth.Take(Reading(1, {{7, 10}})), Ids{});
  EXPECT_EQ(growth.Take(Reading(1, {{7, 11}})), Ids{l2tp::LocalTunnelId(7)});
}

TEST(TunnelGrowth, AnotherDataPlaneCountsFromZero) {
  TunnelGrowth growth;
  growth.Take(Reading(1, {{7, 100}}));
  EXPECT_EQ(growth.Take(Reading(2, {{7, 500}})), Ids{});
  EXPECT_EQ(growth.Take(Reading(2, {{7, 501}})), Ids{l2tp::LocalTunnelId(7)});
}

TEST(TunnelWatch, AsksAFewTimesInTheShortestHelloInterval) {
  PeerProfile slow;
  slow.tunnel.hello_interval = Duration::Seconds(60);
  PeerProfile fast;
  fast.tunnel.hello_interval = Duration::Seconds(20);
  EXPECT_EQ(TunnelWatch::IntervalFor({slow}), Duration::Seconds(15));
  EXPECT_EQ(TunnelWatch::IntervalFor({slow, fast}), Duration::Seconds(5));
  fast.tunnel.hello_interval = Duration::Seconds(1);
  EXPECT_EQ(TunnelWatch::IntervalFor({fast, slow}), TunnelWatch::kMinInterval);
  slow.tunnel.hello_interval = Duration::Seconds(3600);
  EXPECT_EQ(TunnelWatch::IntervalFor({slow}), TunnelWatch::kMaxInterval);
}

TEST(TunnelWatch, NobodyNeedsItWithoutHelloOrWhereDataIsNoSignOfLife) {
  EXPECT_EQ(TunnelWatch::IntervalFor({}), Duration());
  PeerProfile strict;
  strict.tunnel.data_is_life = false;
  PeerProfile without;
  without.tunnel.hello_interval = Duration();
  EXPECT_EQ(TunnelWatch::IntervalFor({strict, without}), Duration());
}

}  // namespace
}  // namespace lns::controlplane
