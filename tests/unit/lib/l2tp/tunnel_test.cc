// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

TEST(Tunnel, EstablishesWithoutASecret) {
  TunnelPair pair;
  pair.Establish();
  EXPECT_TRUE(pair.lac.Last<TunnelEstablished>());
  EXPECT_TRUE(pair.lns.Last<TunnelEstablished>());
  EXPECT_EQ(pair.lac.tunnel->peer_id().value(), kLnsTunnel.value());
  EXPECT_EQ(pair.lns.tunnel->peer_id().value(), kLacTunnel.value());
  EXPECT_EQ(pair.lns.tunnel->peer_host_name(), "lac");
  EXPECT_EQ(pair.lns.tunnel->peer_vendor_name(), "Terminus");
  EXPECT_TRUE(pair.lac.events.empty());
  EXPECT_TRUE(pair.lns.events.empty());
}

TEST(Tunnel, EstablishesWithMutualAuthenticationAndHiddenAvps) {
  TunnelPair pair;
  pair.lac_settings.secret = pair.lns_settings.secret = "s3cret";
  pair.lac_settings.hide_avps = pair.lns_settings.hide_avps = true;
  pair.Establish();
}

TEST(Tunnel, AcknowledgesScccnByAZlbAtOnce) {
  TunnelPair pair;
  pair.OpenLac();
  pair.DeliverToLns();
  pair.DeliverToLac();
  const size_t before = pair.lns.sent.size();
  pair.DeliverToLns();
  ASSERT_EQ(pair.lns.sent.size(), before + 1);
  EXPECT_TRUE(IsZlb(pair.lns.sent.back()));
}

TEST(Tunnel, BringsACallUpAndAcknowledgesItsIccnAfterwards) {
  TunnelPair pair;
  pair.Establish();
  const CallInfo info{.call_serial_number = 7,
                      .called_number = "0800",
                      .calling_number = "0171",
                      .framing_type = 1,
                      .tx_connect_speed_bps = 100'000'000};
  pair.lac.tunnel->PlaceCall(LocalSessionId(5), info, pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  ASSERT_TRUE(pair.lns.Last<IncomingCall>());
  EXPECT_EQ(pair.lns.Last<IncomingCall>()->info.calling_number, "0171");
  ASSERT_TRUE(
      pair.lns.tunnel->AcceptCall(PeerSessionId(5), LocalSessionId(9), pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.DeliverToLac();
  EXPECT_TRUE(pair.lac.Last<SessionEstablished>());

  pair.lns.tunnel->OnDatagram(pair.to_lns.front(), pair.now, pair.actions);
  ASSERT_EQ(pair.actions.size(), 2u);
  const auto* established = std::get_if<SessionEstablished>(&pair.actions[0]);
  const auto* ack = std::get_if<SendDatagram>(&pair.actions[1]);
  ASSERT_NE(established, nullptr);
  ASSERT_NE(ack, nullptr);
  EXPECT_TRUE(IsZlb(ack->bytes));
  EXPECT_EQ(established->local_session_id, LocalSessionId(9));
  EXPECT_EQ(established->peer_session_id, PeerSessionId(5));
  EXPECT_EQ(established->info.call_serial_number, 7u);
  EXPECT_EQ(established->info.called_number, "0800");
  EXPECT_EQ(established->info.tx_connect_speed_bps, 100'000'000u);
  EXPECT_EQ(established->info.rx_connect_speed_bps, 100'000'000u);
  EXPECT_EQ(pair.lns.tunnel->session_state(LocalSessionId(9)), SessionState::kEstablished);
}

TEST(Tunnel, ClosesAndReleasesBothEnds) {
  TunnelPair pair;
  pair.Establish();
  pair.Call(LocalSessionId(5), LocalSessionId(9));
  pair.lac.tunnel->Close(MakeResult(StopCcnResult::kShuttingDown), pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kRetained);
  EXPECT_EQ(pair.lac.tunnel->state(), TunnelState::kRetained);
  ASSERT_TRUE(pair.lns.Last<TunnelClosed>());
  EXPECT_TRUE(pair.lns.Last<TunnelClosed>()->by_peer);
  EXPECT_EQ(pair.lns.Last<TunnelClosed>()->result.result, 6);
  ASSERT_TRUE(pair.lns.Last<SessionClosed>());
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
  EXPECT_FALSE(pair.lns.Last<TunnelReleased>());
  pair.Pass(Duration::Seconds(32));
  EXPECT_TRUE(pair.lns.Last<TunnelReleased>());
  EXPECT_TRUE(pair.lac.Last<TunnelReleased>());
  EXPECT_EQ(pair.lns.tunnel->NextDeadline(), Instant::Never());
  EXPECT_EQ(pair.lac.tunnel->NextDeadline(), Instant::Never());
}

}  // namespace
}  // namespace lns::l2tp
