// What a peer's profile lets pass, and what happens when it does not (RFC 2661 4.1, 7.1).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/avp.h"
#include "lib/l2tp/avp_hiding.h"
#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

constexpr uint16_t kUnknownAvp = 200;

class ToleranceTest : public testing::Test {
 protected:
  static Bytes With(Bytes datagram, const Avp& avp) {
    AppendAvp(datagram, avp);
    StoreBe16(datagram.data() + 2, static_cast<uint16_t>(datagram.size()));
    return datagram;
  }
  Message Icrq() const {
    return {.type = MessageType::kIcrq,
            .present = RowOf(MessageType::kIcrq).must,
            .assigned_session_id = 5};
  }
  void Inject(const Message& message, const Avp& avp, uint16_t session = 0) {
    pair.InjectToLns(With(TunnelPair::NextFor(pair.lns, message, session), avp));
  }
  Message LastFromLns() const { return Decode(pair.lns.LastMessage()).message; }

  TunnelPair pair;
};

// RFC 2661 4.1: a tunnel's message ends the tunnel, a session's the session.
TEST_F(ToleranceTest, AnUnknownMandatoryAvpInATunnelsMessageEndsTheTunnel) {
  pair.Establish();
  Inject({.type = MessageType::kHello}, {.mandatory = true, .type = kUnknownAvp});
  EXPECT_EQ(LastFromLns().type, MessageType::kStopCcn);
  EXPECT_EQ(LastFromLns().result.result, 2);
  EXPECT_EQ(LastFromLns().result.error, 8);
  EXPECT_NE(LastFromLns().result.message.find("200"), std::string::npos);
  EXPECT_EQ(pair.lns.Last<TunnelClosed>()->end, TunnelEnd::kProtocol);
}

TEST_F(ToleranceTest, AnUnknownOptionalAvpIsAsIfItWereNotThere) {
  pair.Establish();
  Inject(Icrq(), {.type = kUnknownAvp, .value = AsBytes("whatever")});
  EXPECT_TRUE(pair.lns.Last<IncomingCall>());
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpUnknownIgnored));
}

TEST_F(ToleranceTest, UnknownMandatoryAvpsPassWhereTheProfileIsPermissive) {
  pair.lns_settings.tolerate.unknown_mandatory_avps = true;
  pair.Establish();
  Inject({.type = MessageType::kHello}, {.mandatory = true, .type = kUnknownAvp});
  Inject(Icrq(), {.mandatory = true, .vendor = 9, .type = 1});
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
  EXPECT_TRUE(pair.lns.Last<IncomingCall>());
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpUnknownTolerated));
  EXPECT_FALSE(pair.lns.Counted(L2tpEvent::kAvpUnknownMandatory));
}

TEST_F(ToleranceTest, AMisplacedMandatoryAvpPassesUnlessTheProfileIsStrict) {
  const Bytes call_errors(26);
  const Avp misplaced{.mandatory = true, .type = 34, .value = call_errors};
  pair.Establish();
  Inject(Icrq(), misplaced);
  EXPECT_TRUE(pair.lns.Last<IncomingCall>());
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpOutOfPlace));

  pair = TunnelPair();
  pair.lns_settings.tolerate.misplaced_mandatory_avps = false;
  pair.Establish();
  Inject(Icrq(), misplaced);
  EXPECT_FALSE(pair.lns.Last<IncomingCall>());
  EXPECT_EQ(LastFromLns().type, MessageType::kCdn);
  EXPECT_EQ(LastFromLns().result.error, 6);
  EXPECT_NE(LastFromLns().result.message.find("Call Errors"), std::string::npos);
  // Without the M bit it passes there, too.
  Message other = Icrq();
  other.assigned_session_id = 6;
  Inject(other, {.type = 34, .value = call_errors});
  EXPECT_TRUE(pair.lns.Last<IncomingCall>());
}

