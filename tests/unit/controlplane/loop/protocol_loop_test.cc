// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/loop/protocol_loop.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class ProtocolLoopTest : public ::testing::Test {
 protected:
  static Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }
  void Punt(punt::PuntClass punt_class, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      transport.punted[static_cast<size_t>(punt_class)].push_back(
          {punt::FrameKind::kL2tpControl, absl::StrCat("c", static_cast<int>(punt_class)), {}});
    }
  }
  size_t Waiting(punt::PuntClass punt_class) const {
    return transport.punted[static_cast<size_t>(punt_class)].size();
  }

  Journal journal;
  FakeEngine engine;
  FakeDataplane dataplane{journal};
  FakeTransport transport{journal};
  FakeAuthenticator authenticator{journal};
  Mailbox mailbox;
  ProtocolLoop loop{
      {engine, dataplane, transport, authenticator, mailbox,
       [this](LogLevel, std::string_view text) { journal.push_back("log " + std::string(text)); }}};
};

TEST_F(ProtocolLoopTest, CarriesOutActionsInTheirOrderAcrossSeams) {
  transport.punted[0].push_back({punt::FrameKind::kL2tpControl, "ICRQ", {}});
  engine.reply = [](const std::string&, EngineActions& out) {
    out.push_back(ProgramTunnel{{.local_id = l2tp::LocalTunnelId(7)}});
    out.push_back(ProgramSession{{.key = Key(7, 9)}, true});
    out.push_back(SendControl{{}, Bytes{'Z', 'L', 'B'}});
    out.push_back(SendPpp{Key(7, 9), {}});
    out.push_back(LogLine{LogLevel::kInfo, "a call"});
    out.push_back(RemoveSession{Key(7, 9)});
    out.push_back(RemoveTunnel{l2tp::LocalTunnelId(7)});
    out.push_back(SetDraining{true});
  };
  loop.Turn(At(1));
  EXPECT_THAT(engine.calls, ElementsAre("control from 198.51.100.1:1701: ICRQ"));
  EXPECT_THAT(journal, ElementsAre("program tunnel 7", "program session 7/9 and confirm",
                                   "send control ZLB", "send ppp 7/9", "log a call",
                                   "remove session 7/9", "remove tunnel 7", "drain"));
}

TEST_F(ProtocolLoopTest, PppFramesReachTheirSession) {
  transport.punted[1].push_back({punt::FrameKind::kPpp, "lcp", Key(3, 4)});
  loop.Turn(At(1));
  EXPECT_THAT(engine.calls, ElementsAre("ppp of 3/4: lcp"));
}

TEST_F(ProtocolLoopTest, AFrameOfAnUnknownKindIsCountedAndNotPassedOn) {
  transport.punted[2].push_back({static_cast<punt::FrameKind>(99), "?", {}});
  loop.Turn(At(1));
  EXPECT_THAT(engine.calls, SizeIs(0));
  EXPECT_EQ(loop.unknown_frames(), 1u);
}

TEST_F(ProtocolLoopTest, AFloodOfOneClassDelaysTheOthersByAtMostOneBurst) {
  Punt(punt::PuntClass::kTunnelControl, 10 * ProtocolLoop::kTunnelControlBurst);
  Punt(punt::PuntClass::kSessionControl, 1);
  Punt(punt::PuntClass::kUnproven, 10 * ProtocolLoop::kUnprovenBurst);
  EXPECT_TRUE(loop.Turn(At(1)));
  EXPECT_EQ(Waiting(punt::PuntClass::kTunnelControl), 9 * ProtocolLoop::kTunnelControlBurst);
  EXPECT_EQ(Waiting(punt::PuntClass::kSessionControl), 0u);
  EXPECT_EQ(Waiting(punt::PuntClass::kUnproven), 9 * ProtocolLoop::kUnprovenBurst);
}

