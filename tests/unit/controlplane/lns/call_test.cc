// Calls against a real LAC and real subscribers: what comes online, in which order, and how each
// way of failing looks on the wire and in the log.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::SessionKey;
using controlplane::SessionView;
using CallState = FakeLac::CallState;

constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(200);

class CallTest : public testing::Test {
 protected:
  void TearDown() override {
    if (world_ != nullptr) {
      EXPECT_EQ(world_->violation(), "");
    }
  }
  // The tunnel is up when this returns.
  FakeLac& Start() {
    world_ = std::make_unique<World>(settings_);
    FakeLac& lac = world_->AddLac();
    lac.Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac.established(); }, kSoon));
    return lac;
  }
  FakeLac::Call& Dial(FakeLac& lac, const char* user = "alice", const char* password = "secret") {
    return lac.Place({.user_name = user, .password = password}, {}, world_->now());
  }
  bool RunUntilEnded(const FakeLac::Call& call, Duration limit = kLong) {
    return world_->RunUntil([&] { return call.state == CallState::kEnded; }, limit);
  }
  bool RunUntilOnline(const FakeLac::Call& call) {
    return world_->RunUntil(
        [&] {
          return call.state == CallState::kOnline && world_->engine().Counts().sessions_online > 0;
        },
        kSoon);
  }
  // The LAC closes its tunnel and everything must be given back.
  void ExpectNothingLeft(FakeLac& lac) {
    if (lac.established()) lac.Close({.result = 1}, world_->now());
    world_->RunFor(kLong);
    EXPECT_EQ(world_->Leftover(), "");
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
};

TEST_F(CallTest, SubscriberComesOnline) {
  FakeLac& lac = Start();
  FakeLac::Call& call = lac.Place({.user_name = "alice", .password = "secret"},
                                  {.call_serial_number = 77,
                                   .called_number = "0800",
                                   .calling_number = "555",
                                   .tx_connect_speed_bps = 1000000},
                                  world_->now());
  ASSERT_TRUE(RunUntilOnline(call));
  const auto sessions = world_->engine().Sessions();
  ASSERT_EQ(sessions.size(), 1u);
  const SessionView& session = sessions[0];
  EXPECT_EQ(session.state, "online");
  EXPECT_EQ(session.user_name, "alice");
  EXPECT_EQ(session.auth, ppp::AuthProtocol::kChapMd5);
  EXPECT_EQ(session.ipv4_address, net::IpAddress::V4(call.address));
  EXPECT_EQ(session.ipv4_address.ToString(), "100.64.0.2");  // .1 is the gateway
  EXPECT_EQ(session.peer_id.value(), call.id.value());
  EXPECT_EQ(session.call.call_serial_number, 77u);
  EXPECT_EQ(session.call.called_number, "0800");
  EXPECT_EQ(session.call.calling_number, "555");
  EXPECT_EQ(session.call.tx_connect_speed_bps, 1000000u);
  world_->RunFor(Duration::Milliseconds(20));
  const auto* entry = world_->dataplane().Find(session.key);
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->ipv4_open);
  EXPECT_FALSE(entry->ipv6_open);
  EXPECT_TRUE(world_->Logged("user alice) in tunnel"));
  EXPECT_TRUE(world_->Logged("online with 100.64.0.2"));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, SessionStaysOnlineOnEchoes) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  world_->RunFor(Duration::Seconds(3600));
  EXPECT_EQ(call.state, CallState::kOnline);
  EXPECT_EQ(world_->engine().Counts().sessions_online, 1u);
}

TEST_F(CallTest, PapIsAccepted) {
  settings_.engine.ppp.auth = {ppp::AuthProtocol::kPap};
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  EXPECT_EQ(world_->engine().Sessions()[0].auth, ppp::AuthProtocol::kPap);
}

