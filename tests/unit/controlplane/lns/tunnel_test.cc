// Tunnels of the engine: who is let in, who is refused and how, and what a flood can cost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/header.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;

constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(200);

class TunnelTest : public testing::Test {
 protected:
  void TearDown() override {
    if (world_ != nullptr) {
      EXPECT_EQ(world_->violation(), "");
    }
  }
  World& Start() {
    world_ = std::make_unique<World>(settings_);
    return *world_;
  }
  FakeLac& Up(const std::string& secret = "") {
    FakeLac& lac = world_->AddLac(secret);
    lac.Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
    world_->RunFor(Duration::Milliseconds(100));  // the SCCCN's way
    return lac;
  }
  // Opens a tunnel that must fail; how the LNS put it.
  l2tp::ResultCode Refused(const std::string& secret = "") {
    FakeLac& lac = world_->AddLac(secret);
    lac.Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac.closed().has_value(); }, kSoon));
    if (!lac.closed()) return {};
    EXPECT_TRUE(lac.closed()->by_peer);
    return lac.closed()->result;
  }
  // The SCCRQ a LAC of these settings would send.
  Bytes Sccrq(uint16_t tunnel_id, const std::string& secret = "") {
    FakeLacSettings settings;
    settings.tunnel_id = l2tp::LocalTunnelId(tunnel_id);
    settings.tunnel.host_name = "lac";
    settings.tunnel.secret = secret;
    FakeLac lac(settings, world_->rng());
    lac.Open(world_->now());
    return lac.TakeSent().at(0);
  }
  controlplane::EngineActions Offer(ByteView message, const char* address = "192.0.2.9",
                                    uint16_t port = 1701) {
    controlplane::EngineActions out;
    world_->Call([&](auto& engine, auto& actions) {
      engine.OnControl(
          {.local = World::LnsEndpoint(), .peer = {*net::IpAddress::Parse(address), port}}, message,
          world_->now(), actions);
      out = actions;
    });
    return out;
  }
  static size_t Answers(const controlplane::EngineActions& out) {
    return static_cast<size_t>(std::count_if(out.begin(), out.end(), [](const auto& action) {
      return std::holds_alternative<controlplane::SendControl>(action);
    }));
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
};

TEST_F(TunnelTest, ProgramsTheTunnelBeforeItsSccrp) {
  Start();
  const auto out = Offer(Sccrq(77));
  ASSERT_GE(out.size(), 2u);
  const auto* program = std::get_if<controlplane::ProgramTunnel>(&out[0]);
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(program->entry.peer_id.value(), 77);
  EXPECT_EQ(program->entry.endpoints.peer.ToString(), "192.0.2.9:1701");
  EXPECT_EQ(Answers(out), 1u);
}

TEST_F(TunnelTest, ListsWhatIsKnownOfATunnel) {
  settings_.engine.peers[0].tunnel.secret = "key";
  Start();
  FakeLac& lac = Up("key");
  const auto tunnels = world_->engine().Tunnels();
  ASSERT_EQ(tunnels.size(), 1u);
  EXPECT_EQ(tunnels[0].state, l2tp::TunnelState::kEstablished);
  EXPECT_EQ(tunnels[0].peer_host_name, "lac0");
  EXPECT_EQ(tunnels[0].peer, "any");
  EXPECT_EQ(tunnels[0].profile, "default");
  EXPECT_EQ(tunnels[0].peer_id.value(), lac.tunnel()->local_id().value());
  EXPECT_EQ(tunnels[0].local_id.value(), lac.tunnel()->peer_id().value());
  EXPECT_TRUE(world_->Logged("established, peer any, profile default"));
}

TEST_F(TunnelTest, WrongSecretIsNotAuthorised) {
  settings_.engine.peers[0].tunnel.secret = "key";
  Start();
  FakeLac& lac = world_->AddLac("other");
  lac.Open(world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.closed().has_value(); }, kSoon));
  EXPECT_EQ(lac.closed()->result.result, 4);
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

