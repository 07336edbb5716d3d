// The moment a subscriber's network protocol opens: the data plane first, then the Configure-Ack
// that lets the subscriber send; and what becomes of the frames held in between. That no Ack leaves
// too early is an invariant of the world, checked in every step of every test.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <memory>
#include <variant>

#include "lib/ppp/control_packet.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::SessionEntry;
using controlplane::SessionKey;
using CallState = FakeLac::CallState;

constexpr Duration kSlow = Duration::Milliseconds(400);
constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(200);
const Bytes kEchoRequest = {0xc0, 0x21, ppp::kEchoRequest, 1, 0, 8, 1, 2, 3, 4};

class OpeningTest : public testing::Test {
 protected:
  OpeningTest() { settings_.dataplane.min_delay = settings_.dataplane.max_delay = kSlow; }
  void TearDown() override {
    EXPECT_EQ(world_->violation(), "");
    if (lac_->established()) lac_->Close({.result = 1}, world_->now());
    world_->RunFor(kLong);
    EXPECT_EQ(world_->Leftover(), "");
  }
  // Until the Ack of the call's IPCP is held.
  void RunUntilHeld() {
    world_ = std::make_unique<World>(settings_);
    lac_ = &world_->AddLac();
    lac_->Open(world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
    call_ = &lac_->Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return Held() > 0; }, kSoon));
    key_ = world_->engine().Sessions().at(0).key;
    ASSERT_FALSE(Entry().ipv4_open);
  }
  uint64_t Held() const { return world_->Counter("lns.ppp-held"); }
  const SessionEntry& Entry() const { return *world_->dataplane().Find(key_); }
  bool RunUntilOnline(Duration limit = kSoon) {
    return world_->RunUntil([&] { return call_->state == CallState::kOnline; }, limit);
  }
  void Deliver(const Bytes& frame) {
    world_->Call([&](auto& engine, auto& out) { engine.OnPpp(key_, frame, world_->now(), out); });
  }
  void Program(uint16_t revision, const absl::Status& status) {
    world_->Call([&](auto& engine, auto& out) {
      engine.OnSessionProgrammed(key_, revision, status, world_->now(), out);
    });
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
  FakeLac::Call* call_ = nullptr;
  SessionKey key_;
};

TEST_F(OpeningTest, TheAckWaitsForTheDataPlane) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  world_->RunFor(kSlow - Duration::Milliseconds(100));
  EXPECT_FALSE(Entry().ipv4_open);
  EXPECT_NE(call_->state, CallState::kOnline);
  ASSERT_TRUE(RunUntilOnline());
  EXPECT_TRUE(Entry().ipv4_open);
  ASSERT_EQ(Entry().prefixes.size(), 1u);
  EXPECT_EQ(Entry().prefixes[0], net::IpPrefix::Host(net::IpAddress::V4(call_->address)));
}

TEST_F(OpeningTest, HeldFramesLeaveInOrderAtTheWordOnTheNewestEntry) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  // Frames are still received, and answered behind the Ack.
  const uint64_t held = Held();
  for (uint8_t id = 1; id <= 3; ++id) {
    Bytes echo = kEchoRequest;
    echo[3] = id;
    Deliver(echo);
  }
  EXPECT_EQ(Held(), held + 3);
  const uint16_t revision = Entry().revision;
  controlplane::EngineActions out;
  world_->Call([&](auto& engine, auto&) {
    // Word on the entry with everything closed is not the word that is waited for.
    engine.OnSessionProgrammed(key_, revision, absl::OkStatus(), world_->now(), out);
    EXPECT_TRUE(out.empty());
    engine.OnSessionProgrammed(key_, static_cast<uint16_t>(revision + 1), absl::OkStatus(),
                               world_->now(), out);
  });
  ASSERT_EQ(out.size(), held + 3);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto& frame = std::get<controlplane::SendPpp>(out[i]).frame;
    if (i < held) continue;
    EXPECT_EQ(frame[2], ppp::kEchoReply);
    EXPECT_EQ(frame[3], 1 + i - held);
  }
  EXPECT_EQ(std::get<controlplane::SendPpp>(out[0]).frame[2], ppp::kConfigureAck);
  // Taken out of the world: for the subscriber they are lost, and PPP repeats what matters.
  ASSERT_TRUE(RunUntilOnline(Duration::Seconds(20)));
}

TEST_F(OpeningTest, HeldFramesAreBounded) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  for (int i = 0; i < 40; ++i) Deliver(kEchoRequest);
  EXPECT_EQ(Held(), settings_.engine.max_held_frames_per_session);
  EXPECT_EQ(world_->Counter("lns.ppp-held-dropped"),
            40 + 1 - settings_.engine.max_held_frames_per_session);
  ASSERT_TRUE(RunUntilOnline());
}

