// What is said of per-hop behaviours where the peer asks for them (RFC 3308).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/avps.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

constexpr LocalSessionId kLacSession{5};
constexpr LocalSessionId kLnsSession{9};

class DiffServAnswer : public testing::Test {
 protected:
  DiffServAnswer() { pair.lac_settings.accept_outgoing_calls = true; }

  // The LNS's answer to an SCCRQ that asks for DSCP 46, or does not ask.
  Message SccrpTo(bool asks) {
    Avps sccrq = GoodSccrq();
    if (asks) sccrq.Optional(47, {0xb8, 0});
    pair.AcceptAtLns(sccrq.Datagram(0, 0, 0, 0));
    const Message sccrp = Decode(pair.lns.LastMessage()).message;
    EXPECT_EQ(sccrp.type, MessageType::kSccrp);
    return sccrp;
  }
  Message IcrpTo(const CallInfo& info) {
    pair.Establish();
    pair.Call(kLacSession, kLnsSession, info);
    const Message icrp = Decode(pair.lns.LastMessage()).message;
    EXPECT_EQ(icrp.type, MessageType::kIcrp);
    return icrp;
  }

  TunnelPair pair;
};

TEST_F(DiffServAnswer, AnSccrpSaysWhatOursIsToAPeerThatAsks) {
  pair.lns_settings.control_dscp = 48;
  const Message sccrp = SccrpTo(/*asks=*/true);
  ASSERT_TRUE(sccrp.Has(AvpType::kControlConnectionDs));
  EXPECT_EQ(sccrp.control_dscp, 48);
}

TEST_F(DiffServAnswer, AnSccrpSaysNothingToAPeerThatDoesNotAsk) {
  pair.lns_settings.control_dscp = 48;
  EXPECT_FALSE(SccrpTo(/*asks=*/false).Has(AvpType::kControlConnectionDs));
}

TEST_F(DiffServAnswer, WithoutTheSettingNothingIsAnsweredOrGranted) {
  EXPECT_FALSE(SccrpTo(/*asks=*/true).Has(AvpType::kControlConnectionDs));
  pair.lns.tunnel.reset();
  pair.to_lac.clear();
  EXPECT_FALSE(IcrpTo({.session_dscp = 46}).Has(AvpType::kSessionDs));
}

TEST_F(DiffServAnswer, AnIcrpGrantsWhatTheCallAsksFor) {
  pair.lns_settings.accept_session_dscp = true;
  const Message icrp = IcrpTo({.session_dscp = 46});
  ASSERT_TRUE(icrp.Has(AvpType::kSessionDs));
  EXPECT_EQ(icrp.call.session_dscp, 46);
}

TEST_F(DiffServAnswer, AnIcrpGrantsNothingUnasked) {
  pair.lns_settings.accept_session_dscp = true;
  EXPECT_FALSE(IcrpTo({}).Has(AvpType::kSessionDs));
}

// A behaviour without a DSCP cannot be given.
TEST_F(DiffServAnswer, ABehaviourThatHasNoDscpIsNotGranted) {
  pair.lns_settings.accept_session_dscp = true;
  pair.Establish();
  Bytes icrq = GoodIcrq().Optional(48, {0x12, 0x31}).Datagram(kLnsTunnel.value());
  StoreBe16(icrq.data() + kControlNsOffset, pair.lns.tunnel->nr());
  StoreBe16(icrq.data() + kControlNrOffset, pair.lns.tunnel->ns());
  pair.InjectToLns(icrq);
  const auto call = pair.lns.Last<IncomingCall>();
  ASSERT_TRUE(call);
  ASSERT_TRUE(
      pair.lns.tunnel->AcceptCall(call->peer_session_id, kLnsSession, pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  const Message icrp = Decode(pair.lns.LastMessage()).message;
  EXPECT_EQ(icrp.type, MessageType::kIcrp);
  EXPECT_FALSE(icrp.Has(AvpType::kSessionDs));
}

TEST_F(DiffServAnswer, AnOcrpGrantsWhatTheOcrqAsksFor) {
  pair.lac_settings.accept_session_dscp = true;
  pair.Establish();
  Message ocrq{.type = MessageType::kOcrq,
               .present = RowOf(MessageType::kOcrq).must,
               .assigned_session_id = kLnsSession.value()};
  ocrq.call.bearer_type = ocrq.call.framing_type = 1;
  ocrq.call.session_dscp = 10;
  ocrq.present.Add(AvpType::kSessionDs);
  pair.InjectToLac(TunnelPair::NextFor(pair.lac, ocrq));
  ASSERT_TRUE(pair.lac.tunnel->AcceptOutgoingCall(PeerSessionId(kLnsSession.value()), kLacSession,
                                                  pair.now, pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  const Message ocrp = Decode(pair.lac.LastMessage()).message;
  EXPECT_EQ(ocrp.type, MessageType::kOcrp);
  EXPECT_EQ(ocrp.call.session_dscp, 10);
}

}  // namespace
}  // namespace lns::l2tp
