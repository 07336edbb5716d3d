// Tunnels the LNS opens, calls it places, and both ends opening a tunnel at once.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;
using controlplane::SessionKey;

constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(200);

class DiallingTest : public testing::Test {
 protected:
  DiallingTest() {
    settings_.engine.local_addresses = {World::LnsEndpoint().address};
    lac_.endpoint = {net::IpAddress::V4(0xc633640b), 1701};
    lac_.tunnel.host_name = "lac0";
    lac_.tunnel.accept_outgoing_calls = true;
    lac_.accepts_tunnels = true;
    lac_.called_party = {.user_name = "alice", .password = "secret"};
    settings_.engine.peers[0].dial = lac_.endpoint;
  }
  void TearDown() override {
    if (world_ == nullptr) return;
    EXPECT_EQ(world_->violation(), "");
  }
  FakeLac& Start() {
    world_ = std::make_unique<World>(settings_);
    return world_->AddLac(lac_);
  }
  absl::StatusOr<l2tp::LocalTunnelId> OpenTunnel(const std::string& peer = "any") {
    absl::StatusOr<l2tp::LocalTunnelId> opened;
    world_->Call(
        [&](auto& engine, auto& out) { opened = engine.OpenTunnel(peer, world_->now(), out); });
    return opened;
  }
  absl::StatusOr<SessionKey> PlaceCall(controlplane::OutgoingCall call) {
    absl::StatusOr<SessionKey> placed;
    world_->Call(
        [&](auto& engine, auto& out) { placed = engine.PlaceCall(call, world_->now(), out); });
    return placed;
  }
  void ExpectNothingLeft() {
    world_->Call([&](auto& engine, auto& out) { engine.Shutdown(world_->now(), out); });
    world_->RunFor(kLong);
    EXPECT_EQ(world_->Leftover(), "");
  }

  WorldSettings settings_ = PlainWorld();
  FakeLacSettings lac_;
  std::unique_ptr<World> world_;
};

TEST_F(DiallingTest, OpensATunnelOverWhichCallsArrive) {
  FakeLac& lac = Start();
  ASSERT_TRUE(OpenTunnel().ok());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  const auto tunnels = world_->engine().Tunnels();
  ASSERT_EQ(tunnels.size(), 1u);
  EXPECT_TRUE(tunnels[0].opened_by_us);
  EXPECT_EQ(tunnels[0].peer_host_name, "lac0");
  world_->RunFor(Duration::Milliseconds(100));
  EXPECT_NE(world_->dataplane().Find(tunnels[0].local_id), nullptr);
  FakeLac::Call& call = lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  EXPECT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  ExpectNothingLeft();
}

TEST_F(DiallingTest, APeerThatIsNotThereIsGivenUp) {
  lac_.accepts_tunnels = false;
  Start();
  ASSERT_TRUE(OpenTunnel().ok());
  EXPECT_EQ(world_->engine().Counts().tunnels, 1u);
  world_->RunFor(kLong);
  EXPECT_EQ(world_->engine().Counts().tunnels, 0u);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(DiallingTest, WhatCannotBeOpenedIsSaid) {
  settings_.engine.max_tunnels = 1;
  Start();
  EXPECT_TRUE(absl::IsNotFound(OpenTunnel("nobody").status()));
  ASSERT_TRUE(OpenTunnel().ok());
  EXPECT_TRUE(absl::IsResourceExhausted(OpenTunnel().status()));
}

TEST_F(DiallingTest, PlacesACallWhoseSubscriberComesOnline) {
  FakeLac& lac = Start();
  ASSERT_TRUE(OpenTunnel().ok());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  world_->RunFor(Duration::Milliseconds(100));
  const auto key = PlaceCall({.called_number = "555123", .peer = "any"});
  ASSERT_TRUE(key.ok()) << key.status();
  ASSERT_TRUE(world_->engine().FindSession(*key).has_value());
  EXPECT_EQ(world_->engine().FindSession(*key)->state, "wait-reply");
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->engine().Counts().sessions_online == 1 && lac.calls().size() == 1; },
      kSoon));
  EXPECT_EQ(lac.calls()[0]->outgoing->called_number, "555123");
  const auto session = world_->engine().FindSession(*key);
  EXPECT_TRUE(session->outgoing);
  EXPECT_EQ(session->user_name, "alice");
  EXPECT_EQ(session->call.called_number, "555123");
  ASSERT_TRUE(world_->RunUntil([&] { return lac.calls()[0]->state == CallState::kOnline; }, kSoon));
  ExpectNothingLeft();
}