TEST_F(OpeningTest, HeldFramesAreBoundedInAll) {
  settings_.engine.max_held_frames = 2;
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  for (int i = 0; i < 5; ++i) Deliver(kEchoRequest);
  EXPECT_EQ(Held(), 2u);
  ASSERT_TRUE(RunUntilOnline());
}

TEST_F(OpeningTest, ARefusalEndsTheCall) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  Program(Entry().revision + 1, absl::AlreadyExistsError("100.64.0.2/32"));
  ASSERT_TRUE(world_->RunUntil([&] { return call_->state == CallState::kEnded; }, kSoon));
  EXPECT_EQ(call_->address, 0u);
  EXPECT_EQ(call_->closed->result, 2);
  EXPECT_EQ(call_->closed->error, 6);
  EXPECT_TRUE(world_->Logged("forwarding refused the session, 100.64.0.2/32"));
}

TEST_F(OpeningTest, ADataPlaneThatLostTheTunnelGetsItAgain) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  world_->KillDataplane();
  world_->dataplane().Return({}, {});  // up and empty, and nobody has refilled it
  ASSERT_TRUE(RunUntilOnline());
  EXPECT_GE(world_->Counter("lns.program-retry"), 1u);
  EXPECT_TRUE(Entry().ipv4_open);
}

TEST_F(OpeningTest, ARestartOfTheDataPlaneIsWaitedFor) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  world_->KillDataplane();
  world_->RunFor(Duration::Seconds(3));
  EXPECT_NE(call_->state, CallState::kOnline);
  world_->RestartDataplane();
  EXPECT_TRUE(Entry().ipv4_open);  // of the desired state
  ASSERT_TRUE(RunUntilOnline());
  EXPECT_GE(world_->Counter("lns.program-retry"), 2u);
  world_->RunFor(Duration::Seconds(20));
  EXPECT_EQ(call_->state, CallState::kOnline);
}

TEST_F(OpeningTest, ADataPlaneThatStaysAwayEndsTheCall) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  const Instant held = world_->now();
  world_->KillDataplane();
  ASSERT_TRUE(world_->RunUntil([&] { return world_->engine().Sessions().empty(); }, kLong));
  EXPECT_EQ((world_->now() - held).milliseconds(), settings_.engine.program_timeout.milliseconds());
  EXPECT_EQ(world_->Counter("lns.session-closed.dataplane-away"), 1u);
  world_->RestartDataplane();
}

TEST_F(OpeningTest, TheLacHangsUpMeanwhile) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  lac_->Hangup(*call_, world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(world_->engine().Counts().sessions, 0u);
  EXPECT_EQ(world_->Counter("lns.confirmation-late"), 1u);
}

TEST_F(OpeningTest, AnOperatorClearsMeanwhile) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  const Instant cleared = world_->now();
  world_->Call([&](auto& engine, auto& out) {
    EXPECT_TRUE(engine.ClearSession(key_, world_->now(), out).ok());
  });
  ASSERT_TRUE(world_->RunUntil([&] { return call_->state == CallState::kEnded; }, kSoon));
  EXPECT_EQ(call_->address, 0u);
  // The subscriber was told, and its answer brought the CDN, not the time-out.
  EXPECT_LT((world_->now() - cleared).milliseconds(), kSlow.milliseconds());
  EXPECT_EQ(call_->closed->result, 3);
}

TEST_F(OpeningTest, AnAckThatDoesNotStandAnyMoreIsNotSent) {
  ASSERT_NO_FATAL_FAILURE(RunUntilHeld());
  // The subscriber asks for another address after all: Nak'ed, and the Ack before it is void.
  Deliver({0x80, 0x21, ppp::kConfigureRequest, 99, 0, 10, 3, 6, 10, 9, 9, 9});
  const uint16_t closed = Entry().revision;
  world_->RunFor(kSlow * 2);
  EXPECT_FALSE(Entry().ipv4_open);
  EXPECT_EQ(Entry().revision, closed + 2);
  EXPECT_NE(call_->state, CallState::kOnline);
  ASSERT_TRUE(RunUntilOnline(Duration::Seconds(20)));
}

TEST_F(OpeningTest, BothProtocolsWaitForTheNewestEntry) {
  settings_.engine.ppp.ipv6 = true;
  world_ = std::make_unique<World>(settings_);
  FakeLacSettings settings;
  settings.endpoint = {net::IpAddress::V4(0xc633640b), 1701};
  settings.tunnel.host_name = "lac";
  settings.ppp.ipv6 = true;
  lac_ = &world_->AddLac(settings);
  lac_->Open(world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
  call_ = &lac_->Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return call_->state == CallState::kOnline && call_->ipv6_up; },
                               kSoon));
  key_ = world_->engine().Sessions().at(0).key;
  EXPECT_TRUE(Entry().ipv4_open);
  EXPECT_TRUE(Entry().ipv6_open);
}

}  // namespace
}  // namespace lns::test
