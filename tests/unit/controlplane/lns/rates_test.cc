// Rates of services and peers as the data plane is told them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "controlplane/lns/rates.h"

namespace lns::controlplane {
namespace {

SessionEntry EntryOf(const ServiceProfile& service, const RateSettings& settings = {}) {
  SessionEntry entry;
  AppendRates(service, settings, entry);
  return entry;
}

TEST(Rates, NoRateIsNoLimit) {
  const SessionEntry entry = EntryOf({}, {.shape_down = true, .overhead = 20});
  EXPECT_FALSE(entry.uplink_meter);
  EXPECT_FALSE(entry.downlink_meter);
  EXPECT_FALSE(entry.downlink_shaper);
}

TEST(Rates, AreMetersUnlessWhatIsSentIsShaped) {
  ServiceProfile service{.rate_up_bps = 1'000'000,
                         .rate_down_bps = 2'000'000,
                         .burst_up_bytes = 3000,
                         .burst_down_bytes = 4000,
                         .shape_queue_bytes = 5000};
  const MeterEntry up{.rate_bps = 1'000'000, .burst_octets = 3000};
  const MeterEntry down{.rate_bps = 2'000'000, .burst_octets = 4000};
  EXPECT_EQ(EntryOf(service).uplink_meter, up);
  EXPECT_EQ(EntryOf(service).downlink_meter, down);
  EXPECT_FALSE(EntryOf(service).downlink_shaper);

  service.shape_down = true;
  EXPECT_EQ(EntryOf(service).uplink_meter, up);
  EXPECT_FALSE(EntryOf(service).downlink_meter);
  EXPECT_EQ(EntryOf(service).downlink_shaper,
            (ShaperEntry{.rate_bps = 2'000'000, .burst_octets = 4000, .queue_octets = 5000}));
}

TEST(Rates, TheConfigurationHoldsWhereTheServiceSaysNothing) {
  ServiceProfile service{.rate_up_bps = 1'000'000, .rate_down_bps = 2'000'000};
  const RateSettings settings{.shape_down = true, .overhead = 38};
  EXPECT_EQ(EntryOf(service, settings).uplink_meter->overhead, 38);
  EXPECT_EQ(EntryOf(service, settings).downlink_shaper->overhead, 38);
  service.shape_down = false;
  service.rate_overhead = int16_t{-5};
  EXPECT_FALSE(EntryOf(service, settings).downlink_shaper);
  EXPECT_EQ(EntryOf(service, settings).downlink_meter->overhead, -5);
}

TEST(Rates, ACrawlIsPoliced) {
  const ServiceProfile service{.rate_down_bps = 7999, .shape_down = true};
  EXPECT_FALSE(EntryOf(service).downlink_shaper);
  EXPECT_EQ(EntryOf(service).downlink_meter->rate_bps, 7999u);
}

TEST(Rates, TunnelsOfAPeerShareItsLimitOrHaveOneEach) {
  AggregateLimit limit{.rate_down_bps = 8'000'000, .burst_down_bytes = 20'000, .overhead = 4};
  const l2tp::LocalTunnelId one(7);
  const l2tp::LocalTunnelId other(8);
  const AggregateEntry entry = AggregateOf(limit, "lac", one);
  EXPECT_EQ(entry.name, "lac");
  EXPECT_FALSE(entry.uplink);
  EXPECT_EQ(entry.downlink,
            (MeterEntry{.rate_bps = 8'000'000, .burst_octets = 20'000, .overhead = 4}));
  EXPECT_EQ(AggregateOf(limit, "lac", other), entry);
  limit.per_tunnel = true;
  EXPECT_NE(AggregateOf(limit, "lac", one).name, AggregateOf(limit, "lac", other).name);
}

}  // namespace
}  // namespace lns::controlplane
