// HELLO and the ends of a tunnel whose peer falls silent (RFC 2661 5.5, 5.8, 6.5), and what may
// overtake what in a narrow window.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

class Keepalive : public testing::Test {
 protected:
  // Runs the LNS's timers alone, its datagrams lost, until the tunnel is released.
  void Starve() {
    while (!pair.lns.Last<TunnelReleased>()) {
      const Instant next = pair.lns.tunnel->NextDeadline();
      ASSERT_NE(next, Instant::Never());
      pair.now = std::max(pair.now, next);
      pair.lns.tunnel->OnTimer(pair.now, pair.actions);
      pair.lns.Take(pair.actions, pair.to_lac);
    }
  }
  size_t SentOf(MessageType type) const {
    size_t count = 0;
    for (const Bytes& datagram : pair.lns.sent) {
      count += !IsZlb(datagram) && Decode(datagram).message.type == type;
    }
    return count;
  }
  TunnelClosed Closed() const { return pair.lns.Last<TunnelClosed>().value_or(TunnelClosed{}); }

  TunnelPair pair;
};

TEST_F(Keepalive, AnUnansweredHelloIsTheCauseTold) {
  pair.Establish();
  Starve();
  EXPECT_EQ(Closed().end, TunnelEnd::kHelloUnanswered);
  EXPECT_TRUE(Closed().timed_out);
  EXPECT_NE(Closed().result.message.find("HELLO"), std::string::npos);
}

