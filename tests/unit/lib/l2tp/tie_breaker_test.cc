// Simultaneous opens (RFC 2661 4.4.3 Tie Breaker, 7.2.1): both sides send an SCCRQ before either
// has heard of the other's. The owner below does what any owner must with BreakTie.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>

#include "lib/l2tp/tunnel.h"
#include "tests/support/tunnel_node.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

TEST(TieBreaker, TheLowerValueWinsAndOneSideAloneWins) {
  constexpr auto kNone = std::nullopt;
  EXPECT_EQ(BreakTie(kNone, kNone), TieVerdict::kKeepBoth);
  EXPECT_EQ(BreakTie(5, kNone), TieVerdict::kKeepOurs);
  EXPECT_EQ(BreakTie(kNone, 5), TieVerdict::kKeepTheirs);
  EXPECT_EQ(BreakTie(5, 6), TieVerdict::kKeepOurs);
  EXPECT_EQ(BreakTie(6, 5), TieVerdict::kKeepTheirs);
  EXPECT_EQ(BreakTie(5, 5), TieVerdict::kDropBoth);
  // Unsigned, all 64 bits.
  EXPECT_EQ(BreakTie(0x8000000000000000, 1), TieVerdict::kKeepTheirs);
  EXPECT_EQ(BreakTie(0x100000000, 2), TieVerdict::kKeepTheirs);
}

TEST(TieBreaker, IsInTheSccrqNeitherMandatoryNorHidden) {
  TunnelPair pair;
  pair.lac_settings.tie_breaker = true;
  pair.lac_settings.secret = "secret";
  pair.lac_settings.hide_avps = true;
  pair.OpenLac();
  ASSERT_TRUE(pair.lac.tunnel->tie_breaker());
  bool found = false;
  for (const Avp& avp : AvpsOf(pair.lac.sent.front())) {
    if (avp.type != static_cast<uint16_t>(AvpType::kTieBreaker)) continue;
    found = true;
    EXPECT_FALSE(avp.mandatory);
    EXPECT_FALSE(avp.hidden);
    EXPECT_EQ(avp.value.size(), 8u);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(PeekSccrq(pair.lac.sent.front())->tie_breaker, pair.lac.tunnel->tie_breaker());
  pair.lns_settings.secret = "secret";
  pair.DeliverToLns();
  EXPECT_EQ(pair.lns.tunnel->tie_breaker(), pair.lac.tunnel->tie_breaker());
}

TEST(TieBreaker, IsAnotherForEachTunnelAndAbsentUnlessAskedFor) {
  TunnelPair pair;
  pair.OpenLac();
  EXPECT_FALSE(pair.lac.tunnel->tie_breaker());
  EXPECT_FALSE(PeekSccrq(pair.lac.sent.front())->tie_breaker);
  pair.lac_settings.tie_breaker = true;
  pair.OpenLac();
  const auto first = pair.lac.tunnel->tie_breaker();
  pair.OpenLac();
  EXPECT_NE(pair.lac.tunnel->tie_breaker(), first);
}

TEST(TieBreaker, TheLoserSaysNothing) {
  TunnelPair pair;
  pair.lac_settings.tie_breaker = true;
  pair.OpenLac();
  const size_t sent = pair.lac.sent.size();
  pair.lac.tunnel->Discard(pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  EXPECT_EQ(pair.lac.sent.size(), sent);
  ASSERT_TRUE(pair.lac.Last<TunnelClosed>());
  EXPECT_EQ(pair.lac.Last<TunnelClosed>()->end, TunnelEnd::kTieLost);
  EXPECT_FALSE(pair.lac.Last<TunnelClosed>()->timed_out);
  EXPECT_TRUE(pair.lac.Last<TunnelReleased>());
  EXPECT_EQ(pair.lac.tunnel->NextDeadline(), Instant::Never());
  // Once: and an established tunnel is not discarded, it is closed.
  pair.lac.tunnel->Discard(pair.now, pair.actions);
  EXPECT_TRUE(pair.actions.empty());
  TunnelPair up;
  up.Establish();
  up.lac.tunnel->Discard(up.now, up.actions);
  EXPECT_EQ(up.lac.tunnel->state(), TunnelState::kEstablished);
}

using test::TunnelNode;

struct Collision {
  bool a_has_tie_breaker;
  bool b_has_tie_breaker;
  size_t tunnels;
};

TEST(TieBreaker, CollidingOpensEndInOneTunnelOrTwo) {
  for (const Collision& row : std::to_array<Collision>(
           {{true, true, 1}, {true, false, 1}, {false, true, 1}, {false, false, 2}})) {
    SCOPED_TRACE(testing::Message() << row.a_has_tie_breaker << row.b_has_tie_breaker);
    SeededRng rng(7);
    const Instant now = Instant::FromNanoseconds(1);
    TunnelNode a(100, {.host_name = "a", .tie_breaker = row.a_has_tie_breaker}, rng);
    TunnelNode b(200, {.host_name = "b", .tie_breaker = row.b_has_tie_breaker}, rng);
    a.Open(now);
    b.Open(now);
    for (int round = 0; round < 20 && !(a.sent.empty() && b.sent.empty()); ++round) {
      std::deque<Bytes> from_a = std::move(a.sent);
      std::deque<Bytes> from_b = std::move(b.sent);
      a.sent.clear();
      b.sent.clear();
      for (const Bytes& datagram : from_a) b.OnDatagram(datagram, now);
      for (const Bytes& datagram : from_b) a.OnDatagram(datagram, now);
    }
    EXPECT_EQ(a.CountIn(TunnelState::kEstablished), row.tunnels);
    EXPECT_EQ(b.CountIn(TunnelState::kEstablished), row.tunnels);
    EXPECT_EQ(a.CountIn(TunnelState::kWaitCtlReply) + b.CountIn(TunnelState::kWaitCtlReply), 0u);
    EXPECT_EQ(a.stop_ccns + b.stop_ccns, 0u);
  }
}

// Two generators that give the same: both tunnels go, silently, and neither is accepted.
TEST(TieBreaker, EqualValuesDropBoth) {
  SeededRng rng_a(7);
  SeededRng rng_b(7);
  const Instant now = Instant::FromNanoseconds(1);
  TunnelNode a(100, {.host_name = "a", .tie_breaker = true}, rng_a);
  TunnelNode b(200, {.host_name = "b", .tie_breaker = true}, rng_b);
  a.Open(now);
  b.Open(now);
  const Bytes from_a = a.sent.front();
  const Bytes from_b = b.sent.front();
  a.sent.clear();
  b.sent.clear();
  a.OnDatagram(from_b, now);
  b.OnDatagram(from_a, now);
  EXPECT_TRUE(a.sent.empty() && b.sent.empty());
  EXPECT_EQ(a.tunnels() + b.tunnels(), 0u);
}

}  // namespace
}  // namespace lns::l2tp
