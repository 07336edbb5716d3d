// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/kernel/route_export.h"

namespace lns::dataplane {
namespace {

using Kind = SubscriberChange::Kind;

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

// A kernel that does what it is told.
class RouteExportTest : public testing::Test {
 protected:
  void Start(const RouteExportPolicy& policy) {
    export_.emplace(policy);
    Note(Kind::kSynced, true);
  }
  void Note(Kind kind, bool is_present, const char* prefix = nullptr) {
    export_->Apply({kind, is_present, prefix != nullptr ? Prefix(prefix) : net::IpPrefix()});
  }
  void Pool(const char* prefix) { Note(Kind::kPool, true, prefix); }
  void Up(const char* prefix) { Note(Kind::kSession, true, prefix); }
  void Down(const char* prefix) { Note(Kind::kSession, false, prefix); }

  // The steps since the last time, "+prefix" or "-prefix"; additions in order of text, and so
  // removals.
  std::vector<std::string> Steps(size_t limit = 1000) {
    std::vector<std::string> steps;
    for (const RouteStep& step : export_->TakeSteps(limit)) {
      const std::string vrf =
          step.prefix.vrf == kMainVrf ? "" : std::to_string(step.prefix.vrf) + " ";
      steps.push_back((step.add ? "+" : "-") + vrf + step.prefix.prefix.ToString());
    }
    std::sort(steps.begin(), steps.end());
    return steps;
  }
  using List = std::vector<std::string>;