// The LAC does not challenge, so it is the LNS that finds the secret wrong.
TEST_F(TunnelTest, WrongResponseToOurChallengeIsNotAuthorisedAndLogged) {
  settings_.engine.peers[0].tunnel.secret = "key";
  Start();
  FakeLacSettings settings;
  settings.endpoint = {net::IpAddress::V4(0xc633640b), 1701};
  settings.tunnel.host_name = "lac0";
  settings.tunnel.secret = "other";
  settings.tunnel.challenge = l2tp::ChallengePolicy::kNever;
  FakeLac& lac = world_->AddLac(settings);
  lac.Open(world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.closed().has_value(); }, kSoon));
  EXPECT_TRUE(lac.closed()->by_peer);
  EXPECT_EQ(lac.closed()->result.result, 4);
  EXPECT_EQ(world_->engine().Counts().tunnels, 0u);
  EXPECT_TRUE(world_->Logged("(lac0, 198.51.100.11:1701) closed by us: result 4"));
  EXPECT_EQ(world_->Counter("l2tp.auth-response-wrong"), 1u);
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, UnknownPeerIsNotAuthorised) {
  settings_.engine.peers[0].match_host_name = "somebody";
  Start();
  const l2tp::ResultCode result = Refused();
  EXPECT_EQ(result.result, 4);
  EXPECT_TRUE(world_->Logged("tunnel from lac0 at 198.51.100.11:1701 refused: result 4"));
  EXPECT_EQ(world_->Counter("lns.sccrq-refused-no-profile"), 1u);
  EXPECT_EQ(world_->engine().Counts().tunnels, 0u);
  EXPECT_TRUE(world_->dataplane().tunnels().empty());
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, FullTunnelTableIsNoRoom) {
  settings_.engine.max_tunnels = 1;
  Start();
  FakeLac& first = Up();
  const l2tp::ResultCode result = Refused();
  EXPECT_EQ(result.result, 2);
  EXPECT_EQ(result.error, 4);
  EXPECT_TRUE(world_->Logged("refused: result 2 error 4"));
  first.Close({.result = 1}, world_->now());
  world_->RunFor(kSoon);
  Up();
  EXPECT_EQ(world_->engine().Counts().tunnels, 1u);
}

TEST_F(TunnelTest, SccrqSentAgainIsTheSameTunnel) {
  Start();
  const Bytes sccrq = Sccrq(77);
  Offer(sccrq);
  Offer(sccrq);
  EXPECT_EQ(world_->engine().Tunnels().size(), 1u);
  EXPECT_EQ(world_->Counter("lns.sccrq-duplicate"), 1u);
  // Another port is another peer; another id of the same peer is another tunnel.
  Offer(sccrq, "192.0.2.9", 1702);
  Offer(Sccrq(78));
  EXPECT_EQ(world_->engine().Tunnels().size(), 3u);
}

TEST_F(TunnelTest, RestartedPeerWithItsOldIdGetsANewTunnel) {
  Start();
  FakeLac& lac = Up();
  FakeLacSettings settings = lac.settings();
  lac.Die();
  settings.tunnel.vendor_name = "restarted";  // other bytes
  // The dead one's endpoint: the newcomer takes its place on the wire.
  world_->lacs()[0] = std::make_unique<FakeLac>(settings, world_->rng());
  FakeLac& again = *world_->lacs()[0];
  again.Open(world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return again.established(); }, kSoon));
  EXPECT_EQ(world_->engine().Counts().tunnels, 2u);
  world_->RunFor(kLong);  // the old one's HELLO finds nobody
  EXPECT_EQ(world_->engine().Counts().tunnels, 1u);
  EXPECT_TRUE(again.established());
}

TEST_F(TunnelTest, ControlFromAnotherSourceIsDropped) {
  Start();
  FakeLac& lac = Up();
  const auto before = world_->engine().Tunnels().at(0).statistics.control_rx;
  Bytes hello(l2tp::kControlHeaderLength);
  l2tp::WriteHeader(l2tp::ControlHeader(lac.tunnel()->peer_id().value(), 0, 2, 1), 0, hello);
  EXPECT_TRUE(Offer(hello, "198.51.100.11", 1702).empty());
  EXPECT_TRUE(Offer(hello, "198.51.100.12", 1701).empty());
  EXPECT_EQ(world_->Counter("lns.control-wrong-source"), 2u);
  EXPECT_EQ(world_->engine().Tunnels().at(0).statistics.control_rx, before);
}

