// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/core/punt_guard.h"
#include "dataplane/core/punt_policy.h"

namespace lns::dataplane {
namespace {

using punt::PuntReason;

constexpr uint64_t kSecond = 1'000'000;  // cycles
constexpr uint32_t kAccess = 0;
constexpr uint32_t kBackbone = 1;
constexpr auto kReason = static_cast<uint8_t>(PuntReason::kNewTunnel);

class PuntGuardTest : public testing::Test {
 protected:
  // How many of `count` packets of a source, spread evenly over `duration`, pass.
  int Offer(uint64_t source, int count, uint64_t duration, uint32_t group = kAccess,
            uint8_t reason = kReason) {
    int passed = 0;
    const uint64_t start = now_;
    for (int i = 0; i < count; ++i) {
      now_ = start + duration * static_cast<uint64_t>(i) / static_cast<uint64_t>(count);
      if (guard_.Judge(static_cast<uint16_t>(group), reason, source, now_) == PuntVerdict::kPass) {
        ++passed;
      }
    }
    now_ = start + duration;
    return passed;
  }
  void Limit(uint32_t group, PuntLimits limits) {
    policy_.Set(group, PuntReason::kNewTunnel, limits);
  }

  PuntPolicy policy_{{"access", "backbone"}, kSecond};
  PuntGuard guard_{&policy_};
  uint64_t now_ = 10 * kSecond;
};

TEST_F(PuntGuardTest, SourceHasItsBurstAndThenItsRate) {
  Limit(kAccess, {.group = {}, .source = {.per_second = 100, .burst = 20}});
  EXPECT_EQ(Offer(1, 50, 0), 20) << "at once";
  EXPECT_NEAR(Offer(1, 5000, 2 * kSecond), 200, 1);
  EXPECT_EQ(Offer(1, 50, kSecond), 50) << "below its rate all pass";
  now_ += kSecond;
  EXPECT_EQ(Offer(1, 50, 0), 20) << "and rest gives the burst back, no more";
}

TEST_F(PuntGuardTest, SourcesDoNotPayForEachOther) {
  Limit(kAccess, {.group = {}, .source = {.per_second = 10, .burst = 5}});
  EXPECT_EQ(Offer(1, 1000, 0), 5);
  for (uint64_t source = 2; source < 1000; ++source) EXPECT_EQ(Offer(source, 5, 0), 5) << source;
}

TEST_F(PuntGuardTest, GroupIsTheBoundOfManySources) {
  Limit(kAccess, {.group = {.per_second = 1000, .burst = 100}, .source = {}});
  int passed = 0;
  for (uint64_t i = 0; i < 100'000; ++i) passed += Offer(i * 7919, 1, kSecond / 100'000);
  EXPECT_NEAR(passed, 1100, 5);
}

TEST_F(PuntGuardTest, FloodOfOneSourceLeavesTheGroupToTheOthers) {
  Limit(kAccess,
        {.group = {.per_second = 1000, .burst = 100}, .source = {.per_second = 50, .burst = 10}});
  int others = 0;
  for (int i = 0; i < 200; ++i) {
    Offer(1, 1000, kSecond / 200);
    others += Offer(2 + static_cast<uint64_t>(i), 1, 0);
  }
  EXPECT_EQ(others, 200);
}

TEST_F(PuntGuardTest, GroupsAndReasonsAreApart) {
  Limit(kAccess, {.group = {.per_second = 0}, .source = {}});
  EXPECT_EQ(Offer(1, 10, 0), 0);
  EXPECT_EQ(Offer(1, 10, 0, kBackbone), 10);
  EXPECT_EQ(Offer(1, 10, 0, kAccess, static_cast<uint8_t>(PuntReason::kUnknownTunnel)), 10);
}

TEST_F(PuntGuardTest, ChangeHoldsForTheNextPacket) {
  Limit(kAccess, {.group = {}, .source = {.per_second = 0}});
  EXPECT_EQ(Offer(1, 10, 0), 0);
  Limit(kAccess, {});
  EXPECT_EQ(Offer(1, 10, 0), 10);
  Limit(kAccess, {.group = {}, .source = {.per_second = 10, .burst = 3}});
  EXPECT_EQ(Offer(1, 10, 0), 3);
}

TEST_F(PuntGuardTest, MoreSourcesThanItRemembersOnlyForgetTheQuietest) {
  Limit(kAccess, {.group = {}, .source = {.per_second = 1, .burst = 2}});
  EXPECT_EQ(Offer(1, 10, 0), 2);
  for (uint64_t source = 2; source < 20 * PuntGuard::kSources; ++source) Offer(source, 1, 0);
  EXPECT_LE(Offer(1, 10, 0), 2) << "at worst it starts anew";
}

TEST_F(PuntGuardTest, EverythingIsCounted) {
  Limit(kAccess,
        {.group = {.per_second = 10, .burst = 10}, .source = {.per_second = 10, .burst = 8}});
  Offer(1, 20, 0);
  Offer(2, 20, 0);
  const PuntCounters& counters = *guard_.counters(kAccess, kReason);
  EXPECT_EQ(counters.passed.value(), 10u);
  EXPECT_EQ(counters.source_refused.value(), 24u);
  EXPECT_EQ(counters.group_refused.value(), 6u);
}

TEST_F(PuntGuardTest, WithoutAPolicyEverythingPasses) {
  PuntGuard open(nullptr);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(open.Judge(0, kReason, 1, now_), PuntVerdict::kPass);
  }
  EXPECT_EQ(open.counters(0, kReason), nullptr);
}

TEST(PuntPolicy, RowsAreFoundByName) {
  const std::vector<std::string> groups = {"access", "backbone"};
  ASSERT_EQ(PuntPolicy::Rows(groups, "backbone", "new_tunnel").size(), 1u);
  EXPECT_EQ(PuntPolicy::Rows(groups, "backbone", "new_tunnel")[0].group, 1u);
  EXPECT_EQ(PuntPolicy::Rows(groups, "backbone", "new_tunnel")[0].reason, PuntReason::kNewTunnel);
  EXPECT_EQ(PuntPolicy::Rows(groups, "", "ppp_control").size(), 2u);
  EXPECT_EQ(PuntPolicy::Rows(groups, "access", "").size(), 3u) << "what is unproven";
  for (const char* reason : {"newtunnel", "new_tunnel_", "NewTunnel", "new", "none"}) {
    EXPECT_TRUE(PuntPolicy::Rows(groups, "", reason).empty()) << reason;
  }
  EXPECT_TRUE(PuntPolicy::Rows(groups, "peer", "").empty());
}

TEST(PuntPolicy, DefaultsBoundWhatIsUnprovenAndNotKnownTunnels) {
  const PuntPolicy policy({"access"}, kSecond);
  EXPECT_EQ(policy.Get(0, PuntReason::kTunnelControl), PuntLimits{});
  EXPECT_LT(policy.Get(0, PuntReason::kNewTunnel).group.per_second, 100'000u);
  EXPECT_LT(policy.Get(0, PuntReason::kPppControl).source.per_second, 10'000u);
}

}  // namespace
}  // namespace lns::dataplane