TEST_F(CallTest, UnknownUserAndWrongPasswordLookAlikeOnTheWireOnly) {
  FakeLac& lac = Start();
  FakeLac::Call& unknown = Dial(lac, "mallory");
  FakeLac::Call& wrong = Dial(lac, "alice", "guess");
  ASSERT_TRUE(RunUntilEnded(unknown));
  ASSERT_TRUE(RunUntilEnded(wrong));
  for (const FakeLac::Call* call : {&unknown, &wrong}) {
    EXPECT_FALSE(call->authenticated);
    ASSERT_TRUE(call->closed);
    EXPECT_EQ(call->closed->result, 3);
    EXPECT_EQ(call->closed->message, "authentication failed");
  }
  EXPECT_EQ(unknown.link_message, wrong.link_message);
  EXPECT_TRUE(world_->Logged("authentication failed: unknown user, session"));
  EXPECT_TRUE(world_->Logged("(user mallory) in tunnel"));
  EXPECT_TRUE(world_->Logged("authentication failed: wrong password, session"));
  EXPECT_EQ(world_->Counter("lns.auth-rejected"), 2u);
  EXPECT_EQ(world_->Counter("lns.session-closed.ppp-auth-failed"), 2u);
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, ExhaustedPoolIsTemporaryLackOfFacilities) {
  settings_.engine.pools[0].prefix = *net::IpPrefix::Parse("100.64.0.0/30");  // one address
  FakeLac& lac = Start();
  FakeLac::Call& first = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(first));
  FakeLac::Call& second = Dial(lac, "bob");
  ASSERT_TRUE(RunUntilEnded(second));
  ASSERT_TRUE(second.closed);
  EXPECT_EQ(second.closed->result, 4);
  EXPECT_EQ(second.closed->message, "no address is free");
  EXPECT_TRUE(world_->Logged("(user bob) in tunnel"));
  EXPECT_TRUE(world_->Logged("closed: no address is free"));
  EXPECT_EQ(world_->Counter("lns.session-closed.pool-exhausted"), 1u);
  // The address is free again for the next one.
  lac.Hangup(first, world_->now());
  world_->RunFor(kSoon);
  FakeLac::Call& third = Dial(lac, "bob");
  ASSERT_TRUE(RunUntilOnline(third));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, FixedAddressIsGivenOnceAndAnUnknownPoolRefused) {
  settings_.users = {
      {.name = "fixed",
       .password = "secret",
       .service = {.ipv4_address = *net::IpAddress::Parse("203.0.113.7")}},
      {.name = "lost", .password = "secret", .service = {.ipv4_pools = {"nowhere"}}}};
  FakeLac& lac = Start();
  FakeLac::Call& first = Dial(lac, "fixed");
  ASSERT_TRUE(RunUntilOnline(first));
  EXPECT_EQ(net::IpAddress::V4(first.address).ToString(), "203.0.113.7");
  FakeLac::Call& second = Dial(lac, "fixed");
  FakeLac::Call& third = Dial(lac, "lost");
  ASSERT_TRUE(RunUntilEnded(second));
  ASSERT_TRUE(RunUntilEnded(third));
  EXPECT_EQ(second.closed->message, "the user's address is in use");
  EXPECT_EQ(third.closed->message, "the user's address pool does not exist");
  EXPECT_EQ(second.closed->result, 3);
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, FullSessionTableIsNoRoom) {
  settings_.engine.max_sessions = 2;
  FakeLac& lac = Start();
  FakeLac::Call* calls[] = {&Dial(lac), &Dial(lac), &Dial(lac)};
  ASSERT_TRUE(RunUntilEnded(*calls[2]));
  EXPECT_EQ(calls[2]->closed->result, 2);
  EXPECT_EQ(calls[2]->closed->error, 4);
  EXPECT_TRUE(world_->Logged("refused: no room for another session"));
  EXPECT_EQ(world_->Counter("lns.session-closed.session-table-full"), 1u);
  EXPECT_EQ(world_->engine().Counts().sessions, 2u);
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, RefusalsUnderOverloadAreLoggedOnceASecond) {
  settings_.engine.max_sessions = 1;
  FakeLac& lac = Start();
  for (int i = 0; i < 50; ++i) Dial(lac);
  world_->RunFor(Duration::Milliseconds(900));
  const auto lines = std::count_if(
      world_->log().begin(), world_->log().end(),
      [](const auto& line) { return line.find("refused: no room") != std::string::npos; });
  EXPECT_GE(world_->Counter("lns.session-closed.session-table-full"), 10u);
  EXPECT_EQ(lines, 1);
}

