// Which tunnel a datagram belongs to when its sender makes that hard: tunnels side by side, equal
// ids behind one address, peers that move or write no tunnel id; and draining.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;
using controlplane::PeerMovePolicy;

constexpr Duration kSoon = Duration::Seconds(5);

class PeersTest : public testing::Test {
 protected:
  void TearDown() override {
    if (world_ != nullptr) {
      EXPECT_EQ(world_->violation(), "");
    }
  }
  void Start() { world_ = std::make_unique<World>(settings_); }
  FakeLac& AddLac(const char* address, uint16_t port, uint16_t tunnel_id) {
    FakeLacSettings settings;
    settings.endpoint = {*net::IpAddress::Parse(address), port};
    settings.tunnel_id = l2tp::LocalTunnelId(tunnel_id);
    settings.tunnel.host_name = "lac";
    FakeLac& lac = world_->AddLac(settings);
    lac.Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
    return lac;
  }
  FakeLac::Call& Dial(FakeLac& lac) {
    FakeLac::Call& call =
        lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
    return call;
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
};

TEST_F(PeersTest, ClientsBehindOneAddressWithEqualTunnelIdsAreKeptApart) {
  Start();
  FakeLac& first = AddLac("192.0.2.1", 40001, 7);
  FakeLac& second = AddLac("192.0.2.1", 40002, 7);
  const uint32_t a = Dial(first).address;
  const uint32_t b = Dial(second).address;
  EXPECT_NE(a, b);
  EXPECT_EQ(world_->engine().Counts().tunnels, 2u);
}

TEST_F(PeersTest, Ipv6PeersComeOnlineLikeOthers) {
  Start();
  FakeLac& lac = AddLac("2001:db8::11", 50000, 1);
  Dial(lac);
  const auto tunnels = world_->engine().Tunnels();
  ASSERT_EQ(tunnels.size(), 1u);
  EXPECT_EQ(tunnels[0].endpoints.peer.ToString(), "[2001:db8::11]:50000");
  EXPECT_EQ(world_->dataplane().Find(tunnels[0].local_id)->endpoints.peer.port, 50000);
}

TEST_F(PeersTest, APeerThatMovesIsNotHeardUnlessItsProfileAllowsIt) {
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  Dial(lac);
  lac.MoveTo({*net::IpAddress::Parse("192.0.2.2"), 1701});
  lac.Place({.user_name = "bob", .password = "secret"}, {}, world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(world_->Counter("lns.tunnel-moved"), 0u);
  EXPECT_GE(world_->Counter("lns.control-wrong-source"), 1u);
  EXPECT_EQ(world_->engine().Counts().sessions, 1u);
}

TEST_F(PeersTest, APeerThatMayMoveTakesItsTunnelWithIt) {
  settings_.engine.peers[0].treatment.peer_move = PeerMovePolicy::kAllowIfIdsMatch;
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  Dial(lac);
  lac.MoveTo({*net::IpAddress::Parse("192.0.2.2"), 4500});
  FakeLac::Call& call = lac.Place({.user_name = "bob", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  EXPECT_EQ(world_->Counter("lns.tunnel-moved"), 1u);
  const auto tunnels = world_->engine().Tunnels();
  ASSERT_EQ(tunnels.size(), 1u);
  EXPECT_EQ(tunnels[0].endpoints.peer.ToString(), "192.0.2.2:4500");
  EXPECT_EQ(world_->dataplane().Find(tunnels[0].local_id)->endpoints.peer.port, 4500);
}

TEST_F(PeersTest, ALacHasItsSessionsOverAllItsTunnels) {
  settings_.engine.peers[0].max_sessions = 2;
  settings_.engine.peers[0].treatment.peer_move = PeerMovePolicy::kAllowIfIdsMatch;
  Start();
  FakeLac& first = AddLac("192.0.2.1", 40001, 7);
  FakeLac& second = AddLac("192.0.2.1", 40002, 8);
  FakeLac& other = AddLac("192.0.2.2", 1701, 9);
  FakeLac::Call& online = Dial(first);
  Dial(second);
  const auto refused = [&](FakeLac& lac) {
    const FakeLac::Call& call =
        lac.Place({.user_name = "bob", .password = "secret"}, {}, world_->now());
    world_->RunFor(Duration::Seconds(1));
    return call.closed.has_value() && call.closed->result == 4;
  };
  EXPECT_TRUE(refused(first));
  EXPECT_TRUE(refused(second));
  EXPECT_EQ(world_->Counter("lns.session-closed.lac-session-limit"), 2u);
  Dial(other);
  first.Hangup(online, world_->now());
  world_->RunFor(Duration::Seconds(1));
  Dial(second);
  // With its sessions it moves to where another LAC has one already.
  second.MoveTo({*net::IpAddress::Parse("192.0.2.2"), 4500});
  EXPECT_TRUE(refused(second));
  EXPECT_TRUE(refused(other));
  Dial(first);
  Dial(first);
}

// A message with the tunnel's id and wrong numbers does not move it.
TEST_F(PeersTest, AStrangerWithTheTunnelIdAloneMovesNothing) {
  settings_.engine.peers[0].treatment.peer_move = PeerMovePolicy::kAllowIfIdsMatch;
  Start();
  AddLac("192.0.2.1", 1701, 7);
  const auto tunnel = world_->engine().Tunnels().at(0);
  Bytes hello = {0xc8, 0x02, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 6};
  StoreBe16(hello.data() + 4, tunnel.local_id.value());
  for (const int off : {-1, 1, 500, 30000}) {
    StoreBe16(hello.data() + 8, static_cast<uint16_t>(tunnel.nr + off));
    StoreBe16(hello.data() + 10, tunnel.ns);
    world_->Deliver({*net::IpAddress::Parse("203.0.113.66"), 1701}, hello);
  }
  StoreBe16(hello.data() + 8, tunnel.nr);
  StoreBe16(hello.data() + 10,
            static_cast<uint16_t>(tunnel.ns + 1));  // acknowledges what was not sent
  world_->Deliver({*net::IpAddress::Parse("203.0.113.66"), 1701}, hello);
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(world_->Counter("lns.tunnel-moved"), 0u);
  EXPECT_EQ(world_->Counter("lns.control-wrong-source"), 5u);
}

Bytes Hello(uint16_t tunnel, uint16_t ns, uint16_t nr) {
  Bytes hello = {0xc8, 0x02, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 6};
  StoreBe16(hello.data() + 4, tunnel);
  StoreBe16(hello.data() + 8, ns);
  StoreBe16(hello.data() + 10, nr);
  return hello;
}

TEST_F(PeersTest, TunnelIdZeroMeansTheOneTunnelThatExpectsIt) {
  settings_.engine.peers[0].tunnel.tolerate.zero_tunnel_id = true;
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  auto tunnel = world_->engine().Tunnels().at(0);
  world_->Deliver(lac.settings().endpoint, Hello(0, tunnel.nr, tunnel.ns));
  world_->RunFor(Duration::Milliseconds(500));
  EXPECT_EQ(world_->Counter("lns.control-zero-tunnel"), 1u);
  EXPECT_EQ(world_->engine().Tunnels().at(0).nr, static_cast<uint16_t>(tunnel.nr + 1));
  // From another port it is nobody's.
  world_->Deliver({lac.settings().endpoint.address, 999}, Hello(0, tunnel.nr, tunnel.ns));
  world_->RunFor(Duration::Milliseconds(500));
  EXPECT_EQ(world_->Counter("lns.control-zero-tunnel"), 1u);
  EXPECT_EQ(world_->Counter("lns.control-not-sccrq"), 1u);
}

TEST_F(PeersTest, TunnelIdZeroIsNobodysWhereTwoTunnelsMayBeMeant) {
  settings_.engine.peers[0].tunnel.tolerate.zero_tunnel_id = true;
  Start();
  Bytes sccrq;
  world_->set_tap([&](const net::Endpoint&, ByteView datagram) {
    if (sccrq.empty()) sccrq.assign(datagram.begin(), datagram.end());
  });
  FakeLac& lac = AddLac("192.0.2.1", 1701, 0x0708);
  // The same peer opens another: the same message with another Assigned Tunnel ID.
  const Bytes id = {0, 9, 0x07, 0x08};
  const auto at = std::search(sccrq.begin(), sccrq.end(), id.begin(), id.end());
  ASSERT_NE(at, sccrq.end());
  *(at + 3) = 0x09;
  world_->Deliver(lac.settings().endpoint, sccrq);
  world_->RunFor(Duration::Milliseconds(100));
  const auto tunnels = world_->engine().Tunnels();
  ASSERT_EQ(tunnels.size(), 2u);
  world_->Deliver(lac.settings().endpoint, Hello(0, tunnels[0].nr, tunnels[0].ns));
  world_->RunFor(Duration::Milliseconds(100));
  EXPECT_EQ(world_->Counter("lns.control-zero-tunnel"), 0u);
  EXPECT_EQ(world_->Counter("lns.control-not-sccrq"), 1u);
}

TEST_F(PeersTest, TunnelIdZeroIsNobodysWithoutTheProfile) {
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  const auto tunnel = world_->engine().Tunnels().at(0);
  world_->Deliver(lac.settings().endpoint, Hello(0, tunnel.nr, tunnel.ns));
  world_->RunFor(Duration::Milliseconds(500));
  EXPECT_EQ(world_->Counter("lns.control-not-sccrq"), 1u);
}

TEST_F(PeersTest, DrainingRefusesNewTunnelsAndCallsAndKeepsTheOthers) {
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  const FakeLac::Call& online = Dial(lac);
  // The data plane is told of each change, once: routes to pools depend on it.
  std::vector<bool> told;
  const auto drain = [&](bool on) {
    world_->Call([&](auto& engine, auto& out) {
      engine.SetDrain(on, world_->now(), out);
      for (const auto& action : out) {
        const auto* change = std::get_if<controlplane::SetDraining>(&action);
        if (change != nullptr) told.push_back(change->on);
      }
    });
  };
  drain(true);
  drain(true);
  const FakeLac::Call& refused =
      lac.Place({.user_name = "bob", .password = "secret"}, {}, world_->now());
  FakeLac& late = world_->AddLac();
  late.Open(world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(online.state, CallState::kOnline);
  ASSERT_TRUE(refused.closed.has_value());
  EXPECT_EQ(refused.closed->result, 2);
  EXPECT_EQ(refused.closed->error, 7);  // try another
  ASSERT_TRUE(late.closed().has_value());
  EXPECT_EQ(late.closed()->result.result, 2);
  EXPECT_EQ(late.closed()->result.error, 7);
  drain(false);
  Dial(lac);
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
}

TEST_F(PeersTest, SequencingIsForThoseWhoAskOrWhoseProfileSaysSo) {
  settings_.engine.peers[0].treatment.reorder_ms = 20;
  Start();
  FakeLac& lac = AddLac("192.0.2.1", 1701, 7);
  FakeLac::Call& asks = lac.Place({.user_name = "alice", .password = "secret"},
                                  {.sequencing_required = true}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return asks.state == CallState::kOnline; }, kSoon));
  Dial(lac);
  size_t numbered = 0;
  for (const auto& [key, entry] : world_->dataplane().sessions()) {
    numbered += entry.sequence_numbers ? 1 : 0;
    EXPECT_EQ(entry.reorder_ms, entry.sequence_numbers ? 20u : 0u);
    EXPECT_EQ(world_->engine().FindSession(key)->sequence_numbers, entry.sequence_numbers);
  }
  EXPECT_EQ(numbered, 1u);
}

}  // namespace
}  // namespace lns::test