TEST_F(TunnelTest, JunkChangesNothingButCounters) {
  Start();
  Up();
  const auto views = world_->engine().Tunnels().size();
  SeededRng dice(9);
  for (int i = 0; i < 20000; ++i) {
    Bytes junk(dice.Below(60));
    dice.Fill(junk);
    if (dice.Below(2) == 0 && junk.size() >= l2tp::kControlHeaderLength) {
      StoreBe16(junk.data(), 0xc802);
      StoreBe16(junk.data() + 2, static_cast<uint16_t>(junk.size()));
    }
    EXPECT_TRUE(Offer(junk).empty());
  }
  EXPECT_EQ(world_->engine().Tunnels().size(), views);
  EXPECT_GT(world_->Counter("lns.control-invalid"), 5000u);
  EXPECT_GT(world_->Counter("lns.control-unknown-tunnel"), 5000u);
}

TEST_F(TunnelTest, TruncatedSccrqNeverMakesATunnelOfAnUnreadablePeer) {
  Start();
  const Bytes sccrq = Sccrq(77);
  for (size_t length = 0; length < sccrq.size(); ++length) {
    Bytes cut(sccrq.begin(), sccrq.begin() + static_cast<std::ptrdiff_t>(length));
    if (length >= 4) StoreBe16(cut.data() + 2, static_cast<uint16_t>(length));
    Offer(cut);
  }
  for (const auto& tunnel : world_->engine().Tunnels()) {
    EXPECT_NE(tunnel.state, l2tp::TunnelState::kEstablished);
  }
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, FloodOfSccrqsIsBoundedPerSourceAndInAll) {
  settings_.engine.max_half_open = 20;
  settings_.engine.max_half_open_per_source = 5;
  Start();
  for (uint16_t i = 1; i <= 50; ++i) Offer(Sccrq(i));
  EXPECT_EQ(world_->engine().Tunnels().size(), 5u);
  EXPECT_EQ(world_->Counter("lns.sccrq-dropped-half-open-source"), 45u);
  for (uint32_t i = 1; i <= 50; ++i) {
    Offer(Sccrq(1), net::IpAddress::V4(0x0a000000 + i).ToString().c_str());
  }
  EXPECT_EQ(world_->engine().Tunnels().size(), 20u);
  EXPECT_EQ(world_->Counter("lns.sccrq-dropped-half-open"), 35u);
  EXPECT_EQ(Answers(Offer(Sccrq(1), "10.9.9.9")), 0u);
  // Forged peers never answer: everything is given back in time.
  world_->RunFor(kLong);
  EXPECT_TRUE(world_->engine().Tunnels().empty());
  Up();
}

TEST_F(TunnelTest, PeerThatFallsSilentIsFoundByHello) {
  Start();
  FakeLac& lac = Up();
  FakeLac::Call& call = lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  lac.Die();
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
  EXPECT_EQ(world_->Counter("lns.tunnel-closed-timeout"), 1u);
  EXPECT_TRUE(world_->Logged("closed as the peer stopped answering"));
}

TEST_F(TunnelTest, StopCcnOfThePeerEndsItsSessions) {
  Start();
  FakeLac& lac = Up();
  for (int i = 0; i < 3; ++i) {
    lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  }
  ASSERT_TRUE(world_->RunUntil([&] { return lac.CountOf(CallState::kOnline) == 3; }, kSoon));
  lac.Close({.result = 1, .message = "maintenance"}, world_->now());
  world_->RunFor(Duration::Seconds(1));
  EXPECT_EQ(world_->engine().Counts().sessions, 0u);
  EXPECT_EQ(world_->engine().Pools()[0].used, 0u);
  EXPECT_TRUE(world_->dataplane().tunnels().empty());
  // Retained, so that its last messages are acknowledged however often they come.
  ASSERT_EQ(world_->engine().Tunnels().size(), 1u);
  EXPECT_EQ(world_->engine().Tunnels()[0].state, l2tp::TunnelState::kRetained);
  EXPECT_TRUE(world_->Logged("closed by the peer: result 1 \"maintenance\""));
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, ClearedTunnelIsToldSo) {
  Start();
  FakeLac& lac = Up();
  const auto id = world_->engine().Tunnels()[0].local_id;
  world_->Call([&](auto& engine, auto& out) {
    EXPECT_TRUE(engine.ClearTunnel(id, world_->now(), out).ok());
    EXPECT_TRUE(absl::IsNotFound(engine.ClearTunnel(id, world_->now(), out)));
    EXPECT_TRUE(absl::IsNotFound(engine.ClearTunnel({}, world_->now(), out)));
  });
  ASSERT_TRUE(world_->RunUntil([&] { return lac.closed().has_value(); }, kSoon));
  EXPECT_EQ(lac.closed()->result.result, 1);
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, ClearedSessionEndsWithLcpTerminateThenCdn) {
  Start();
  FakeLac& lac = Up();
  FakeLac::Call& call = lac.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  FakeLac::Call& silent = lac.Place({.user_name = "bob", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return lac.CountOf(CallState::kOnline) == 2; }, kSoon));
  silent.link.reset();
  const Instant begin = world_->now();
  world_->Call([&](auto& engine, auto& out) {
    for (const auto& session : engine.Sessions()) {
      EXPECT_TRUE(engine.ClearSession(session.key, world_->now(), out).ok());
      EXPECT_TRUE(engine.ClearSession(session.key, world_->now(), out).ok());
    }
    EXPECT_TRUE(absl::IsNotFound(engine.ClearSession({}, world_->now(), out)));
  });
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kEnded; }, kSoon));
  EXPECT_EQ(call.closed->result, 3);
  EXPECT_EQ(call.closed->message, "cleared by the operator");
  // The subscriber that does not answer is cut off in bounded time.
  ASSERT_TRUE(world_->RunUntil([&] { return silent.state == CallState::kEnded; }, kLong));
  EXPECT_LE(world_->now() - begin, Duration::Seconds(9));
  EXPECT_EQ(silent.closed->message, "cleared by the operator");
  EXPECT_EQ(world_->Counter("lns.session-closed.operator"), 2u);
}