TEST_F(CallTest, SessionsPerTunnelAreLimited) {
  settings_.engine.peers[0].tunnel.max_sessions = 1;
  FakeLac& lac = Start();
  FakeLac::Call& first = Dial(lac);
  FakeLac::Call& second = Dial(lac);
  ASSERT_TRUE(RunUntilEnded(second));
  EXPECT_EQ(second.closed->result, 4);
  EXPECT_TRUE(world_->Logged("refused: this tunnel's session limit is reached"));
  ASSERT_TRUE(RunUntilOnline(first));
}

TEST_F(CallTest, DataplaneKnowsTheSessionBeforeThePeerDoes) {
  settings_.dataplane.min_delay = settings_.dataplane.max_delay = Duration::Milliseconds(300);
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  world_->RunFor(Duration::Milliseconds(250));
  EXPECT_EQ(world_->engine().Sessions().at(0).state, "wait-connect");
  EXPECT_EQ(lac.tunnel()->session_state(call.id), l2tp::SessionState::kWaitReply);
  ASSERT_TRUE(RunUntilOnline(call));
}

TEST_F(CallTest, FullDataplaneIsNoRoom) {
  settings_.dataplane.max_sessions = 1;
  FakeLac& lac = Start();
  FakeLac::Call& first = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(first));
  FakeLac::Call& second = Dial(lac);
  ASSERT_TRUE(RunUntilEnded(second));
  EXPECT_EQ(second.closed->result, 2);
  EXPECT_EQ(second.closed->error, 4);
  EXPECT_TRUE(world_->Logged("the forwarding table is full, session table full"));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, AbsentDataplaneIsWaitedForThenTemporaryLack) {
  FakeLac& lac = Start();
  world_->KillDataplane();
  FakeLac::Call& call = Dial(lac);
  world_->RunFor(Duration::Seconds(9));
  EXPECT_EQ(call.state, CallState::kPlaced);
  ASSERT_TRUE(RunUntilEnded(call, Duration::Seconds(2)));
  EXPECT_EQ(call.closed->result, 4);
  EXPECT_GE(world_->Counter("lns.program-retry"), 8u);
  world_->RestartDataplane();
  FakeLac::Call& next = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(next));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, CallOutlivesADataplaneRestart) {
  FakeLac& lac = Start();
  FakeLac::Call& before = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(before));
  world_->KillDataplane();
  FakeLac::Call& during = Dial(lac);
  world_->RunFor(Duration::Seconds(4));
  world_->RestartDataplane();
  ASSERT_TRUE(world_->RunUntil([&] { return during.state == CallState::kOnline; }, kSoon));
  world_->RunFor(kSoon);
  EXPECT_EQ(before.state, CallState::kOnline);
  for (const SessionView& session : world_->engine().Sessions()) {
    const auto* entry = world_->dataplane().Find(session.key);
    ASSERT_NE(entry, nullptr);
    EXPECT_TRUE(entry->ipv4_open);
  }
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, DataplaneMayRefuseASessionLater) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  const SessionKey key = world_->engine().Sessions()[0].key;
  const uint16_t revision = world_->dataplane().Find(key)->revision;
  world_->Call([&](auto& engine, auto& out) {
    engine.OnSessionProgrammed(key, revision, absl::UnavailableError("away"), world_->now(), out);
    engine.OnSessionProgrammed(key, revision, absl::OkStatus(), world_->now(), out);
  });
  world_->RunFor(kSoon);
  EXPECT_EQ(call.state, CallState::kOnline);
  world_->Call([&](auto& engine, auto& out) {
    engine.OnSessionProgrammed(key, revision, absl::AlreadyExistsError("100.64.0.2/32"),
                               world_->now(), out);
  });
  ASSERT_TRUE(RunUntilEnded(call));
  EXPECT_EQ(call.closed->result, 2);
  EXPECT_EQ(call.closed->error, 6);
  EXPECT_TRUE(world_->Logged("forwarding refused the session, 100.64.0.2/32"));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, WithdrawnCallIsForgottenBeforeItsAnswer) {
  settings_.dataplane.min_delay = settings_.dataplane.max_delay = Duration::Milliseconds(500);
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  world_->RunFor(Duration::Milliseconds(200));
  ASSERT_EQ(world_->engine().Counts().sessions, 1u);
  lac.Hangup(call, world_->now());
  world_->RunFor(Duration::Seconds(2));
  EXPECT_EQ(world_->engine().Counts().sessions, 0u);
  EXPECT_EQ(world_->Counter("lns.call-withdrawn"), 1u);
  EXPECT_EQ(world_->Counter("lns.confirmation-late"), 1u);
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, SubscriberHangsUp) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  lac.Terminate(call, world_->now());
  ASSERT_TRUE(RunUntilEnded(call));
  EXPECT_EQ(call.closed->result, 3);
  EXPECT_EQ(call.closed->message, "LCP terminated by the subscriber");
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, LacHangsUp) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  lac.Hangup(call, world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(world_->engine().Counts().sessions, 0u);
  EXPECT_EQ(world_->engine().Pools()[0].used, 0u);
  EXPECT_TRUE(world_->Logged("call disconnected by the LAC, result 1 \"carrier lost\""));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, SilentSubscriberIsCleared) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  call.link.reset();
  ASSERT_TRUE(RunUntilEnded(call));
  EXPECT_EQ(call.closed->result, 1);
  EXPECT_EQ(call.closed->message, "LCP echo was not answered");
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, TheDataPlaneDoesTheEchoesOfWhoIsOnline) {
  settings_.engine.ppp.echo_interval = Duration::Seconds(1);
  settings_.engine.ppp.echo_max_misses = 4;
  settings_.engine.ppp.echo_always = true;
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  const SessionKey key = world_->engine().Sessions().at(0).key;
  const auto* entry = world_->dataplane().Find(key);
  ASSERT_TRUE(entry != nullptr && entry->echo.has_value());
  EXPECT_NE(entry->echo->magic, 0u);
  EXPECT_EQ(entry->echo->interval_s, 1u);
  EXPECT_EQ(entry->echo->max_misses, 4);
  EXPECT_TRUE(entry->echo->always);
  const uint64_t by_link = world_->Counter("ppp.echo-sent");
  world_->RunFor(Duration::Seconds(100));
  EXPECT_EQ(world_->Counter("ppp.echo-sent"), by_link);
  EXPECT_NEAR(static_cast<double>(world_->echoes().sent()), 100, 2);
  EXPECT_EQ(call.state, CallState::kOnline);
  // Gone without a word: found after the fourth that is not answered.
  const Instant gone = world_->now();
  call.link.reset();
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counter("lns.echo-timeout") > 0; }, kLong));
  EXPECT_LE(world_->now() - gone, Duration::Seconds(6));
  ASSERT_TRUE(RunUntilEnded(call));
  EXPECT_EQ(call.closed->message, "LCP echo was not answered");
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, NobodyIsMissedWhileTheDataPlaneIsAway) {
  settings_.engine.ppp.echo_interval = Duration::Seconds(1);
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(RunUntilOnline(call));
  world_->KillDataplane();
  world_->RunFor(Duration::Seconds(30));
  world_->RestartDataplane();
  world_->RunFor(Duration::Seconds(30));
  EXPECT_EQ(call.state, CallState::kOnline);
  EXPECT_EQ(world_->Counter("lns.echo-timeout"), 0u);
}