  std::optional<RouteExport> export_;
};

TEST_F(RouteExportTest, EachVrfHasItsOwn) {
  Start({});
  Pool("100.64.0.0/16");
  export_->Apply({Kind::kPool, true, {5, Prefix("100.64.0.0/16")}});
  export_->Apply({Kind::kSession, true, {5, Prefix("100.64.0.2/32")}});
  EXPECT_EQ(Steps(), List{"+5 100.64.0.0/16"});
  export_->Apply({Kind::kSession, true, {6, Prefix("100.64.0.2/32")}});
  EXPECT_EQ(Steps(), List{"+6 100.64.0.2/32"}) << "no pool of its VRF covers it";
  Up("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"});
  export_->Apply({Kind::kSession, false, {5, Prefix("100.64.0.2/32")}});
  EXPECT_EQ(Steps(), List{"-5 100.64.0.0/16"});
}

TEST_F(RouteExportTest, PoolIsThereWhileASessionUsesIt) {
  Start({});
  Pool("100.64.0.0/16");
  Pool("100.65.0.0/16");
  Pool("2001:db8:100::/40");
  EXPECT_EQ(Steps(), List{});
  Up("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"});
  Up("100.64.0.3/32");
  Up("2001:db8:100:1::/64");
  EXPECT_EQ(Steps(), List{"+2001:db8:100::/40"});
  Down("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{});
  Down("100.64.0.3/32");
  EXPECT_EQ(Steps(), List{"-100.64.0.0/16"});
  EXPECT_EQ(export_->installed(), 1u);
}

TEST_F(RouteExportTest, WhatChangesAndChangesBackIsNoStep) {
  Start({});
  Pool("100.64.0.0/16");
  Up("100.64.0.2/32");
  Down("100.64.0.2/32");
  Up("100.64.0.2/32");
  Down("100.64.0.2/32");
  Down("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{});
}

TEST_F(RouteExportTest, SessionsOutsideEveryPoolAreAnnouncedOneByOne) {
  Start({});
  Pool("100.64.0.0/16");
  Up("100.65.0.1/32");
  Up("2001:db8:200:10::/60");
  EXPECT_EQ(Steps(), (List{"+100.65.0.1/32", "+2001:db8:200:10::/60"}));
  Pool("100.65.0.0/24");
  EXPECT_EQ(Steps(), (List{"+100.65.0.0/24", "-100.65.0.1/32"})) << "a pool comes to be over it";
  Note(Kind::kPool, false, "100.65.0.0/24");
  EXPECT_EQ(Steps(), (List{"+100.65.0.1/32", "-100.65.0.0/24"}));
  Down("100.65.0.1/32");
  EXPECT_EQ(Steps(), List{"-100.65.0.1/32"});
}

TEST_F(RouteExportTest, PoolInAPoolIsPartOfIt) {
  Start({});
  Pool("100.64.0.0/16");
  Pool("100.64.0.77/32");
  Up("100.64.0.77/32");
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"});
  Down("100.64.0.77/32");
  EXPECT_EQ(Steps(), List{"-100.64.0.0/16"});
}

TEST_F(RouteExportTest, PoolOfOneAddressIsOneRoute) {
  Start({.hosts = SessionRoutes::kAll});
  Pool("192.0.2.7/32");
  Up("192.0.2.7/32");
  EXPECT_EQ(Steps(), List{"+192.0.2.7/32"});
  Note(Kind::kDraining, true);
  EXPECT_EQ(Steps(), List{}) << "the session is left";
  Down("192.0.2.7/32");
  EXPECT_EQ(Steps(), List{"-192.0.2.7/32"});
}

TEST_F(RouteExportTest, DrainingWithdrawsPoolsAndAnnouncesWhoIsLeft) {
  Start({});
  Pool("100.64.0.0/16");
  Pool("2001:db8:100::/40");
  Up("100.64.0.2/32");
  Up("100.64.0.3/32");
  Up("2001:db8:100:1::/64");
  Steps();
  Note(Kind::kDraining, true);
  // Additions come first: nobody is unreachable meanwhile.
  const auto steps = export_->TakeSteps(1000);
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_TRUE(steps[0].add && steps[1].add && steps[2].add);
  EXPECT_FALSE(steps[3].add || steps[4].add);
  Down("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{"-100.64.0.2/32"});
  Note(Kind::kDraining, false);
  EXPECT_EQ(Steps(), (List{"+100.64.0.0/16", "+2001:db8:100::/40", "-100.64.0.3/32",
                           "-2001:db8:100:1::/64"}));
}

TEST_F(RouteExportTest, RemovalsWaitForAllAdditions) {
  Start({});
  Pool("100.64.0.0/16");
  for (const char* host : {"100.64.0.2/32", "100.64.0.3/32", "100.64.0.4/32"}) Up(host);
  Steps();
  Note(Kind::kDraining, true);
  EXPECT_EQ(Steps(2).size(), 2u);
  const List rest = Steps(2);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[1], "-100.64.0.0/16") << "with the last addition";
  EXPECT_EQ(Steps(2), List{});
}

TEST_F(RouteExportTest, PolicyOfPools) {
  Start({.pools = PoolRoutes::kAlways, .keep_pools_when_draining = true});
  Pool("100.64.0.0/16");
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"});
  Note(Kind::kDraining, true);
  EXPECT_EQ(Steps(), List{});

  Start({.pools = PoolRoutes::kSticky});
  Pool("100.64.0.0/16");
  EXPECT_EQ(Steps(), List{});
  Up("100.64.0.2/32");
  Down("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"}) << "stays";

  Start({.pools = PoolRoutes::kNever});
  Pool("100.64.0.0/16");
  Up("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{"+100.64.0.2/32"}) << "nothing covers it";
}

TEST_F(RouteExportTest, PolicyOfSessions) {
  Start({.hosts = SessionRoutes::kAll, .prefixes = SessionRoutes::kNone});
  Pool("100.64.0.0/16");
  Up("100.64.0.2/32");
  Up("198.18.7.0/24");
  EXPECT_EQ(Steps(), (List{"+100.64.0.0/16", "+100.64.0.2/32"}));
}

TEST_F(RouteExportTest, WhatTheKernelRefusesIsTriedAgain) {
  Start({});
  Up("100.64.0.2/32");
  const auto steps = export_->TakeSteps(10);
  ASSERT_EQ(steps.size(), 1u);
  export_->Failed(steps[0]);
  EXPECT_EQ(Steps(), List{}) << "not at once";
  export_->Retry();
  EXPECT_EQ(Steps(), List{"+100.64.0.2/32"});
  export_->Retry();
  EXPECT_EQ(Steps(), List{});
}

TEST_F(RouteExportTest, RoutesOfAKilledProcessStandUntilAllIsSaid) {
  export_.emplace(RouteExportPolicy{});
  export_->Reconcile({Prefix("100.64.0.0/16"), Prefix("100.65.0.0/16")});
  Pool("100.64.0.0/16");
  EXPECT_EQ(Steps(), List{});
  Up("100.64.0.2/32");
  EXPECT_EQ(Steps(), List{}) << "it is there already";
  Up("100.66.0.2/32");
  EXPECT_EQ(Steps(), List{"+100.66.0.2/32"}) << "additions do not wait";
  Note(Kind::kSynced, true);
  EXPECT_EQ(Steps(), List{"-100.65.0.0/16"});
}

TEST_F(RouteExportTest, RouteThatSomebodyRemovedComesBack) {
  Start({});
  Pool("100.64.0.0/16");
  Up("100.64.0.2/32");
  Steps();
  export_->Reconcile({});
  EXPECT_EQ(Steps(), List{"+100.64.0.0/16"});
  export_->Reconcile({Prefix("100.64.0.0/16"), Prefix("192.0.2.0/24")});
  EXPECT_EQ(Steps(), List{"-192.0.2.0/24"}) << "and one that is not wanted goes";
}

TEST_F(RouteExportTest, EverythingIsTakenBackAtTheEnd) {
  Start({});
  Pool("100.64.0.0/16");
  Up("100.64.0.2/32");
  Up("2001:db8:200:10::/60");
  Steps();
  export_->WithdrawAll();
  EXPECT_EQ(Steps(), (List{"-100.64.0.0/16", "-2001:db8:200:10::/60"}));
  EXPECT_EQ(export_->installed(), 0u);
}

}  // namespace
}  // namespace lns::dataplane