TEST_F(TunnelTest, ShutdownTellsEveryPeerAndRefusesNewOnes) {
  Start();
  FakeLac& first = Up();
  FakeLac& second = Up();
  first.Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return first.CountOf(CallState::kOnline) == 1; }, kSoon));
  EXPECT_FALSE(world_->engine().ShutdownComplete());
  world_->Call([&](auto& engine, auto& out) { engine.Shutdown(world_->now(), out); });
  EXPECT_FALSE(world_->engine().ShutdownComplete());
  ASSERT_TRUE(world_->RunUntil([&] { return world_->engine().ShutdownComplete(); }, kSoon));
  EXPECT_EQ(first.closed()->result.result, 6);
  EXPECT_EQ(second.closed()->result.result, 6);
  EXPECT_EQ(Refused().result, 6);
  EXPECT_TRUE(world_->engine().ShutdownComplete());
  world_->RunFor(kLong);
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, ShutdownDoesNotWaitForeverForASilentPeer) {
  Start();
  Up().Die();
  world_->Call([&](auto& engine, auto& out) { engine.Shutdown(world_->now(), out); });
  EXPECT_TRUE(
      world_->RunUntil([&] { return world_->engine().ShutdownComplete(); }, Duration::Seconds(60)));
}

TEST_F(TunnelTest, RetiredIdsRestBeforeReuse) {
  settings_.engine.id_rest = Duration::Seconds(300);
  Start();
  FakeLac& lac = Up();
  lac.Close({.result = 1}, world_->now());
  world_->RunFor(Duration::Seconds(60));
  EXPECT_TRUE(world_->engine().Tunnels().empty());
  // What still waits is the rest of the tunnel's id.
  const Duration rest = world_->engine().NextDeadline() - world_->now();
  EXPECT_GT(rest, Duration::Seconds(200));
  world_->RunFor(Duration::Seconds(300));
  EXPECT_EQ(world_->Leftover(), "");
}

TEST_F(TunnelTest, SettingsAreValidated) {
  const auto message = [](auto change) {
    controlplane::EngineSettings settings = PlainWorld().engine;
    change(settings);
    return std::string(controlplane::ValidateSettings(settings).message());
  };
  EXPECT_EQ(message([](auto&) {}), "");
  EXPECT_EQ(message([](auto& s) { s.peers.clear(); }), "no peer profile");
  EXPECT_EQ(message([](auto& s) { s.max_tunnels = 70000; }),
            "max_tunnels 70000: must be 1 to 65535");
  EXPECT_EQ(message([](auto& s) { s.dns.push_back(*net::IpAddress::Parse("2001:db8::1")); }),
            "DNS server 2001:db8::1 is not an IPv4 address");
  EXPECT_EQ(message([](auto& s) { s.pools.push_back(s.pools[0]); }),
            "pool pool: the name is taken");
}

}  // namespace
}  // namespace lns::test