// What the data plane has said of one that is gone, or is not its to judge.
TEST_F(CallTest, AStaleEchoTimeoutHarmsNobody) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  const auto tell = [&](const SessionKey& key) {
    world_->Call([&](auto& engine, auto& out) { engine.OnEchoTimeout(key, world_->now(), out); });
  };
  tell({l2tp::LocalTunnelId(9), l2tp::LocalSessionId(9)});
  ASSERT_TRUE(world_->RunUntil([&] { return !world_->engine().Sessions().empty(); }, kSoon));
  tell(world_->engine().Sessions().at(0).key);
  EXPECT_EQ(world_->Counter("lns.echo-timeout-stale"), 2u);
  ASSERT_TRUE(RunUntilOnline(call));
  const SessionKey key = world_->engine().Sessions().at(0).key;
  tell(key);
  tell(key);
  EXPECT_EQ(world_->Counter("lns.echo-timeout"), 1u);
  EXPECT_EQ(world_->Counter("lns.echo-timeout-stale"), 3u) << "it is closing by then";
}

TEST_F(CallTest, FrameThatOvertakesItsIccnIsKept) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  // Control is held back at the LNS from the ICRP on, PPP is not.
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kEstablished; }, kSoon));
  const SessionKey key = world_->engine().Sessions().at(0).key;
  ASSERT_EQ(world_->engine().Sessions()[0].state, "wait-connect");
  const Bytes configure_request = {0xc0, 0x21, 1, 9, 0, 4};
  for (int i = 0; i < 5; ++i) {
    world_->Call(
        [&](auto& engine, auto& out) { engine.OnPpp(key, configure_request, world_->now(), out); });
  }
  EXPECT_EQ(world_->Counter("lns.ppp-early-queued"), 4u);
  EXPECT_EQ(world_->Counter("lns.ppp-early-dropped"), 1u);
  ASSERT_TRUE(RunUntilOnline(call));
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, EarlyFramesAreBoundedInAll) {
  settings_.engine.max_early_frames = 0;
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kEstablished; }, kSoon));
  const SessionKey key = world_->engine().Sessions().at(0).key;
  world_->Call([&](auto& engine, auto& out) {
    engine.OnPpp(key, Bytes{0xc0, 0x21, 1, 9, 0, 4}, world_->now(), out);
  });
  EXPECT_EQ(world_->Counter("lns.ppp-early-queued"), 0u);
}