TEST_F(ToleranceTest, MissingFramingAvpsPassUnlessTheProfileIsStrict) {
  const Message iccn{.type = MessageType::kIccn, .present = AvpSet::Of(AvpType::kTxConnectSpeed)};
  for (const bool tolerated : {true, false}) {
    pair = TunnelPair();
    pair.lns_settings.tolerate.missing_framing = tolerated;
    pair.Establish();
    pair.InjectToLns(TunnelPair::NextFor(pair.lns, Icrq()));
    ASSERT_TRUE(
        pair.lns.tunnel->AcceptCall(PeerSessionId(5), LocalSessionId(9), pair.now, pair.actions));
    pair.lns.Take(pair.actions, pair.to_lac);
    pair.InjectToLns(TunnelPair::NextFor(pair.lns, iccn, 9));
    EXPECT_EQ(pair.lns.Last<SessionEstablished>().has_value(), tolerated);
    EXPECT_EQ(pair.lns.Counted(L2tpEvent::kAvpMissingTolerated), tolerated);
  }
  EXPECT_EQ(LastFromLns().type, MessageType::kCdn);
  EXPECT_NE(LastFromLns().result.message.find("Framing Type"), std::string::npos);
}

TEST_F(ToleranceTest, AStrictProfileRefusesAnSccrqWithoutFramingCapabilities) {
  Message sccrq{
      .type = MessageType::kSccrq,
      .present = RowOf(MessageType::kSccrq).must.Without(AvpSet::Of(AvpType::kFramingCapabilities)),
      .protocol_version = kProtocolVersion1,
      .host_name = "lac",
      .assigned_tunnel_id = 7};
  const Bytes datagram = EncodeMessage(sccrq, PeerTunnelId(), PeerSessionId(), nullptr);
  pair.lns_settings.tolerate.missing_framing = false;
  pair.AcceptAtLns(datagram);
  EXPECT_EQ(LastFromLns().type, MessageType::kStopCcn);
  EXPECT_EQ(LastFromLns().result.error, 6);
}

