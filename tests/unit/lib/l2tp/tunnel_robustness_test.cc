// Datagrams that are no control message of this tunnel, or none at all, and peers that only take.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

class TunnelRobustness : public testing::Test {
 protected:
  Message LastFromLns() const { return Decode(pair.lns.LastMessage()).message; }
  static Bytes Icrq(const Side& to, uint16_t id) {
    return TunnelPair::NextFor(to, {.type = MessageType::kIcrq,
                                    .present = RowOf(MessageType::kIcrq).must,
                                    .assigned_session_id = id});
  }

  TunnelPair pair;
};

struct BadHeader {
  const char* what;
  L2tpEvent event;
  void (*spoil)(Bytes& hello);
};

TEST_F(TunnelRobustness, DatagramsWithABadHeaderAreCountedAndChangeNothing) {
  const auto rows = std::to_array<BadHeader>({
      {"cut inside the header", L2tpEvent::kHeaderTruncated, [](Bytes& d) { d.resize(7); }},
      {"L2F", L2tpEvent::kHeaderVersionL2f, [](Bytes& d) { d[1] = 1; }},
      {"L2TPv3", L2tpEvent::kHeaderVersionUnknown, [](Bytes& d) { d[1] = 3; }},
      {"control without S", L2tpEvent::kHeaderControlFlags, [](Bytes& d) { d[0] = 0xc0; }},
      {"control with O", L2tpEvent::kHeaderControlFlags, [](Bytes& d) { d[0] = 0xca; }},
      {"Length below the header", L2tpEvent::kHeaderLength, [](Bytes& d) { d[3] = 11; }},
      {"Length beyond the datagram", L2tpEvent::kHeaderLength, [](Bytes& d) { d[3] = 21; }},
      {"data with an offset beyond the datagram", L2tpEvent::kHeaderOffset,
       [](Bytes& d) {
         d[0] = 0x02;
         d[6] = 0xff;
       }},
      {"data", L2tpEvent::kNotControl, [](Bytes& d) { d[0] = 0; }},
  });
  pair.Establish();
  const size_t sent = pair.lns.sent.size();
  const uint16_t nr = pair.lns.tunnel->nr();
  for (const BadHeader& row : rows) {
    SCOPED_TRACE(row.what);
    Bytes datagram = TunnelPair::NextFor(pair.lns, {.type = MessageType::kHello});
    row.spoil(datagram);
    pair.lns.events.clear();
    pair.InjectToLns(datagram);
    EXPECT_EQ(pair.lns.events, std::vector<L2tpEvent>{row.event});
  }
  EXPECT_EQ(pair.lns.sent.size(), sent);
  EXPECT_EQ(pair.lns.tunnel->nr(), nr);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelRobustness, WhatFollowsTheLengthIsNoPartOfAMessage) {
  pair.Establish();
  Bytes hello = TunnelPair::NextFor(pair.lns, {.type = MessageType::kHello});
  hello.resize(hello.size() + 20, 0xff);
  const uint16_t nr = pair.lns.tunnel->nr();
  pair.InjectToLns(hello);
  EXPECT_EQ(pair.lns.tunnel->nr(), static_cast<uint16_t>(nr + 1));
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelRobustness, AFirstMessageThatIsNoSccrqIsAnsweredWithStopCcn) {
  pair.AcceptAtLns(
      EncodeMessage({.type = MessageType::kHello}, PeerTunnelId(), PeerSessionId(), nullptr));
  EXPECT_EQ(LastFromLns().type, MessageType::kStopCcn);
  EXPECT_EQ(LastFromLns().result.result, 7);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kClosing);

  pair.AcceptAtLns({1, 2, 3});
  EXPECT_EQ(LastFromLns().type, MessageType::kStopCcn);
  EXPECT_EQ(LastFromLns().result.error, 3);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kClosing);
}

TEST_F(TunnelRobustness, ACallBeforeTheTunnelIsUpIsIgnored) {
  pair.OpenLac();
  pair.DeliverToLns();
  ASSERT_EQ(pair.lns.tunnel->state(), TunnelState::kWaitCtlConn);
  pair.InjectToLns(Icrq(pair.lns, 5));
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kTunnelNotReady));
  EXPECT_FALSE(pair.lns.Last<IncomingCall>());
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kWaitCtlConn);
}

