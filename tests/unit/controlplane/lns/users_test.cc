// Users who log in while online already, by policy.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

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

TEST_F(DuplicateUsers, CountedTheyStayBothAndAreCounted) {
  Start(DuplicateUserPolicy::kCount);
  auto& first = Dial("alice");
  EXPECT_EQ(world_->Counter("lns.user-duplicated"), 0u);
  EXPECT_EQ(Dial("alice").state, CallState::kOnline);
  EXPECT_EQ(first.state, CallState::kOnline);
  EXPECT_EQ(world_->Counter("lns.user-duplicated"), 1u);
  // The first one's name is the second's as well.
  lac_->Hangup(first, world_->now());
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(Dial("bob").state, CallState::kOnline);
  EXPECT_EQ(world_->Counter("lns.user-duplicated"), 1u);
  EXPECT_EQ(Dial("alice").state, CallState::kOnline);
  EXPECT_EQ(world_->Counter("lns.user-duplicated"), 2u);
}

TEST_F(DuplicateUsers, AUserHasAsManySessionsAsConfigured) {
  settings_.engine.sessions_per_user = 2;
  Start(DuplicateUserPolicy::kDeny);
  auto& first = Dial("alice");
  auto& second = Dial("alice");
  EXPECT_EQ(Dial("alice").state, CallState::kEnded);
  EXPECT_EQ(first.state, CallState::kOnline);
  EXPECT_EQ(second.state, CallState::kOnline);
  lac_->Hangup(first, world_->now());
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(Dial("alice").state, CallState::kOnline);
  EXPECT_EQ(Dial("alice").state, CallState::kEnded);
  EXPECT_EQ(world_->Counter("lns.user-denied"), 2u);
}

TEST_F(DuplicateUsers, AaasLimitGoesBeforeAndTheOldestEnds) {
  settings_.users[0].service.max_sessions = 3;
  Start(DuplicateUserPolicy::kReplace);
  const auto& first = Dial("alice");
  const auto& second = Dial("alice");
  const auto& third = Dial("alice");
  EXPECT_EQ(first.state, CallState::kOnline);
  const auto& fourth = Dial("alice");
  EXPECT_EQ(first.state, CallState::kEnded);
  for (const auto* call : {&second, &third, &fourth}) EXPECT_EQ(call->state, CallState::kOnline);
  // The other has the configuration's.
  const auto& bob = Dial("bob");
  EXPECT_EQ(Dial("bob").state, CallState::kOnline);
  EXPECT_EQ(bob.state, CallState::kEnded);
  EXPECT_EQ(world_->Counter("lns.user-replaced"), 2u);
}

// Addresses and prefixes stay with the users when the control plane starts anew, however it ended.
TEST(LeasesOverRestarts, UsersHaveWhatTheyHadBefore) {
  WorldSettings settings = PlainWorld();
  settings.engine.ppp.ipv6 = true;
  settings.engine.pools.push_back(
      {.name = "links", .prefix = *net::IpPrefix::Parse("2001:db8:1::/48")});
  std::vector<controlplane::RememberedLease> remembered;
  const auto run = [&](std::vector<const char*> users, bool hangs_up) {
    World world(settings);
    world.engine().RememberLeases(remembered);
    FakeLac& lac = world.AddLac();
    lac.Open(world.now());
    EXPECT_TRUE(world.RunUntil([&] { return lac.established(); }, kSoon));
    std::map<std::string, std::string> has;
    for (const char* user : users) {
      auto& call = lac.Place({.user_name = user, .password = "secret"}, {}, world.now());
      world.RunFor(Duration::Seconds(2));
      EXPECT_EQ(call.state, CallState::kOnline);
      const auto sessions = world.engine().Sessions();
      for (const auto& session : sessions) {
        if (session.user_name != user) continue;
        has[user] = session.ipv4_address.ToString();
        if (!session.ipv6_prefixes.empty()) has[user] += " " + session.ipv6_prefixes[0].ToString();
      }
      if (hangs_up) lac.Terminate(call, world.now());
    }
    world.RunFor(Duration::Seconds(1));
    std::vector<controlplane::RememberedLease> changes;
    world.engine().TakeRememberedLeases(changes);
    // What the file would say: the latest of each, and the latest first.
    for (const auto& change : changes) {
      std::erase_if(remembered, [&](const auto& old) { return old.unit == change.unit; });
      remembered.insert(remembered.begin(), change);
    }
    EXPECT_EQ(world.violation(), "");
    return has;
  };
  const auto first = run({"alice", "bob"}, /*hangs_up=*/true);
  EXPECT_EQ(first.at("alice"), "100.64.0.2 2001:db8:1::/64");
  EXPECT_EQ(remembered.size(), 4u);
  const auto second = run({"bob", "alice"}, /*hangs_up=*/false);  // the process dies
  EXPECT_EQ(second, first);
  EXPECT_EQ(run({"bob", "alice"}, true), first);
}