// RFC 2661 7.1, its own example: Rx Connect Speed with two octets instead of four.
TEST_F(ToleranceTest, AnOptionalAvpOfAWrongSizeIsIgnoredAndCounted) {
  pair.Establish();
  pair.InjectToLns(TunnelPair::NextFor(pair.lns, Icrq()));
  ASSERT_TRUE(
      pair.lns.tunnel->AcceptCall(PeerSessionId(5), LocalSessionId(9), pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  Message iccn{.type = MessageType::kIccn, .present = RowOf(MessageType::kIccn).must};
  iccn.call.tx_connect_speed_bps = 64'000;
  iccn.call.framing_type = 1;
  const Bytes speed = {0x12, 0x34};
  Inject(iccn, {.type = 38, .value = speed}, 9);
  ASSERT_TRUE(pair.lns.Last<SessionEstablished>());
  EXPECT_EQ(pair.lns.Last<SessionEstablished>()->info.rx_connect_speed_bps, 64'000u);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpBadLengthIgnored));
}

TEST_F(ToleranceTest, AMandatoryAvpOfAWrongSizeEndsItsCallOnly) {
  pair.Establish();
  const Bytes bearer = {1, 2};
  Inject(Icrq(), {.mandatory = true, .type = 18, .value = bearer});
  EXPECT_EQ(LastFromLns().type, MessageType::kCdn);
  EXPECT_EQ(LastFromLns().result.error, 2);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(ToleranceTest, AnAvpLengthThatLiesEndsTheCallOfItsMessageOnly) {
  pair.Establish();
  pair.Call(LocalSessionId(1), LocalSessionId(2));
  Bytes icrq = TunnelPair::NextFor(pair.lns, Icrq());
  const size_t at = icrq.size();
  AppendAvp(icrq, {.mandatory = true, .type = 18, .value = Bytes(4)});
  icrq[at + 1] = 200;  // beyond the message
  StoreBe16(icrq.data() + 2, static_cast<uint16_t>(icrq.size()));
  pair.InjectToLns(icrq);
  EXPECT_EQ(LastFromLns().type, MessageType::kCdn);
  EXPECT_EQ(LastFromLns().result.error, 2);
  EXPECT_EQ(pair.lns.tunnel->session_count(), 1u);
}

TEST_F(ToleranceTest, TunnelIdZeroPassesWhereTheProfileSaysSo) {
  for (const bool tolerated : {false, true}) {
    pair = TunnelPair();
    pair.lns_settings.tolerate.zero_tunnel_id = tolerated;
    pair.Establish();
    Bytes hello = TunnelPair::NextFor(pair.lns, {.type = MessageType::kHello});
    StoreBe16(hello.data() + 4, 0);
    const uint16_t nr = pair.lns.tunnel->nr();
    pair.InjectToLns(hello);
    EXPECT_EQ(pair.lns.tunnel->nr(), static_cast<uint16_t>(nr + (tolerated ? 1 : 0)));
    EXPECT_EQ(pair.lns.Counted(L2tpEvent::kWrongTunnelId), !tolerated);
  }
}

// The secret is known only once the Host Name is: the id may be hidden until then.
TEST_F(ToleranceTest, AHiddenAssignedTunnelIdIsReadOnceTheSecretIsChosen) {
  const Bytes vector(16, 0x5a);
  const Bytes id = {0x12, 0x34};
  const Message visible{
      .type = MessageType::kSccrq,
      .present = RowOf(MessageType::kSccrq).must.Without(AvpSet::Of(AvpType::kAssignedTunnelId)),
      .protocol_version = kProtocolVersion1,
      .framing_capabilities = 3,
      .host_name = "lac"};
  Bytes sccrq = EncodeMessage(visible, PeerTunnelId(), PeerSessionId(), nullptr);
  sccrq = With(sccrq, {.mandatory = true, .type = 36, .value = vector});
  const Bytes hidden = HideValue(9, "secret", vector, id, Bytes(3));
  sccrq = With(sccrq, {.mandatory = true, .hidden = true, .type = 9, .value = hidden});

  const auto before = PeekSccrq(sccrq);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->host_name, "lac");
  EXPECT_TRUE(before->hidden_tunnel_id);
  EXPECT_EQ(before->peer_tunnel_id, PeerTunnelId());
  const auto after = PeekSccrq(sccrq, "secret");
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->peer_tunnel_id, PeerTunnelId(0x1234));

  pair.lns_settings.secret = "secret";
  pair.AcceptAtLns(sccrq);
  EXPECT_EQ(LastFromLns().type, MessageType::kSccrp);
  EXPECT_EQ(pair.lns.tunnel->peer_id(), PeerTunnelId(0x1234));
  Header header;
  ASSERT_EQ(ParseHeader(pair.lns.sent.back(), header), HeaderError::kNone);
  EXPECT_EQ(header.tunnel_id, 0x1234);
}

TEST_F(ToleranceTest, AHiddenTunnelIdUnderAnotherSecretIsRefused) {
  pair.lac_settings.secret = "one";
  const Bytes vector(16, 0x5a);
  const Message visible{
      .type = MessageType::kSccrq,
      .present = RowOf(MessageType::kSccrq).must.Without(AvpSet::Of(AvpType::kAssignedTunnelId)),
      .protocol_version = kProtocolVersion1,
      .host_name = "lac"};
  Bytes sccrq = EncodeMessage(visible, PeerTunnelId(), PeerSessionId(), nullptr);
  sccrq = With(sccrq, {.mandatory = true, .type = 36, .value = vector});
  const Bytes hidden = HideValue(9, "one", vector, Bytes{0x12, 0x34}, {});
  sccrq = With(sccrq, {.mandatory = true, .hidden = true, .type = 9, .value = hidden});
  pair.lns_settings.secret = "two";
  pair.AcceptAtLns(sccrq);
  EXPECT_EQ(LastFromLns().type, MessageType::kStopCcn);
  EXPECT_EQ(LastFromLns().assigned_tunnel_id, kLnsTunnel.value());
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpHiddenUnreadable));
  Header header;
  ASSERT_EQ(ParseHeader(pair.lns.sent.back(), header), HeaderError::kNone);
  EXPECT_EQ(header.tunnel_id, 0);  // the peer's id could not be read
}

}  // namespace
}  // namespace lns::l2tp