TEST_F(ProtocolLoopTest, ATurnRunsABoundedNumberOfCommands) {
  int ran = 0;
  for (size_t i = 0; i < ProtocolLoop::kCommandBurst + 3; ++i) {
    mailbox.Post([&ran](Engine&, Instant, EngineActions&) { ++ran; });
  }
  EXPECT_TRUE(loop.Turn(At(1)));
  EXPECT_EQ(ran, static_cast<int>(ProtocolLoop::kCommandBurst));
  EXPECT_FALSE(loop.Turn(At(2)));
  EXPECT_EQ(ran, static_cast<int>(ProtocolLoop::kCommandBurst) + 3);
}

TEST_F(ProtocolLoopTest, ActionsOfACommandAreCarriedOut) {
  mailbox.Post([](Engine&, Instant now, EngineActions& out) {
    EXPECT_EQ(now, Instant::FromNanoseconds(5));
    out.push_back(RemoveTunnel{l2tp::LocalTunnelId(1)});
  });
  loop.Turn(At(5));
  EXPECT_THAT(journal, ElementsAre("remove tunnel 1"));
}

TEST_F(ProtocolLoopTest, TheTimerRunsWhenDueAndNotBefore) {
  engine.deadline = At(100);
  EXPECT_EQ(loop.NextDeadline(), At(100));
  EXPECT_FALSE(loop.Turn(At(99)));
  EXPECT_THAT(engine.calls, SizeIs(0));
  loop.Turn(At(100));
  EXPECT_THAT(engine.calls, ElementsAre("timer 100"));
}

TEST_F(ProtocolLoopTest, ADeadlineThatIsStillDueBringsTheLoopBack) {
  engine.deadline = At(10);
  engine.reply = [this](const std::string&, EngineActions&) { engine.deadline = At(10); };
  EXPECT_TRUE(loop.Turn(At(10)));
}

TEST_F(ProtocolLoopTest, CredentialsAreCheckedAndTheVerdictReturnsInTheSameTurn) {
  authenticator.accept_at_once = true;
  transport.punted[1].push_back({punt::FrameKind::kPpp, "chap", Key(3, 4)});
  engine.reply = [](const std::string& call, EngineActions& out) {
    if (call.starts_with("ppp")) {
      out.push_back(AuthenticateUser{42, Key(3, 4), {.user_name = "alice"}});
    } else {
      out.push_back(ProgramSession{{.key = Key(3, 4)}, false});
    }
  };
  // Something may follow a verdict, so the loop comes back once more before it sleeps.
  EXPECT_TRUE(loop.Turn(At(1)));
  EXPECT_FALSE(loop.Turn(At(2)));
  EXPECT_THAT(engine.calls, ElementsAre("ppp of 3/4: chap", "verdict 42 yes"));
  EXPECT_THAT(journal, ElementsAre("authenticate alice", "program session 3/4"));
}

TEST_F(ProtocolLoopTest, WhatATurnSendsIsFlushedOnce) {
  Punt(punt::PuntClass::kTunnelControl, 5);
  loop.Turn(At(1));
  EXPECT_EQ(transport.flushes, 1);
}

TEST_F(ProtocolLoopTest, StopsOnlyWhenPeersKnowAndTheDataPlaneHasSettled) {
  engine.reply = [](const std::string& call, EngineActions& out) {
    if (call == "shutdown") out.push_back(SendControl{{}, Bytes{'S'}});
  };
  EXPECT_FALSE(loop.Stopped());
  loop.BeginShutdown(At(1));
  EXPECT_THAT(journal, ElementsAre("send control S"));
  EXPECT_EQ(transport.flushes, 1);
  EXPECT_FALSE(loop.Stopped());
  engine.shutdown_complete = true;
  dataplane.settled = false;
  EXPECT_FALSE(loop.Stopped());
  dataplane.settled = true;
  EXPECT_TRUE(loop.Stopped());
}

}  // namespace
}  // namespace lns::controlplane