using UserTerms = DuplicateUsers;

TEST_F(UserTerms, EachVrfHasAddressesOfItsOwn) {
  const auto pool = settings_.engine.pools[0];
  settings_.engine.vrfs = {{"red", 4}};
  settings_.engine.pools.push_back(pool);
  settings_.engine.pools[1].name = "red pool";
  settings_.engine.pools[1].vrf = 4;
  settings_.users[0].service.vrf = "red";
  settings_.users[1].service.vrf = "";
  Start(DuplicateUserPolicy::kAllow);
  auto& alice = Dial("alice");
  auto& bob = Dial("bob");
  ASSERT_EQ(alice.state, CallState::kOnline);
  ASSERT_EQ(bob.state, CallState::kOnline);
  EXPECT_EQ(alice.address, bob.address) << "the first of each pool";
  std::multiset<int> vrfs;
  for (const auto& [key, entry] : world_->dataplane().sessions()) vrfs.insert(entry.vrf);
  EXPECT_EQ(vrfs, (std::multiset<int>{0, 4}));
  const auto pools = world_->engine().Pools();
  ASSERT_EQ(pools.size(), 2u);
  EXPECT_EQ(pools[0].used, 1u);
  EXPECT_EQ(pools[1].used, 1u);
  EXPECT_EQ(pools[1].vrf, "red");
  // Given back to the pool it came from.
  lac_->Hangup(alice, world_->now());
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(world_->engine().Pools()[0].used, 1u);
  EXPECT_EQ(world_->engine().Pools()[1].used, 0u);
}

TEST_F(UserTerms, AVrfNobodyKnowsRefusesTheCallByName) {
  settings_.users[0].service.vrf = "green";
  Start(DuplicateUserPolicy::kAllow);
  const auto& call = Dial("alice");
  EXPECT_EQ(call.state, CallState::kEnded);
  EXPECT_EQ(call.closed->result, 3);
  EXPECT_EQ(world_->Counter("lns.session-closed.unknown-vrf"), 1u);
}

TEST_F(UserTerms, APoolOfAnotherVrfIsNone) {
  settings_.engine.vrfs = {{"red", 4}};
  settings_.users[0].service.vrf = "red";
  settings_.users[0].service.ipv4_pools = {"pool"};
  Start(DuplicateUserPolicy::kAllow);
  EXPECT_EQ(Dial("alice").state, CallState::kEnded);
  EXPECT_EQ(world_->Counter("lns.session-closed.no-such-pool"), 1u);
}

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

TEST_F(UserTerms, TheDataPlaneHearsOfAShaperAndOfThePeersLimit) {
  settings_.users[0].service.rate_down_bps = 20'000'000;
  settings_.engine.rates = {.shape_down = true, .overhead = 18};
  settings_.engine.peers.at(0).aggregate = {.rate_up_bps = 8'000'000};
  Start(DuplicateUserPolicy::kAllow);
  ASSERT_EQ(Dial("alice").state, CallState::kOnline);
  const controlplane::SessionEntry shaped = world_->dataplane().sessions().begin()->second;
  EXPECT_EQ(shaped.downlink_shaper,
            (controlplane::ShaperEntry{.rate_bps = 20'000'000, .overhead = 18}));
  EXPECT_FALSE(shaped.downlink_meter);
  const auto& [id, tunnel] = *world_->dataplane().tunnels().begin();
  ASSERT_TRUE(tunnel.aggregate);
  EXPECT_EQ(tunnel.aggregate->name, settings_.engine.peers[0].name);
  EXPECT_EQ(tunnel.aggregate->uplink, (controlplane::MeterEntry{.rate_bps = 8'000'000}));
  EXPECT_FALSE(tunnel.aggregate->downlink);
}

}  // namespace
}  // namespace lns::test