TEST_F(Keepalive, AnotherUnacknowledgedMessageIsToldByName) {
  pair.Establish();
  pair.Call(LocalSessionId(1), LocalSessionId(2));
  pair.lns.tunnel->SendLinkInfo({.local_session_id = LocalSessionId(2)}, pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  Starve();
  EXPECT_EQ(Closed().end, TunnelEnd::kUnacknowledged);
  EXPECT_NE(Closed().result.message.find("SLI"), std::string::npos);
  // Its session went with it, and nobody was told by StopCCN.
  ASSERT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_EQ(pair.lns.Last<SessionClosed>()->result.result, 1);
  EXPECT_EQ(SentOf(MessageType::kStopCcn), 0u);
}

TEST_F(Keepalive, APeerThatNeverWasThereIsUnreachable) {
  pair.OpenLac();
  pair.DeliverToLns();
  Starve();
  EXPECT_EQ(Closed().end, TunnelEnd::kUnreachable);
  EXPECT_NE(Closed().result.message.find("SCCRP"), std::string::npos);
}

TEST_F(Keepalive, NoHelloWhileAMessageIsUnacknowledged) {
  pair.lns_settings.hello_interval = Duration::Seconds(2);
  pair.lns_settings.max_retransmits_established = 3;
  pair.Establish();
  pair.Call(LocalSessionId(1), LocalSessionId(2));
  pair.lns.tunnel->SendLinkInfo({.local_session_id = LocalSessionId(2)}, pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  Starve();
  EXPECT_EQ(SentOf(MessageType::kHello), 0u);
  EXPECT_EQ(SentOf(MessageType::kSli), 4u);
}

TEST_F(Keepalive, HelloIsForTheTunnelAndCarriesNothingElse) {
  pair.Establish();
  pair.Pass(Duration::Seconds(61));
  ASSERT_GE(SentOf(MessageType::kHello) + pair.lac.sent.size(), 1u);
  for (const Bytes& datagram : pair.lns.sent) {
    if (IsZlb(datagram) || Decode(datagram).message.type != MessageType::kHello) continue;
    Header header;
    ASSERT_EQ(ParseHeader(datagram, header), HeaderError::kNone);
    EXPECT_EQ(header.session_id, 0);
    EXPECT_EQ(AvpsOf(datagram).size(), 1u);
  }
}

TEST_F(Keepalive, RetransmissionsAreCountedApartBeforeAndAfterTheTunnelIsUp) {
  pair.lns_settings.max_retransmits = 2;
  pair.lns_settings.max_retransmits_established = 7;
  pair.OpenLac();
  pair.DeliverToLns();
  Starve();
  EXPECT_EQ(SentOf(MessageType::kSccrp), 3u);

  TunnelPair up;
  up.lns_settings = pair.lns_settings;
  pair = std::move(up);
  pair.Establish();
  Starve();
  EXPECT_EQ(SentOf(MessageType::kHello), 8u);
}

TEST_F(Keepalive, AStopCcnIsSentAgainAsOftenAsBeforeTheTunnelWasUp) {
  pair.lns_settings.max_retransmits = 2;
  pair.lns_settings.max_retransmits_established = 7;
  pair.Establish();
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kShuttingDown), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  Starve();
  EXPECT_EQ(SentOf(MessageType::kStopCcn), 3u);
  EXPECT_EQ(pair.lns.All<TunnelClosed>().size(), 1u);
  EXPECT_EQ(Closed().end, TunnelEnd::kLocal);
}

TEST_F(Keepalive, DataIsASignOfLifeOnlyWhenTheSettingSaysSo) {
  pair.Establish();
  pair.Pass(Duration::Seconds(30));
  pair.lns.tunnel->OnDataSeen(pair.now);
  EXPECT_EQ(pair.lns.tunnel->NextDeadline(), pair.now + Duration::Seconds(60));
  pair.lns.tunnel->OnDataSeen(pair.now - Duration::Seconds(20));
  EXPECT_EQ(pair.lns.tunnel->NextDeadline(), pair.now + Duration::Seconds(60)) << "old news";

  TunnelPair strict;
  strict.lns_settings.data_is_life = false;
  strict.Establish();
  const Instant due = strict.lns.tunnel->NextDeadline();
  strict.Pass(Duration::Seconds(30));
  strict.lns.tunnel->OnDataSeen(strict.now);
  EXPECT_EQ(strict.lns.tunnel->NextDeadline(), due);
}

// Android's window (quirks): what waits for its turn must not hold up the end of the tunnel.
TEST_F(Keepalive, StopCcnOvertakesQueuedCallSetUpInAWindowOfOne) {
  pair.lac_settings.receive_window = 1;
  pair.Establish();
  for (uint16_t id = 1; id <= 5; ++id) {
    pair.lac.tunnel->PlaceCall(LocalSessionId(id), {}, pair.now, pair.actions);
    pair.lac.Take(pair.actions, pair.to_lns);
    while (!pair.to_lns.empty()) pair.DeliverToLns();
  }
  pair.Settle();
  pair.Pass(Duration::Seconds(1));
  ASSERT_EQ(pair.lns.All<IncomingCall>().size(), 5u);
  for (uint16_t id = 1; id <= 5; ++id) {
    ASSERT_TRUE(
        pair.lns.tunnel->AcceptCall(PeerSessionId(id), LocalSessionId(id), pair.now, pair.actions));
    pair.lns.Take(pair.actions, pair.to_lac);
  }
  EXPECT_EQ(SentOf(MessageType::kIcrp), 1u);  // the window is full, four wait
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kShuttingDown), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  EXPECT_EQ(SentOf(MessageType::kStopCcn), 0u);  // never two in flight
  pair.Settle();
  EXPECT_EQ(SentOf(MessageType::kIcrp), 1u);
  EXPECT_EQ(SentOf(MessageType::kStopCcn), 1u);
  ASSERT_TRUE(pair.lac.Last<TunnelClosed>());
  EXPECT_EQ(pair.lac.Last<TunnelClosed>()->result.result, 6);
  EXPECT_EQ(pair.lac.Last<TunnelClosed>()->end, TunnelEnd::kPeer);
}

TEST(TunnelEnd, EachHasAName) {
  for (int end = 0; end <= static_cast<int>(TunnelEnd::kTieLost); ++end) {
    EXPECT_STRNE(ToString(static_cast<TunnelEnd>(end)), "?");
  }
}

}  // namespace
}  // namespace lns::l2tp
