// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include "dataplane/ports/spread.h"

namespace lns::dataplane {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kUsual = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP;

DeviceOffers Card(uint64_t rss, uint16_t queues = 16) {
  return {.kind = DeviceKind::kPci, .max_queues = queues, .rss = rss};
}

TEST(SpreadTest, OneWorkerTakesOneQueueAndAsksForNothing) {
  const Spread spread = ChooseSpread(Card(kUsual | RTE_ETH_RSS_L2TPV2), PortRole::kBoth, 1);
  EXPECT_EQ(spread, (Spread{.by = SpreadBy::kSoftware, .queues = 1, .rss = 0}));
}

TEST(SpreadTest, QueuesAreAsManyAsWorkersWhereTheDeviceHasThem) {
  EXPECT_EQ(ChooseSpread(Card(kUsual), PortRole::kAccess, 4).queues, 4);
  EXPECT_EQ(ChooseSpread(Card(kUsual, 2), PortRole::kAccess, 4).queues, 2);
  EXPECT_EQ(ChooseSpread(Card(kUsual, 0), PortRole::kAccess, 4).queues, 1);
  EXPECT_EQ(ChooseSpread(Card(kUsual), PortRole::kAccess, 4, 3).queues, 3) << "as configured";
}

TEST(SpreadTest, ACardThatKnowsL2tpSpreadsBySession) {
  for (const PortRole role : {PortRole::kAccess, PortRole::kBoth}) {
    const Spread spread = ChooseSpread(Card(kUsual | RTE_ETH_RSS_L2TPV2), role, 4);
    EXPECT_EQ(spread.by, SpreadBy::kSession);
    EXPECT_EQ(spread.rss, RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_L2TPV2)
        << "no TCP, which would tear a subscriber's packets apart";
  }
  DeviceOffers by_rule = Card(kUsual);
  by_rule.l2tp_rule = true;
  EXPECT_EQ(ChooseSpread(by_rule, PortRole::kAccess, 4).by, SpreadBy::kSession);
}

TEST(SpreadTest, AnOrdinaryCardSpreadsByAddresses) {
  const Spread spread = ChooseSpread(Card(kUsual), PortRole::kAccess, 4);
  EXPECT_EQ(spread.by, SpreadBy::kAddresses);
  EXPECT_EQ(spread.rss, RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
}

TEST(SpreadTest, ACorePortSpreadsByDestinationWhereItCan) {
  const Spread spread = ChooseSpread(Card(kUsual | RTE_ETH_RSS_L3_DST_ONLY), PortRole::kCore, 4);
  EXPECT_EQ(spread.by, SpreadBy::kDestination);
  EXPECT_EQ(spread.rss, RTE_ETH_RSS_IP | RTE_ETH_RSS_L3_DST_ONLY);
  EXPECT_EQ(ChooseSpread(Card(kUsual), PortRole::kCore, 4).by, SpreadBy::kAddresses);
  // No tunnels come in there.
  const Spread knows = ChooseSpread(Card(kUsual | RTE_ETH_RSS_L2TPV2), PortRole::kCore, 4);
  EXPECT_EQ(knows.by, SpreadBy::kAddresses);
  EXPECT_EQ(knows.rss & RTE_ETH_RSS_L2TPV2, 0u);
  // Both directions come by one port: a tunnel's packets all have one destination.
  EXPECT_EQ(ChooseSpread(Card(kUsual | RTE_ETH_RSS_L3_DST_ONLY), PortRole::kBoth, 4).by,
            SpreadBy::kAddresses);
}

TEST(SpreadTest, WithoutACardItIsSoftware) {
  EXPECT_EQ(ChooseSpread(Card(0), PortRole::kBoth, 4),
            (Spread{.by = SpreadBy::kSoftware, .queues = 4, .rss = 0}));
  for (const DeviceKind kind : {DeviceKind::kVdev, DeviceKind::kAfXdp}) {
    DeviceOffers offers = Card(kUsual | RTE_ETH_RSS_L2TPV2);
    offers.kind = kind;
    EXPECT_EQ(ChooseSpread(offers, PortRole::kBoth, 4).by, SpreadBy::kSoftware);
  }
}

TEST(SpreadTest, OffersHaveNames) {
  EXPECT_THAT(OfferNames(Card(0)), IsEmpty());
  EXPECT_THAT(OfferNames(Card(RTE_ETH_RSS_TCP)), IsEmpty()) << "of no use here";
  DeviceOffers all = Card(kUsual | RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L2TPV2);
  all.l2tp_rule = true;
  EXPECT_THAT(OfferNames(all), ElementsAre("rss-ip", "rss-udp", "rss-destination-only",
                                           "rss-l2tpv2", "flow-l2tpv2"));
}

}  // namespace
}  // namespace lns::dataplane
