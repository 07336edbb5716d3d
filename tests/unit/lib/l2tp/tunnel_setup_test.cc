// How tunnels come up, refuse to, notice a dead peer, and end.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>

#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

// The StopCCN in `datagram`.
ResultCode StopCcnOf(const Bytes& datagram) {
  const DecodedMessage decoded = Decode(datagram);
  EXPECT_EQ(decoded.message.type, MessageType::kStopCcn);
  return decoded.message.result;
}

Bytes Sccrq(const Message& changes, AvpSet without = {}) {
  Message message = changes;
  message.type = MessageType::kSccrq;
  if (message.protocol_version == 0) message.protocol_version = kProtocolVersion1;
  message.host_name = "lac";
  message.assigned_tunnel_id = kLacTunnel.value();
  message.present = (message.present | RowOf(MessageType::kSccrq).must).Without(without);
  return EncodeMessage(message, PeerTunnelId(), PeerSessionId(), nullptr);
}

class TunnelSetup : public testing::Test {
 protected:
  // The LNS's answer to `sccrq`.
  void Accept(const Bytes& sccrq) {
    pair.AcceptAtLns(sccrq);
    ASSERT_EQ(pair.lns.sent.size(), 1u);
  }
  void ExpectRefused(uint16_t result, uint16_t error) {
    const ResultCode code = StopCcnOf(pair.lns.sent.back());
    EXPECT_EQ(code.result, result);
    EXPECT_EQ(code.error, error);
    EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kClosing);
    EXPECT_TRUE(pair.lns.Last<TunnelClosed>());
    EXPECT_FALSE(pair.lns.Last<TunnelEstablished>());
  }

  TunnelPair pair;
};

TEST_F(TunnelSetup, AnotherSecretIsRefusedWithNotAuthorized) {
  pair.lac_settings.secret = "one";
  pair.lns_settings.secret = "two";
  pair.lac_settings.challenge = ChallengePolicy::kNever;  // so that the LNS is the one to refuse
  pair.OpenLac();
  pair.DeliverToLns();
  pair.DeliverToLac();
  pair.DeliverToLns();
  ExpectRefused(4, 0);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAuthResponseWrong));
  pair.Settle();
  ASSERT_TRUE(pair.lac.Last<TunnelClosed>());
  EXPECT_EQ(pair.lac.Last<TunnelClosed>()->result.result, 4);
}

TEST_F(TunnelSetup, TheLacChecksTheLnsToo) {
  pair.lac_settings.secret = "one";
  pair.lns_settings.secret = "two";
  pair.OpenLac();
  pair.DeliverToLns();
  pair.DeliverToLac();
  EXPECT_EQ(StopCcnOf(pair.lac.sent.back()).result, 4);
  EXPECT_TRUE(pair.lac.Counted(L2tpEvent::kAuthResponseWrong));
}

TEST_F(TunnelSetup, AnUnansweredChallengeIsRefusedWithNotAuthorized) {
  pair.lns_settings.secret = "secret";
  Accept(Sccrq({}));
  EXPECT_TRUE(Decode(pair.lns.sent.back()).message.Has(AvpType::kChallenge));
  Bytes scccn = EncodeMessage({.type = MessageType::kScccn}, PeerTunnelId(kLnsTunnel.value()),
                              PeerSessionId(), nullptr);
  StoreBe16(scccn.data() + kControlNsOffset, 1);
  StoreBe16(scccn.data() + kControlNrOffset, 1);
  pair.InjectToLns(scccn);
  EXPECT_EQ(Decode(pair.lns.sent.back()).message.type, MessageType::kStopCcn);
  ExpectRefused(4, 0);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAuthResponseMissing));
}

TEST_F(TunnelSetup, AChallengeWithoutASecretHereIsRefused) {
  Accept(Sccrq({.present = AvpSet::Of(AvpType::kChallenge), .challenge = {1, 2}}));
  ExpectRefused(4, 0);
}

TEST_F(TunnelSetup, ChallengesAreFreshPerTunnel) {
  pair.lns_settings.secret = "secret";
  Accept(Sccrq({}));
  const Bytes first = Decode(pair.lns.sent.back()).message.challenge;
  pair.lns.sent.clear();
  Accept(Sccrq({}));
  EXPECT_NE(Decode(pair.lns.sent.back()).message.challenge, first);
}

TEST_F(TunnelSetup, ChallengeIfOfferedChallengesOnlyWhoChallengesUs) {
  pair.lns_settings.secret = "secret";
  pair.lns_settings.challenge = ChallengePolicy::kIfOffered;
  Accept(Sccrq({}));
  EXPECT_FALSE(Decode(pair.lns.sent.back()).message.Has(AvpType::kChallenge));
  pair.lns.sent.clear();
  Accept(Sccrq({.present = AvpSet::Of(AvpType::kChallenge), .challenge = {1, 2}}));
  const Message sccrp = Decode(pair.lns.sent.back()).message;
  EXPECT_TRUE(sccrp.Has(AvpType::kChallengeResponse));
  EXPECT_TRUE(sccrp.Has(AvpType::kChallenge));
}