TEST_F(TunnelRobustness, AClosedTunnelAcknowledgesAndIgnores) {
  pair.Establish();
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kShuttingDown), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  const uint16_t nr = pair.lns.tunnel->nr();
  Bytes icrq = Icrq(pair.lns, 5);
  StoreBe16(icrq.data() + kControlNrOffset, 0);  // our StopCCN is not acknowledged yet
  pair.InjectToLns(icrq);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kTunnelClosedMessage));
  EXPECT_EQ(pair.lns.tunnel->nr(), static_cast<uint16_t>(nr + 1));
  pair.now = pair.lns.tunnel->NextDeadline();
  pair.lns.tunnel->OnTimer(pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  EXPECT_TRUE(IsZlb(pair.lns.sent.back()));
  EXPECT_FALSE(pair.lns.Last<IncomingCall>());
  // Closing again changes nothing.
  const size_t sent = pair.lns.sent.size();
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  EXPECT_EQ(pair.lns.sent.size(), sent);
  EXPECT_EQ(pair.lns.All<TunnelClosed>().size(), 1u);
}

TEST_F(TunnelRobustness, AnSccrpThatComesTooLateIsNoNewTunnel) {
  pair.OpenLac();
  pair.lac.tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.DeliverToLns();  // the SCCRQ
  pair.DeliverToLac();  // the SCCRP: now the StopCCN can be addressed
  EXPECT_TRUE(pair.lac.Counted(L2tpEvent::kTunnelClosedMessage));
  EXPECT_FALSE(pair.lac.Last<TunnelEstablished>());
  pair.Settle();
  EXPECT_EQ(pair.lac.tunnel->state(), TunnelState::kRetained);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kRetained);
}

TEST_F(TunnelRobustness, AReplyWithAnIdThatIsInUseEndsTheNewCall) {
  pair.Establish();
  pair.Call(LocalSessionId(1), LocalSessionId(9));
  pair.lac.tunnel->PlaceCall(LocalSessionId(2), {}, pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.to_lns.clear();
  pair.InjectToLac(TunnelPair::NextFor(pair.lac,
                                       {.type = MessageType::kIcrp,
                                        .present = RowOf(MessageType::kIcrp).must,
                                        .assigned_session_id = 9},
                                       2));
  EXPECT_TRUE(pair.lac.Counted(L2tpEvent::kSessionIdReused));
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->local_session_id, LocalSessionId(2));
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->result.error, 5);
  EXPECT_EQ(pair.lac.tunnel->session_state(LocalSessionId(1)), SessionState::kEstablished);
}

// Memory is bounded however often a peer asks and never acknowledges the answers.
TEST_F(TunnelRobustness, APeerThatAsksAndNeverAcknowledgesIsCutOff) {
  pair.lns_settings.max_sessions = 1;
  pair.Establish();
  const uint16_t acknowledged = pair.lns.tunnel->ns();
  constexpr int kTooMany = 20'000;
  int asked = 0;
  for (; asked < kTooMany && pair.lns.tunnel->state() == TunnelState::kEstablished; ++asked) {
    Bytes icrq = Icrq(pair.lns, static_cast<uint16_t>(asked + 1));
    StoreBe16(icrq.data() + kControlNrOffset, acknowledged);
    pair.InjectToLns(icrq);
    pair.lns.sent.clear();
    pair.to_lac.clear();
  }
  EXPECT_LT(asked, kTooMany);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSendQueueFull));
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kClosing);
  EXPECT_LE(pair.lns.tunnel->backlog(), 5u);  // what was sent, and the StopCCN
  ASSERT_TRUE(pair.lns.Last<TunnelClosed>());
  EXPECT_EQ(pair.lns.Last<TunnelClosed>()->end, TunnelEnd::kUnacknowledged);
  EXPECT_EQ(pair.lns.Last<TunnelClosed>()->result.error, 4);
}

TEST(States, EachHasAName) {
  for (size_t state = 0; state <= static_cast<size_t>(TunnelState::kRetained); ++state) {
    EXPECT_STRNE(ToString(static_cast<TunnelState>(state)), "?");
  }
  for (size_t state = 0; state <= static_cast<size_t>(SessionState::kEstablished); ++state) {
    EXPECT_STRNE(ToString(static_cast<SessionState>(state)), "?");
  }
}

}  // namespace
}  // namespace lns::l2tp
