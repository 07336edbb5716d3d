// Outgoing calls (RFC 2661 5.2.2, 6.9 to 6.11, 7.5): an LNS asks, a LAC dials.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

constexpr LocalSessionId kLacSession{5};
constexpr LocalSessionId kLnsSession{9};
constexpr PeerSessionId kRequest{9};  // the LNS's session, as the LAC names it
constexpr uint32_t kSync = 1;
constexpr uint32_t kAsync = 2;
constexpr uint32_t kDigital = 1;
constexpr uint32_t kAnalog = 2;

OutgoingCallInfo WantedCall() {
  return {.call_serial_number = 77,
          .minimum_bps = 56'000,
          .maximum_bps = 128'000,
          .bearer_type = kDigital,
          .framing_type = kSync,
          .called_number = "5551234",
          .sub_address = "7"};
}

class OutgoingCalls : public testing::Test {
 protected:
  OutgoingCalls() { pair.lac_settings.accept_outgoing_calls = true; }
  void SetUp() override { pair.Establish(); }

  void Place(const OutgoingCallInfo& info = WantedCall()) {
    pair.lns.tunnel->PlaceOutgoingCall(kLnsSession, info, pair.now, pair.actions);
    pair.lns.Take(pair.actions, pair.to_lac);
  }
  void Accept() {
    ASSERT_TRUE(pair.lac.tunnel->AcceptOutgoingCall(kRequest, kLacSession, pair.now, pair.actions));
    pair.lac.Take(pair.actions, pair.to_lns);
  }
  void Connect(const CallInfo& info) {
    ASSERT_TRUE(pair.lac.tunnel->ConnectOutgoingCall(kLacSession, info, pair.now, pair.actions));
    pair.lac.Take(pair.actions, pair.to_lns);
  }
  void BringUp() {
    Place();
    pair.Settle();
    Accept();
    pair.Settle();
    Connect({.framing_type = kSync, .tx_connect_speed_bps = 64'000});
    pair.Settle();
    ASSERT_TRUE(pair.lns.Last<SessionEstablished>());
  }
  void InjectToLns(const Message& message) {
    pair.InjectToLns(TunnelPair::NextFor(pair.lns, message, kLnsSession.value()));
  }
  Message Of(MessageType type) {
    Message message{.type = type, .present = RowOf(type).must};
    message.assigned_session_id = kLacSession.value();
    message.call.framing_type = kSync;
    message.call.bearer_type = kDigital;
    return message;
  }
  // What the LNS sent last ends the call at both ends.
  void ExpectCdnFromLns(uint16_t result, uint16_t error) {
    const DecodedMessage decoded = Decode(pair.lns.LastMessage());
    ASSERT_EQ(decoded.message.type, MessageType::kCdn);
    EXPECT_EQ(decoded.message.assigned_session_id, kLnsSession.value());
    EXPECT_EQ(decoded.message.result.result, result);
    EXPECT_EQ(decoded.message.result.error, error);
    EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
    pair.Settle();
    EXPECT_EQ(pair.lac.tunnel->session_count(), 0u);
    EXPECT_EQ(pair.lac.tunnel->state(), TunnelState::kEstablished);
  }

  TunnelPair pair;
};

TEST_F(OutgoingCalls, ComeUpByOcrqOcrpAndOccn) {
  Place();
  const Message ocrq = Decode(pair.lns.LastMessage()).message;
  EXPECT_EQ(ocrq.type, MessageType::kOcrq);
  EXPECT_EQ(ocrq.assigned_session_id, kLnsSession.value());
  EXPECT_EQ(pair.lns.tunnel->session_state(kLnsSession), SessionState::kWaitReply);
  pair.Settle();

  const auto request = pair.lac.Last<OutgoingCallRequested>();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->peer_session_id, kRequest);
  EXPECT_EQ(request->info.call_serial_number, 77u);
  EXPECT_EQ(request->info.minimum_bps, 56'000u);
  EXPECT_EQ(request->info.maximum_bps, 128'000u);
  EXPECT_EQ(request->info.bearer_type, kDigital);
  EXPECT_EQ(request->info.framing_type, kSync);
  EXPECT_EQ(request->info.called_number, "5551234");
  EXPECT_EQ(request->info.sub_address, "7");

  Accept();
  EXPECT_EQ(pair.lac.tunnel->session_state(kLacSession), SessionState::kWaitCsAnswer);
  pair.Settle();
  EXPECT_EQ(pair.lns.tunnel->session_state(kLnsSession), SessionState::kWaitConnect);
  EXPECT_FALSE(pair.lns.Last<SessionEstablished>());

  Connect({.framing_type = kSync,
           .tx_connect_speed_bps = 64'000,
           .rx_connect_speed_bps = 32'000,
           .sequencing_required = true});
  EXPECT_TRUE(pair.lac.Last<SessionEstablished>());
  pair.Settle();
  const auto up = pair.lns.Last<SessionEstablished>();
  ASSERT_TRUE(up);
  EXPECT_EQ(up->local_session_id, kLnsSession);
  EXPECT_EQ(up->peer_session_id.value(), kLacSession.value());
  EXPECT_EQ(up->info.call_serial_number, 77u);
  EXPECT_EQ(up->info.called_number, "5551234");
  EXPECT_EQ(up->info.sub_address, "7");
  EXPECT_EQ(up->info.bearer_type, kDigital);
  EXPECT_EQ(up->info.framing_type, kSync);
  EXPECT_EQ(up->info.tx_connect_speed_bps, 64'000u);
  EXPECT_EQ(up->info.rx_connect_speed_bps, 32'000u);
  EXPECT_TRUE(up->info.sequencing_required);
  EXPECT_TRUE(pair.lac.events.empty());
  EXPECT_TRUE(pair.lns.events.empty());
}

TEST_F(OutgoingCalls, AnOcrqAsksOnlyForWhatTheLacOffers) {
  TunnelPair narrow;
  narrow.lac_settings.accept_outgoing_calls = true;
  narrow.lac_settings.bearer_capabilities = kAnalog;
  narrow.lac_settings.framing_capabilities = kAsync;
  narrow.Establish();
  EXPECT_EQ(narrow.lns.tunnel->peer_bearer_capabilities(), kAnalog);
  EXPECT_EQ(narrow.lns.tunnel->peer_framing_capabilities(), kAsync);
  const auto place = [&](uint16_t id, uint32_t bearer, uint32_t framing) {
    narrow.lns.tunnel->PlaceOutgoingCall(LocalSessionId(id),
                                         {.bearer_type = bearer, .framing_type = framing},
                                         narrow.now, narrow.actions);
    narrow.lns.Take(narrow.actions, narrow.to_lac);
    narrow.Settle();
  };
  place(1, kDigital | kAnalog, kSync | kAsync);
  ASSERT_TRUE(narrow.lac.Last<OutgoingCallRequested>());
  EXPECT_EQ(narrow.lac.Last<OutgoingCallRequested>()->info.bearer_type, kAnalog);
  EXPECT_EQ(narrow.lac.Last<OutgoingCallRequested>()->info.framing_type, kAsync);
  place(2, 0, 0);  // nothing in particular
  EXPECT_EQ(narrow.lac.Last<OutgoingCallRequested>()->info.bearer_type, kAnalog);

  const size_t sent = narrow.lns.sent.size();
  place(3, kDigital, kAsync);
  place(4, kAnalog, kSync);
  EXPECT_EQ(narrow.lns.sent.size(), sent);
  EXPECT_TRUE(narrow.lns.Counted(L2tpEvent::kOutgoingCallImpossible));
  ASSERT_EQ(narrow.lns.All<SessionClosed>().size(), 2u);
  EXPECT_EQ(narrow.lns.Last<SessionClosed>()->result.result, 5);
  EXPECT_EQ(narrow.lns.tunnel->session_count(), 2u);
}

// RFC 2661 6.9: without Bearer Capabilities no OCRQ may be sent.
TEST_F(OutgoingCalls, ALacThatOffersNoBearerIsNotAsked) {
  TunnelPair plain;
  plain.Establish();
  EXPECT_EQ(plain.lns.tunnel->peer_bearer_capabilities(), 0u);
  const size_t sent = plain.lns.sent.size();
  plain.lns.tunnel->PlaceOutgoingCall(kLnsSession, WantedCall(), plain.now, plain.actions);
  plain.lns.Take(plain.actions, plain.to_lac);
  EXPECT_EQ(plain.lns.sent.size(), sent);
  ASSERT_TRUE(plain.lns.Last<SessionClosed>());
  EXPECT_EQ(plain.lns.Last<SessionClosed>()->local_session_id, kLnsSession);
}

TEST_F(OutgoingCalls, PlacingOnAClosedTunnelIsAnsweredAtOnce) {
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  Place();
  ASSERT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_EQ(pair.lns.Last<SessionClosed>()->result.error, 1);
}

TEST_F(OutgoingCalls, TheLacsOwnerMayRefuse) {
  Place();
  pair.Settle();
  ASSERT_TRUE(pair.lac.tunnel->RejectCall(kRequest, MakeResult(CdnResult::kNoDialTone), pair.now,
                                          pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  ASSERT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_EQ(pair.lns.Last<SessionClosed>()->result.result, 9);
  EXPECT_TRUE(pair.lns.Last<SessionClosed>()->by_peer);
  EXPECT_FALSE(pair.lac.tunnel->AcceptOutgoingCall(kRequest, kLacSession, pair.now, pair.actions));
}

TEST_F(OutgoingCalls, ABearerThatFailsEndsTheCall) {
  Place();
  pair.Settle();
  Accept();
  ASSERT_TRUE(pair.lac.tunnel->CloseSession(kLacSession, MakeResult(CdnResult::kBusy), pair.now,
                                            pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  EXPECT_EQ(pair.lns.Last<SessionClosed>()->result.result, 8);
  EXPECT_FALSE(pair.lac.tunnel->ConnectOutgoingCall(kLacSession, {}, pair.now, pair.actions));
}

TEST_F(OutgoingCalls, TheLnsMayWithdrawAtEachStep) {
  const auto withdraw = [&] {
    ASSERT_TRUE(pair.lns.tunnel->CloseSession(kLnsSession, MakeResult(CdnResult::kAdministrative),
                                              pair.now, pair.actions));
    pair.lns.Take(pair.actions, pair.to_lac);
    ExpectCdnFromLns(3, 0);
  };
  Place();
  withdraw();  // the LAC is asked and told off in one breath: it knows the call by the LNS's id
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->peer_session_id, kRequest);
  Place();
  pair.Settle();
  Accept();
  pair.Settle();
  withdraw();
  BringUp();
  withdraw();
  EXPECT_EQ(pair.lac.All<SessionClosed>().size(), 3u);
}

// RFC 2661 7.5.2, every message that has no place in a state.
TEST_F(OutgoingCalls, MessagesOutOfTurnEndTheCallAtTheLns) {
  const auto expect_end = [&](MessageType type) {
    SCOPED_TRACE(ToString(type));
    Message message = Of(type);
    if (type == MessageType::kOcrq) message.assigned_session_id = 123;
    InjectToLns(message);
    const DecodedMessage cdn = Decode(pair.lns.LastMessage());
    EXPECT_EQ(cdn.message.type, MessageType::kCdn);
    EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
    EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
  };
  const auto restart = [&] {
    pair = TunnelPair();
    pair.lac_settings.accept_outgoing_calls = true;
    pair.Establish();
  };
  for (const MessageType type : {MessageType::kOccn, MessageType::kOcrq, MessageType::kIcrp}) {
    Place();
    expect_end(type);
    restart();
  }
  for (const MessageType type : {MessageType::kOcrp, MessageType::kOcrq, MessageType::kIccn}) {
    Place();
    pair.Settle();
    Accept();
    pair.Settle();
    ASSERT_EQ(pair.lns.tunnel->session_state(kLnsSession), SessionState::kWaitConnect);
    expect_end(type);
    restart();
  }
  for (const MessageType type : {MessageType::kOcrp, MessageType::kOcrq, MessageType::kOccn}) {
    BringUp();
    expect_end(type);
    restart();
  }
}

// RFC 2661 7.5.1, likewise.
TEST_F(OutgoingCalls, MessagesOutOfTurnEndTheCallAtTheLac) {
  for (const MessageType type : {MessageType::kOcrp, MessageType::kOccn, MessageType::kOcrq}) {
    SCOPED_TRACE(ToString(type));
    Place();
    pair.Settle();
    Accept();
    pair.Settle();
    Message message = Of(type);
    message.assigned_session_id = 123;
    pair.InjectToLac(TunnelPair::NextFor(pair.lac, message, kLacSession.value()));
    EXPECT_EQ(Decode(pair.lac.LastMessage()).message.type, MessageType::kCdn);
    EXPECT_EQ(pair.lac.tunnel->session_count(), 0u);
    pair = TunnelPair();
    pair.lac_settings.accept_outgoing_calls = true;
    pair.Establish();
  }
}

TEST_F(OutgoingCalls, AnOcrpForNoCallIsAnsweredByTheLacWithCdn) {
  pair.InjectToLac(TunnelPair::NextFor(pair.lac, Of(MessageType::kOcrp), 1234));
  EXPECT_EQ(Decode(pair.lac.LastMessage()).message.type, MessageType::kCdn);
  const size_t sent = pair.lac.sent.size();
  pair.InjectToLac(TunnelPair::NextFor(pair.lac, Of(MessageType::kOccn), 1234));
  ASSERT_EQ(pair.lac.sent.size(), sent + 1);
  EXPECT_TRUE(IsZlb(pair.lac.sent.back()));
}

TEST_F(OutgoingCalls, AnUnacceptableOcrpOrOccnEndsTheCall) {
  Place();
  pair.to_lac.clear();  // the LAC never saw it
  Message ocrp = Of(MessageType::kOcrp);
  ocrp.present = {};
  InjectToLns(ocrp);
  const DecodedMessage cdn = Decode(pair.lns.LastMessage());
  EXPECT_EQ(cdn.message.type, MessageType::kCdn);
  EXPECT_EQ(cdn.message.result.error, 6);

  pair = TunnelPair();
  pair.lac_settings.accept_outgoing_calls = true;
  pair.Establish();
  Place();
  pair.Settle();
  Accept();
  pair.Settle();
  // Framing that was not asked for.
  Connect({.framing_type = kAsync, .tx_connect_speed_bps = 1});
  pair.Settle();
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kFramingUnsupported));
  EXPECT_FALSE(pair.lns.Last<SessionEstablished>());
  EXPECT_EQ(pair.lac.tunnel->session_count() + pair.lns.tunnel->session_count(), 0u);
}

TEST_F(OutgoingCalls, AnOcrqTheLacCannotServeIsRefused) {
  TunnelPair narrow;
  narrow.lac_settings.accept_outgoing_calls = true;
  narrow.lac_settings.bearer_capabilities = kAnalog;
  narrow.lac_settings.framing_capabilities = kAsync;
  narrow.lac_settings.max_sessions = 1;
  narrow.Establish();
  const auto refused = [&](uint16_t id, uint32_t bearer, uint32_t framing, L2tpEvent event) {
    Message ocrq = Of(MessageType::kOcrq);
    ocrq.assigned_session_id = id;
    ocrq.call.bearer_type = bearer;
    ocrq.call.framing_type = framing;
    narrow.InjectToLac(TunnelPair::NextFor(narrow.lac, ocrq));
    EXPECT_TRUE(narrow.lac.Counted(event));
    const DecodedMessage cdn = Decode(narrow.lac.LastMessage());
    EXPECT_EQ(cdn.message.type, MessageType::kCdn);
    return cdn.message.result.result;
  };
  EXPECT_EQ(refused(1, kDigital, kAsync, L2tpEvent::kBearerUnsupported), 5);
  EXPECT_EQ(refused(2, kAnalog, kSync, L2tpEvent::kFramingUnsupported), 5);
  narrow.lac.tunnel->Drain(MakeResult(CdnResult::kNoFacilitiesTemporary));
  EXPECT_EQ(refused(3, kAnalog, kAsync, L2tpEvent::kCallRefusedDraining), 4);
  EXPECT_FALSE(narrow.lac.Last<OutgoingCallRequested>());
  narrow.lac.tunnel->Drain(std::nullopt);
  narrow.InjectToLac(TunnelPair::NextFor(narrow.lac, [&] {
    Message ocrq = Of(MessageType::kOcrq);
    ocrq.call.bearer_type = kAnalog;
    ocrq.call.framing_type = kAsync;
    return ocrq;
  }()));
  EXPECT_TRUE(narrow.lac.Last<OutgoingCallRequested>());
  EXPECT_EQ(refused(4, kAnalog, kAsync, L2tpEvent::kSessionLimit), 4);
}

TEST_F(OutgoingCalls, ACallNobodyCompletesTimesOutAtBothEnds) {
  Place();
  pair.Settle();
  Accept();
  pair.Settle();
  pair.Pass(Duration::Seconds(31));
  EXPECT_TRUE(pair.lac.Counted(L2tpEvent::kSessionSetupTimeout));
  EXPECT_EQ(pair.lac.tunnel->session_count() + pair.lns.tunnel->session_count(), 0u);
  EXPECT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_TRUE(pair.lac.Last<SessionClosed>());
}

TEST_F(OutgoingCalls, BothDirectionsLiveOnOneTunnel) {
  BringUp();
  pair.Call(LocalSessionId(11), LocalSessionId(12));
  EXPECT_EQ(pair.lns.tunnel->session_count(), 2u);
  EXPECT_EQ(pair.lns.All<SessionEstablished>().size(), 2u);
  // The answers are not interchangeable.
  pair.lac.tunnel->PlaceCall(LocalSessionId(13), {}, pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  EXPECT_FALSE(pair.lns.tunnel->AcceptOutgoingCall(PeerSessionId(13), LocalSessionId(14), pair.now,
                                                   pair.actions));
}

TEST_F(OutgoingCalls, SliAndWenWorkAsOnIncomingOnes) {
  BringUp();
  ASSERT_TRUE(pair.lns.tunnel->SendLinkInfo({.local_session_id = kLnsSession, .send_accm = 1},
                                            pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  ASSERT_TRUE(pair.lac.tunnel->SendWanErrors(
      {.local_session_id = kLacSession, .counts = {.crc_errors = 4}}, pair.now, pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  ASSERT_TRUE(pair.lac.Last<LinkInfo>());
  EXPECT_EQ(pair.lac.Last<LinkInfo>()->send_accm, 1u);
  ASSERT_TRUE(pair.lns.Last<WanErrors>());
  EXPECT_EQ(pair.lns.Last<WanErrors>()->counts.crc_errors, 4u);
}

}  // namespace
}  // namespace lns::l2tp