TEST_F(TunnelSetup, ChallengeIfOfferedChallengesNobodyWeCall) {
  pair.lac_settings.secret = "secret";
  pair.lac_settings.challenge = ChallengePolicy::kIfOffered;
  pair.OpenLac();
  EXPECT_FALSE(Decode(pair.lac.sent.back()).message.Has(AvpType::kChallenge));
}

TEST_F(TunnelSetup, AnotherProtocolVersionIsToldOurs) {
  Accept(Sccrq({.protocol_version = 0x0200}));
  ExpectRefused(5, 0x0100);
}

TEST_F(TunnelSetup, AWindowOfZeroIsRefused) {
  Accept(Sccrq({.present = AvpSet::Of(AvpType::kReceiveWindowSize)}));
  ExpectRefused(2, 3);
}

TEST_F(TunnelSetup, AMissingMandatoryAvpIsRefusedByName) {
  Accept(Sccrq({}, AvpSet::Of(AvpType::kProtocolVersion)));
  ExpectRefused(2, 6);
  EXPECT_NE(StopCcnOf(pair.lns.sent.back()).message.find("Protocol Version"), std::string::npos);
}

TEST_F(TunnelSetup, MissingFramingCapabilitiesAreTolerated) {
  Accept(Sccrq({}, AvpSet::Of(AvpType::kFramingCapabilities)));
  EXPECT_EQ(Decode(pair.lns.sent.back()).message.type, MessageType::kSccrp);
  EXPECT_EQ(pair.lns.tunnel->peer_window(), 4);  // and no Receive Window Size means four
}

TEST_F(TunnelSetup, RefuseSaysWhyAndEnds) {
  const Bytes sccrq = Sccrq({});
  pair.lns.tunnel =
      Tunnel::Refuse(pair.lns_settings, kLnsTunnel, sccrq, MakeResult(StopCcnResult::kShuttingDown),
                     pair.rng, pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  Header header;
  ASSERT_EQ(ParseHeader(pair.lns.sent.back(), header), HeaderError::kNone);
  EXPECT_EQ(header.tunnel_id, kLacTunnel.value());
  ExpectRefused(6, 0);
  // Never acknowledged: sent again five times, then released.
  while (!pair.lns.Last<TunnelReleased>()) {
    pair.now = pair.lns.tunnel->NextDeadline();
    ASSERT_NE(pair.now, Instant::Never());
    pair.lns.tunnel->OnTimer(pair.now, pair.actions);
    pair.lns.Take(pair.actions, pair.to_lac);
  }
  EXPECT_EQ(pair.lns.sent.size(), 6u);
  EXPECT_EQ(pair.lns.All<TunnelClosed>().size(), 1u);
}

TEST_F(TunnelSetup, ARepeatedSccrqGetsTheSccrpAgainAndNoSecondTunnel) {
  const Bytes sccrq = Sccrq({});
  Accept(sccrq);
  pair.InjectToLns(sccrq);
  ASSERT_EQ(pair.lns.sent.size(), 2u);
  EXPECT_EQ(pair.lns.sent[0], pair.lns.sent[1]);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kWaitCtlConn);
}

TEST_F(TunnelSetup, ANewSccrqInEstablishedEndsTheTunnel) {
  pair.Establish();
  Bytes sccrq = Sccrq({});
  StoreBe16(sccrq.data() + 4, kLnsTunnel.value());
  StoreBe16(sccrq.data() + kControlNsOffset, pair.lns.tunnel->nr());
  StoreBe16(sccrq.data() + kControlNrOffset, pair.lns.tunnel->ns());
  pair.InjectToLns(sccrq);
  EXPECT_EQ(StopCcnOf(pair.lns.sent.back()).result, 7);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kClosing);
  EXPECT_TRUE(pair.lns.Last<TunnelClosed>());
}

TEST_F(TunnelSetup, APeerThatOnlyAcknowledgesIsGivenUp) {
  Accept(Sccrq({}));
  Bytes zlb(kControlHeaderLength);
  ASSERT_NE(WriteHeader(ControlHeader(kLnsTunnel.value(), 0, 1, 1), 0, zlb), 0u);
  pair.InjectToLns(zlb);
  pair.now = pair.lns.tunnel->NextDeadline();
  pair.lns.tunnel->OnTimer(pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kTunnelSetupTimeout));
  EXPECT_EQ(StopCcnOf(pair.lns.sent.back()).result, 1);
  EXPECT_EQ(pair.lns.Last<TunnelClosed>()->end, TunnelEnd::kSetupTimeout);
  EXPECT_FALSE(pair.lns.Last<TunnelClosed>()->timed_out);
}

