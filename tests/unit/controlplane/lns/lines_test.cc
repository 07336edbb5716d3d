// What a LAC tells of a subscriber's line while the call lasts (RFC 5515, RFC 2661 6.13) and what
// it is told (RFC 2661 6.14, RFC 3437, RFC 3308).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/message.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;
using controlplane::SessionKey;
using controlplane::SessionView;
using l2tp::AvpSet;
using l2tp::AvpType;
using l2tp::MessageType;

constexpr Duration kSoon = Duration::Seconds(5);

class LinesTest : public testing::Test {
 protected:
  void TearDown() override {
    if (world_ != nullptr) {
      EXPECT_EQ(world_->violation(), "");
    }
  }
  FakeLac& Start(const FakeLacSettings& settings) {
    settings_.engine.local_addresses = {World::LnsEndpoint().address};
    settings_.engine.peers[0].dial = settings.endpoint;
    world_ = std::make_unique<World>(settings_);
    return world_->AddLac(settings);
  }
  // A tunnel with one subscriber online.
  FakeLac& Dial(const l2tp::CallInfo& info) {
    world_ = std::make_unique<World>(settings_);
    FakeLac& lac = world_->AddLac();
    lac.Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
    FakeLac::Call& call =
        lac.Place({.user_name = "alice", .password = "secret"}, info, world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
    world_->RunFor(Duration::Milliseconds(200));
    return lac;
  }
  SessionView Session() { return world_->engine().Sessions().at(0); }
  // As if the LAC had sent it next.
  void Say(FakeLac& lac, const l2tp::Message& message, uint16_t session = 0) {
    const controlplane::TunnelView tunnel = world_->engine().Tunnels().at(0);
    Bytes bytes = l2tp::EncodeMessage(message, l2tp::PeerTunnelId(tunnel.local_id.value()),
                                      l2tp::PeerSessionId(session), nullptr);
    StoreBe16(bytes.data() + l2tp::kControlNsOffset, tunnel.nr);
    StoreBe16(bytes.data() + l2tp::kControlNrOffset, tunnel.ns);
    world_->Deliver(lac.settings().endpoint, bytes);
    world_->RunFor(Duration::Milliseconds(200));
  }
  void SayNewSpeeds(FakeLac& lac, std::vector<l2tp::SpeedUpdate> updates) {
    Say(lac, {.type = MessageType::kCsun,
              .present = AvpSet::Of(AvpType::kConnectSpeedUpdate),
              .speed_updates = std::move(updates)});
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
};

TEST_F(LinesTest, WhatTheLacKnowsOfTheLineIsShown) {
  l2tp::CallInfo info{.tx_connect_speed_bps = 16'000'000, .rx_connect_speed_bps = 1'000'000};
  info.access_line.circuit_id = "atm 1/2:3.4";
  info.access_line.actual_interleaving_delay_up_ms = 8;
  Dial(info);
  const SessionView session = Session();
  ASSERT_TRUE(session.line);
  EXPECT_EQ(session.line->line, info.access_line);
  EXPECT_FALSE(session.line->speed_updates);
  EXPECT_EQ(session.call.tx_connect_speed_bps, 16'000'000u);
}

TEST_F(LinesTest, ACsunTakesThePlaceOfTheConnectSpeeds) {
  l2tp::CallInfo info{.tx_connect_speed_bps = 16'000'000, .rx_connect_speed_bps = 1'000'000};
  info.access_line.actual_rate_down_bps = 17'000'000;
  info.connect_speed_updates = true;
  FakeLac& lac = Dial(info);
  const uint16_t id = Session().key.session.value();
  SayNewSpeeds(lac, {{.session_id = id, .tx_bps = 8'000'000, .rx_bps = 500'000}});
  const SessionView session = Session();
  EXPECT_EQ(session.call.tx_connect_speed_bps, 8'000'000u);
  EXPECT_EQ(session.call.rx_connect_speed_bps, 500'000u);
  EXPECT_TRUE(session.line->speed_updates);
  EXPECT_EQ(session.line->updates, 1u);
  // The line's own rates are another matter.
  EXPECT_EQ(session.line->line.actual_rate_down_bps, 17'000'000u);
  EXPECT_EQ(world_->Counter("lns.line-speed"), 1u);
}

TEST_F(LinesTest, ACsunForACallThatIsGoneHarmsNobody) {
  FakeLac& lac = Dial({.tx_connect_speed_bps = 16'000'000});
  const uint16_t id = Session().key.session.value();
  const auto other = static_cast<uint16_t>(id ^ 1);
  SayNewSpeeds(lac, {{.session_id = other, .tx_bps = 1, .rx_bps = 1},
                     {.session_id = id, .tx_bps = 2'000'000, .rx_bps = 3'000'000}});
  EXPECT_EQ(Session().call.tx_connect_speed_bps, 2'000'000u);
  EXPECT_EQ(Session().call.rx_connect_speed_bps, 3'000'000u);
  EXPECT_EQ(world_->Counter("lns.line-speed"), 1u);
}

TEST_F(LinesTest, TheOperatorMayAskForTheSpeeds) {
  FakeLac& lac = Dial({});
  const SessionKey key = Session().key;
  Bytes csurq;
  world_->Call([&](controlplane::Engine& engine, controlplane::EngineActions& out) {
    EXPECT_TRUE(engine.RequestLineSpeed(key, world_->now(), out).ok());
    EXPECT_TRUE(absl::IsNotFound(engine.RequestLineSpeed(
        {key.tunnel, l2tp::LocalSessionId(static_cast<uint16_t>(key.session.value() ^ 1))},
        world_->now(), out)));
    ASSERT_FALSE(out.empty());
    csurq = std::get<controlplane::SendControl>(out.front()).message;
  });
  l2tp::Header header;
  ASSERT_EQ(l2tp::ParseHeader(csurq, header), l2tp::HeaderError::kNone);
  const l2tp::Message message =
      l2tp::DecodeMessage(ByteView(csurq).subspan(header.payload_offset), {}).message;
  EXPECT_EQ(message.type, MessageType::kCsurq);
  ASSERT_EQ(message.speed_updates.size(), 1u);
  EXPECT_EQ(message.speed_updates[0].session_id, lac.calls()[0]->id.value());
  EXPECT_EQ(message.speed_updates[0].tx_bps, 0u);
}

TEST_F(LinesTest, ErrorsOfTheLineAreKept) {
  FakeLac& lac = Dial({});
  const uint16_t id = Session().key.session.value();
  EXPECT_FALSE(Session().line);
  for (uint32_t count = 1; count <= 2; ++count) {
    Say(lac,
        {.type = MessageType::kWen,
         .present = AvpSet::Of(AvpType::kCallErrors),
         .call_errors = {.crc_errors = 10 * count, .framing_errors = count}},
        id);
  }
  const SessionView session = Session();
  ASSERT_TRUE(session.line);
  EXPECT_EQ(session.line->error_notices, 2u);
  EXPECT_EQ(session.line->errors.crc_errors, 20u);
  EXPECT_EQ(session.line->errors.framing_errors, 2u);
}

// The LAC that placed a call for us names its interface's options in the OCCN; LCP begins with
// them, and the LAC hears what came of it.
TEST_F(LinesTest, OptionsOfAnOutgoingCallsInterfaceReachLcp) {
  FakeLacSettings lac_settings;
  lac_settings.endpoint = {net::IpAddress::V4(0xc633640b), 1701};
  lac_settings.tunnel.host_name = "lac0";
  lac_settings.tunnel.accept_outgoing_calls = true;
  lac_settings.accepts_tunnels = true;
  lac_settings.called_party = {.user_name = "alice", .password = "secret"};
  lac_settings.answer.lcp_want_options = {1, 4, 0x05, 0x00};  // an MRU of 1280
  FakeLac& lac = Start(lac_settings);
  world_->Call([&](controlplane::Engine& engine, controlplane::EngineActions& out) {
    ASSERT_TRUE(engine.OpenTunnel("any", world_->now(), out).ok());
  });
  ASSERT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
  world_->RunFor(Duration::Milliseconds(100));
  world_->Call([&](controlplane::Engine& engine, controlplane::EngineActions& out) {
    ASSERT_TRUE(engine.PlaceCall({.called_number = "5", .peer = "any"}, world_->now(), out).ok());
  });
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->engine().Counts().sessions_online == 1; }, kSoon));
  world_->RunFor(Duration::Milliseconds(200));
  ASSERT_EQ(lac.link_infos().size(), 1u);
  const Bytes& sent = lac.link_infos()[0].last_sent_confreq;
  const Bytes mru = {1, 4, 0x05, 0x00};
  EXPECT_NE(std::search(sent.begin(), sent.end(), mru.begin(), mru.end()), sent.end());
  EXPECT_FALSE(lac.link_infos()[0].last_received_confreq.empty());
}

TEST_F(LinesTest, AMarkingIsGivenWhereTheProfileGrantsIt) {
  for (const bool granted : {false, true}) {
    settings_.engine.peers[0].tunnel.accept_session_dscp = granted;
    Dial({.session_dscp = 46});
    const std::optional<uint8_t> expected = granted ? std::optional<uint8_t>(46) : std::nullopt;
    EXPECT_EQ(Session().dscp, expected);
    EXPECT_EQ(world_->dataplane().sessions().begin()->second.dscp, expected);
  }
}

}  // namespace
}  // namespace lns::test
