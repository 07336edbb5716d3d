// Users who log in while online already, by policy.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;
using controlplane::DuplicateUserPolicy;

constexpr Duration kSoon = Duration::Seconds(5);

class DuplicateUsers : public testing::Test {
 protected:
  void Start(DuplicateUserPolicy policy) {
    settings_.engine.duplicate_users = policy;
    world_ = std::make_unique<World>(settings_);
    lac_ = &world_->AddLac();
    lac_->Open(world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
  }
  FakeLac::Call& Dial(const char* user) {
    FakeLac::Call& call = lac_->Place({.user_name = user, .password = "secret"}, {}, world_->now());
    world_->RunFor(Duration::Seconds(2));
    return call;
  }
  void TearDown() override { EXPECT_EQ(world_->violation(), ""); }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
};

TEST_F(DuplicateUsers, AllowedTheyStayBoth) {
  Start(DuplicateUserPolicy::kAllow);
  const auto& first = Dial("alice");
  const auto& second = Dial("alice");
  EXPECT_EQ(first.state, CallState::kOnline);
  EXPECT_EQ(second.state, CallState::kOnline);
}

TEST_F(DuplicateUsers, ReplacedTheOlderEndsAndItsAddressIsFree) {
  settings_.users[0].service.ipv4_address = *net::IpAddress::Parse("100.64.0.50");
  Start(DuplicateUserPolicy::kReplace);
  const auto& first = Dial("alice");
  ASSERT_EQ(first.state, CallState::kOnline);
  const auto& second = Dial("alice");
  EXPECT_EQ(first.state, CallState::kEnded);
  EXPECT_EQ(first.closed->result, 3);
  EXPECT_EQ(second.state, CallState::kOnline);
  EXPECT_EQ(net::IpAddress::V4(second.address).ToString(), "100.64.0.50");
  EXPECT_EQ(world_->Counter("lns.user-replaced"), 1u);
  const auto& third = Dial("alice");
  EXPECT_EQ(second.state, CallState::kEnded);
  EXPECT_EQ(third.state, CallState::kOnline);
}

TEST_F(DuplicateUsers, DeniedTheNewerIsRefusedUntilTheOlderIsGone) {
  Start(DuplicateUserPolicy::kDeny);
  auto& first = Dial("alice");
  const auto& second = Dial("alice");
  EXPECT_EQ(first.state, CallState::kOnline);
  EXPECT_EQ(second.state, CallState::kEnded);
  EXPECT_EQ(second.closed->result, 3);
  EXPECT_EQ(Dial("bob").state, CallState::kOnline);
  lac_->Hangup(first, world_->now());
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(Dial("alice").state, CallState::kOnline);
  EXPECT_EQ(world_->Counter("lns.user-denied"), 1u);
}

using UserTerms = DuplicateUsers;

TEST_F(UserTerms, TheDataPlaneHearsOfRatesAndOfOurNameOnTheLink) {
  settings_.users[0].service.rate_up_bps = 8'000'000;
  settings_.users[0].service.rate_down_bps = 64'000'000;
  settings_.users[0].service.burst_down_bytes = 50'000;
  settings_.engine.clamp_mss = true;
  Start(DuplicateUserPolicy::kAllow);
  ASSERT_EQ(Dial("alice").state, CallState::kOnline);
  ASSERT_EQ(world_->dataplane().sessions().size(), 1u);
  const controlplane::SessionEntry limited = world_->dataplane().sessions().begin()->second;
  EXPECT_EQ(limited.uplink_meter, (controlplane::MeterEntry{.rate_bps = 8'000'000}));
  EXPECT_EQ(limited.downlink_meter,
            (controlplane::MeterEntry{.rate_bps = 64'000'000, .burst_octets = 50'000}));
  EXPECT_TRUE(limited.clamp_mss);
  EXPECT_TRUE(limited.gateway.is_v4());
  EXPECT_NE(limited.gateway, limited.prefixes.at(0).address);
  ASSERT_EQ(Dial("bob").state, CallState::kOnline);
  size_t unlimited = 0;
  for (const auto& [key, entry] : world_->dataplane().sessions()) {
    if (!entry.uplink_meter && !entry.downlink_meter) ++unlimited;
  }
  EXPECT_EQ(unlimited, 1u);
}

}  // namespace
}  // namespace lns::test