TEST_F(TunnelSetup, HelloIsSentAfterSilenceOnlyAndADeadPeerIsNoticed) {
  pair.Establish();
  const Instant heard = pair.now - Duration::Milliseconds(50);
  pair.Pass(Duration::Seconds(30));
  pair.lns.tunnel->OnDataSeen(pair.now);
  EXPECT_EQ(pair.lns.tunnel->NextDeadline(), pair.now + Duration::Seconds(60));
  EXPECT_GT(pair.lns.tunnel->NextDeadline(), heard + Duration::Seconds(60));

  const size_t before = pair.lns.sent.size();
  const Instant start = pair.now;
  while (!pair.lns.Last<TunnelReleased>()) {
    pair.now = pair.lns.tunnel->NextDeadline();
    ASSERT_NE(pair.now, Instant::Never());
    pair.lns.tunnel->OnTimer(pair.now, pair.actions);
    pair.lns.Take(pair.actions, pair.to_lac);
  }
  EXPECT_EQ(Decode(pair.lns.sent.at(before)).message.type, MessageType::kHello);
  EXPECT_EQ(pair.lns.sent.size(), before + 6);
  EXPECT_EQ((pair.now - start).milliseconds(), 60'000 + 31'000);
  ASSERT_TRUE(pair.lns.Last<TunnelClosed>());
  EXPECT_TRUE(pair.lns.Last<TunnelClosed>()->timed_out);
}

TEST_F(TunnelSetup, AnAnsweredHelloKeepsTheTunnel) {
  pair.Establish();
  pair.Pass(Duration::Seconds(600));
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
  EXPECT_EQ(pair.lac.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelSetup, NoHelloWhenTheIntervalIsZero) {
  pair.lac_settings.hello_interval = pair.lns_settings.hello_interval = Duration();
  pair.Establish();
  EXPECT_EQ(pair.lns.tunnel->NextDeadline(), Instant::Never());
}

TEST_F(TunnelSetup, AMalformedMessageEndsTheTunnelWithLengthIsWrong) {
  pair.Establish();
  Bytes hello = EncodeMessage({.type = MessageType::kHello}, PeerTunnelId(kLnsTunnel.value()),
                              PeerSessionId(), nullptr);
  hello[kControlHeaderLength + 1] = 5;
  StoreBe16(hello.data() + kControlNsOffset, pair.lns.tunnel->nr());
  StoreBe16(hello.data() + kControlNrOffset, pair.lns.tunnel->ns());
  pair.InjectToLns(hello);
  const ResultCode code = StopCcnOf(pair.lns.sent.back());
  EXPECT_EQ(code.result, 2);
  EXPECT_EQ(code.error, 2);
}

TEST_F(TunnelSetup, ARetainedTunnelAcknowledgesARepeatedStopCcn) {
  pair.Establish();
  pair.lac.tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  const Bytes stop_ccn = pair.to_lns.front();
  pair.DeliverToLns();
  ASSERT_TRUE(IsZlb(pair.lns.sent.back()));
  const Bytes ack = pair.lns.sent.back();
  pair.lns.sent.clear();
  pair.InjectToLns(stop_ccn);
  ASSERT_EQ(pair.lns.sent.size(), 1u);
  EXPECT_EQ(pair.lns.sent[0], ack);
}

TEST_F(TunnelSetup, DatagramsForAnotherTunnelChangeNothing) {
  pair.Establish();
  const uint16_t nr = pair.lns.tunnel->nr();
  Bytes hello =
      EncodeMessage({.type = MessageType::kHello}, PeerTunnelId(0x7777), PeerSessionId(), nullptr);
  StoreBe16(hello.data() + kControlNsOffset, nr);
  pair.InjectToLns(hello);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kWrongTunnelId));
  EXPECT_EQ(pair.lns.tunnel->nr(), nr);
}

TEST(PeekSccrq, ReadsWhoIsCalling) {
  const auto info =
      PeekSccrq(Sccrq({.present = AvpSet::Of(AvpType::kVendorName), .vendor_name = "acme"}));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->peer_tunnel_id.value(), kLacTunnel.value());
  EXPECT_EQ(info->host_name, "lac");
  EXPECT_EQ(info->vendor_name, "acme");
}

TEST(PeekSccrq, RefusesWhatIsNoneOrSaysTooLittle) {
  EXPECT_EQ(PeekSccrq(Bytes{1, 2, 3}).error(), SccrqError::kNotSccrq);
  EXPECT_EQ(PeekSccrq(EncodeMessage({.type = MessageType::kHello}, PeerTunnelId(), PeerSessionId(),
                                    nullptr))
                .error(),
            SccrqError::kNotSccrq);
  EXPECT_EQ(PeekSccrq(Sccrq({}, AvpSet::Of(AvpType::kHostName))).error(), SccrqError::kMalformed);
  EXPECT_EQ(PeekSccrq(Sccrq({}, AvpSet::Of(AvpType::kAssignedTunnelId))).error(),
            SccrqError::kMalformed);
}

}  // namespace
}  // namespace lns::l2tp