TEST_F(DiallingTest, ACallToALacThatPlacesNoneIsRefusedAtOnce) {
  lac_.tunnel.accept_outgoing_calls = false;
  FakeLac& lac = Start();
  ASSERT_TRUE(OpenTunnel().ok());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  world_->RunFor(Duration::Milliseconds(100));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(PlaceCall({.called_number = "555", .peer = "any"}).status()));
  EXPECT_EQ(world_->engine().Counts().sessions, 0u);
  EXPECT_EQ(world_->Counter("lns.session-closed.call-impossible"), 1u);
  ExpectNothingLeft();
}

TEST_F(DiallingTest, ACallTheLacHangsUpEnds) {
  FakeLac& lac = Start();
  ASSERT_TRUE(OpenTunnel().ok());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  world_->RunFor(Duration::Milliseconds(100));
  ASSERT_TRUE(PlaceCall({.called_number = "555", .peer = "any"}).ok());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.calls().size() == 1; }, kSoon));
  lac.Hangup(*lac.calls()[0], world_->now());
  EXPECT_TRUE(world_->RunUntil([&] { return world_->engine().Counts().sessions == 0; }, kSoon));
  EXPECT_EQ(world_->Counter("lns.session-closed.peer-cdn"), 1u);
  ExpectNothingLeft();
}

TEST_F(DiallingTest, ACallNeedsAnEstablishedTunnel) {
  Start();
  EXPECT_TRUE(
      absl::IsFailedPrecondition(PlaceCall({.called_number = "5", .peer = "any"}).status()));
  EXPECT_TRUE(absl::IsNotFound(PlaceCall({.called_number = "5", .peer = "nobody"}).status()));
  EXPECT_TRUE(absl::IsNotFound(
      PlaceCall({.called_number = "5", .tunnel = l2tp::LocalTunnelId(9)}).status()));
}

// Whatever the dice say, one tunnel is left, and both ends mean the same one.
TEST_F(DiallingTest, SimultaneousOpeningLeavesOneTunnel) {
  lac_.tunnel.tie_breaker = true;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    settings_.seed = seed;
    FakeLac& lac = Start();
    ASSERT_TRUE(OpenTunnel().ok());
    lac.Open(world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon)) << "seed " << seed;
    world_->RunFor(Duration::Seconds(1));
    EXPECT_EQ(world_->engine().Counts().tunnels, 1u) << "seed " << seed;
    const uint64_t won = world_->Counter("lns.sccrq-tie-won");
    const uint64_t lost = world_->Counter("lns.tunnel-tie-lost");
    EXPECT_GE(won + lost, 1u);
    EXPECT_TRUE(won == 0 || lost == 0);
    FakeLac::Call& call =
        lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
    ExpectNothingLeft();
  }
}

// RFC 2661 4.4.3: a side that sends none loses.
TEST_F(DiallingTest, WhoAloneSendsATieBreakerWins) {
  lac_.tunnel.tie_breaker = false;
  FakeLac& lac = Start();
  ASSERT_TRUE(OpenTunnel().ok());
  lac.Open(world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  EXPECT_EQ(world_->Counter("lns.sccrq-tie-won"), 1u);
  EXPECT_TRUE(world_->engine().Tunnels().at(0).opened_by_us);
  ExpectNothingLeft();
}

}  // namespace
}  // namespace lns::test