TEST_F(CallTest, FramesOfUnknownSessionsAreCounted) {
  Start();
  world_->Call([&](auto& engine, auto& out) {
    engine.OnPpp({l2tp::LocalTunnelId(1), l2tp::LocalSessionId(2)}, Bytes{0xc0, 0x21},
                 world_->now(), out);
  });
  EXPECT_EQ(world_->Counter("lns.ppp-unknown-session"), 1u);
}

TEST_F(CallTest, LateAndForeignVerdictsAreIgnored) {
  settings_.max_aaa_delay = Duration::Seconds(2);
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counter("lns.auth-asked") == 1; }, kSoon));
  world_->Call([&](auto& engine, auto& out) {
    for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, uint64_t{7} << 32 | 1}) {
      engine.OnAuthVerdict(id, {.accepted = true}, world_->now(), out);
    }
  });
  EXPECT_EQ(world_->Counter("lns.verdict-late"), 4u);
  EXPECT_FALSE(call.authenticated);
  lac.Hangup(call, world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(world_->Counter("lns.verdict-late"), 5u);
  ExpectNothingLeft(lac);
}

TEST_F(CallTest, ListingIsPagedInOrder) {
  FakeLac& lac = Start();
  for (int i = 0; i < 10; ++i) Dial(lac);
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->engine().Counts().sessions_online == 10; }, kSoon));
  const auto all = world_->engine().Sessions();
  std::vector<SessionKey> paged;
  SessionKey after;
  for (;;) {
    const auto page = world_->engine().SessionsAfter(after, 3);
    if (page.empty()) break;
    ASSERT_LE(page.size(), 3u);
    for (const SessionView& session : page) paged.push_back(session.key);
    after = paged.back();
  }
  ASSERT_EQ(paged.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(paged[i], all[i].key);
  EXPECT_EQ(world_->engine().FindSession(paged[4])->key, paged[4]);
  EXPECT_FALSE(world_->engine().FindSession({l2tp::LocalTunnelId(0), l2tp::LocalSessionId(1)}));
}

}  // namespace
}  // namespace lns::test
