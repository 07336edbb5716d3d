// Calls on an established tunnel: what the session state machines put on the wire and tell the
// owner.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "lib/l2tp/avp.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

constexpr LocalSessionId kLacSession{5};
constexpr LocalSessionId kLnsSession{9};
constexpr PeerSessionId kCall{5};

class TunnelCalls : public testing::Test {
 protected:
  void SetUp() override { pair.Establish(); }

  void Place() {
    pair.lac.tunnel->PlaceCall(kLacSession, {.framing_type = 1}, pair.now, pair.actions);
    pair.lac.Take(pair.actions, pair.to_lns);
  }
  Bytes FromLac(const Message& message, uint16_t session) {
    return TunnelPair::NextFor(pair.lns, message, session);
  }
  Message Icrq(uint16_t id) {
    return {.type = MessageType::kIcrq,
            .present = AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kCallSerialNumber),
            .assigned_session_id = id};
  }
  void ExpectCdn(uint16_t header_session, uint16_t assigned, uint16_t result, uint16_t error) {
    const Bytes datagram = pair.lns.LastMessage();
    Header header;
    ASSERT_EQ(ParseHeader(datagram, header), HeaderError::kNone);
    const DecodedMessage decoded = Decode(datagram);
    ASSERT_EQ(decoded.message.type, MessageType::kCdn);
    EXPECT_EQ(header.session_id, header_session);
    EXPECT_EQ(decoded.message.assigned_session_id, assigned);
    EXPECT_EQ(decoded.message.result.result, result);
    EXPECT_EQ(decoded.message.result.error, error);
  }

  TunnelPair pair;
};

TEST_F(TunnelCalls, ARejectedCallIsToldByCdnWithThePeersIdAndNoneOfOurs) {
  Place();
  pair.Settle();
  ASSERT_TRUE(
      pair.lns.tunnel->RejectCall(kCall, MakeResult(CdnResult::kBusy), pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  ExpectCdn(kCall.value(), 0, 8, 0);
  pair.Settle();
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->result.result, 8);
  EXPECT_TRUE(pair.lac.Last<SessionClosed>()->by_peer);
  EXPECT_EQ(pair.lac.tunnel->session_count() + pair.lns.tunnel->session_count(), 0u);
}

TEST_F(TunnelCalls, ACdnBeforeTheAnswerFindsTheCallByThePeersId) {
  Place();
  pair.Settle();
  ASSERT_TRUE(pair.lac.tunnel->CloseSession(kLacSession, MakeResult(CdnResult::kLossOfCarrier),
                                            pair.now, pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  const auto closed = pair.lns.Last<SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->local_session_id, LocalSessionId());
  EXPECT_EQ(closed->peer_session_id, kCall);
  EXPECT_EQ(closed->result.result, 1);
  EXPECT_FALSE(pair.lns.tunnel->AcceptCall(kCall, kLnsSession, pair.now, pair.actions));
}

TEST_F(TunnelCalls, EitherEndClosesAnEstablishedCall) {
  pair.Call(kLacSession, kLnsSession);
  ASSERT_TRUE(pair.lns.tunnel->CloseSession(kLnsSession, MakeResult(CdnResult::kAdministrative),
                                            pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  ExpectCdn(5, 9, 3, 0);
  pair.Settle();
  EXPECT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.tunnel->session_count(), 0u);
  EXPECT_FALSE(pair.lns.tunnel->CloseSession(kLnsSession, {}, pair.now, pair.actions));
}

TEST_F(TunnelCalls, CdnsThatCrossAreHarmless) {
  pair.Call(kLacSession, kLnsSession);
  pair.lns.tunnel->CloseSession(kLnsSession, MakeResult(CdnResult::kBusy), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.lac.tunnel->CloseSession(kLacSession, MakeResult(CdnResult::kBusy), pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  EXPECT_EQ(pair.lac.All<SessionClosed>().size(), 1u);
  EXPECT_EQ(pair.lns.All<SessionClosed>().size(), 1u);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelCalls, AnIcrqWithAUsedIdEndsThatCall) {
  pair.Call(kLacSession, kLnsSession);
  pair.InjectToLns(FromLac(Icrq(5), 0));
  ExpectCdn(5, 9, 2, 5);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSessionIdReused));
  EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
}

TEST_F(TunnelCalls, AnUnacceptableIcrqIsRefusedWithoutAskingTheOwner) {
  Message icrq = Icrq(6);
  icrq.present = AvpSet::Of(AvpType::kAssignedSessionId);
  pair.InjectToLns(FromLac(icrq, 0));
  ExpectCdn(6, 0, 2, 6);
  EXPECT_FALSE(pair.lns.Last<IncomingCall>());
  EXPECT_FALSE(pair.lns.Last<SessionClosed>());
  EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
  EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelCalls, AnUnknownMandatoryAvpEndsOnlyItsCall) {
  pair.Call(kLacSession, kLnsSession);
  Bytes icrq = FromLac(Icrq(6), 0);
  const Bytes unknown = {0x80, 6, 0, 0, 0, 200};
  icrq.insert(icrq.end(), unknown.begin(), unknown.end());
  StoreBe16(icrq.data() + 2, static_cast<uint16_t>(icrq.size()));
  pair.InjectToLns(icrq);
  ExpectCdn(6, 0, 2, 8);
  EXPECT_EQ(pair.lns.tunnel->session_count(), 1u);
}

TEST_F(TunnelCalls, AFramingTypeNotOfferedIsRefused) {
  TunnelPair narrow;
  narrow.lns_settings.framing_capabilities = 1;
  narrow.Establish();
  narrow.Call(kLacSession, kLnsSession, {.framing_type = 2});
  EXPECT_TRUE(narrow.lns.Counted(L2tpEvent::kFramingUnsupported));
  EXPECT_FALSE(narrow.lns.Last<SessionEstablished>());
  EXPECT_EQ(narrow.lac.tunnel->session_count(), 0u);
}

TEST_F(TunnelCalls, TheSessionLimitIsAnsweredWithLackOfFacilities) {
  TunnelPair small;
  small.lns_settings.max_sessions = 1;
  small.Establish();
  small.Call(LocalSessionId(1), LocalSessionId(11));
  small.lac.tunnel->PlaceCall(LocalSessionId(2), {}, small.now, small.actions);
  small.lac.Take(small.actions, small.to_lns);
  small.Settle();
  EXPECT_EQ(small.lns.All<IncomingCall>().size(), 1u);
  ASSERT_TRUE(small.lac.Last<SessionClosed>());
  EXPECT_EQ(small.lac.Last<SessionClosed>()->result.result, 4);
}

TEST_F(TunnelCalls, ACallNobodyAnswersTimesOut) {
  Place();
  pair.Settle();
  pair.Pass(Duration::Seconds(31));
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSessionSetupTimeout));
  EXPECT_EQ(pair.lns.tunnel->session_count() + pair.lac.tunnel->session_count(), 0u);
  EXPECT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_TRUE(pair.lac.Last<SessionClosed>());
}

TEST_F(TunnelCalls, ACdnForNoSessionIsAcknowledgedAndIgnored) {
  const size_t before = pair.lns.sent.size();
  pair.InjectToLns(
      FromLac({.type = MessageType::kCdn,
               .present = AvpSet::Of(AvpType::kResultCode, AvpType::kAssignedSessionId),
               .assigned_session_id = 5,
               .result = {.result = 3}},
              1234));
  ASSERT_EQ(pair.lns.sent.size(), before + 1);
  EXPECT_TRUE(IsZlb(pair.lns.sent.back()));
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSessionUnknown));
}

TEST_F(TunnelCalls, AnLnsPlacesNoOutgoingCalls) {
  Message ocrq{.type = MessageType::kOcrq,
               .present = RowOf(MessageType::kOcrq).must,
               .assigned_session_id = 44};
  pair.InjectToLns(FromLac(ocrq, 0));
  ExpectCdn(44, 0, 5, 0);
}

TEST_F(TunnelCalls, ProxyAvpsAreHandedUp) {
  const CallInfo info{.framing_type = 1,
                      .private_group_id = {'g'},
                      .initial_received_confreq = {1, 4, 5, 6},
                      .last_sent_confreq = {2},
                      .last_received_confreq = {3},
                      .proxy_authen_type = 2,
                      .proxy_authen_name = "joe",
                      .proxy_authen_challenge = {9, 8, 7},
                      .proxy_authen_id = 4,
                      .proxy_authen_response = Bytes(16, 6)};
  pair.Call(kLacSession, kLnsSession, info);
  const auto up = pair.lns.Last<SessionEstablished>();
  ASSERT_TRUE(up);
  EXPECT_EQ(up->info.initial_received_confreq, info.initial_received_confreq);
  EXPECT_EQ(up->info.last_sent_confreq, info.last_sent_confreq);
  EXPECT_EQ(up->info.last_received_confreq, info.last_received_confreq);
  EXPECT_EQ(up->info.proxy_authen_type, info.proxy_authen_type);
  EXPECT_EQ(up->info.proxy_authen_name, "joe");
  EXPECT_EQ(up->info.proxy_authen_challenge, info.proxy_authen_challenge);
  EXPECT_EQ(up->info.proxy_authen_id, info.proxy_authen_id);
  EXPECT_EQ(up->info.proxy_authen_response, info.proxy_authen_response);
  EXPECT_EQ(up->info.private_group_id, info.private_group_id);
}

TEST_F(TunnelCalls, PlacingOnAClosedTunnelIsAnsweredAtOnce) {
  pair.lac.tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), pair.now, pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  Place();
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->local_session_id, kLacSession);
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->result.error, 1);
}

TEST_F(TunnelCalls, ACdnSaysItsCausesToTheOtherEnd) {
  pair.Call(kLacSession, kLnsSession);
  pair.InjectToLns(FromLac({.type = MessageType::kCdn,
                            .present = RowOf(MessageType::kCdn).must | RowOf(MessageType::kCdn).may,
                            .assigned_session_id = kLacSession.value(),
                            .result = {.result = 1},
                            .q931_cause = {.cause = 16, .message = 69, .advisory = "bye"}},
                           kLnsSession.value()));
  const auto closed = pair.lns.Last<SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->result.result, 1);
  EXPECT_EQ(closed->q931_cause, (Q931Cause{.cause = 16, .message = 69, .advisory = "bye"}));
}

TEST_F(TunnelCalls, ThePppCauseOfACloseReachesTheOtherEnd) {
  pair.Call(kLacSession, kLnsSession);
  const PppDisconnectCause cause{
      .code = 16, .protocol = 0xc223, .direction = 1, .message = "wrong password"};
  ASSERT_TRUE(pair.lns.tunnel->CloseSession(kLnsSession, MakeResult(CdnResult::kAdministrative),
                                            cause, pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.Settle();
  ASSERT_TRUE(pair.lac.Last<SessionClosed>());
  EXPECT_EQ(pair.lac.Last<SessionClosed>()->ppp_cause, cause);
  EXPECT_FALSE(pair.lns.Last<SessionClosed>()->ppp_cause);
}

TEST_F(TunnelCalls, CsunTellsNewSpeedsAndCsurqAsksForThem) {
  pair.Call(kLacSession, kLnsSession);
  Message csun{
      .type = MessageType::kCsun,
      .present = AvpSet::Of(AvpType::kConnectSpeedUpdate),
      .speed_updates = {{.session_id = kLnsSession.value(), .tx_bps = 5'000'000, .rx_bps = 600'000},
                        {.session_id = 4711, .tx_bps = 1, .rx_bps = 1}}};
  pair.InjectToLns(FromLac(csun, 0));
  ASSERT_EQ(pair.lns.All<AccessLineUpdate>().size(), 1u);
  EXPECT_EQ(pair.lns.Last<AccessLineUpdate>()->local_session_id, kLnsSession);
  EXPECT_EQ(pair.lns.Last<AccessLineUpdate>()->tx_bps, 5'000'000u);
  EXPECT_EQ(pair.lns.Last<AccessLineUpdate>()->rx_bps, 600'000u);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSessionUnknown));

  ASSERT_TRUE(pair.lns.tunnel->RequestAccessLineUpdate(kLnsSession, pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  const Message csurq = Decode(pair.lns.LastMessage()).message;
  EXPECT_EQ(csurq.type, MessageType::kCsurq);
  ASSERT_EQ(csurq.speed_updates.size(), 1u);
  EXPECT_EQ(csurq.speed_updates[0].session_id, kLacSession.value());
  EXPECT_FALSE(
      pair.lns.tunnel->RequestAccessLineUpdate(LocalSessionId(4711), pair.now, pair.actions));
  pair.Settle();
  EXPECT_TRUE(pair.lac.Counted(L2tpEvent::kConnectSpeedUpdate));
  EXPECT_EQ(pair.lac.tunnel->state(), TunnelState::kEstablished);
}

TEST_F(TunnelCalls, AModemOnHoldIsCountedOnly) {
  pair.Call(kLacSession, kLnsSession);
  pair.InjectToLns(FromLac({.type = MessageType::kMdmst,
                            .present = AvpSet::Of(AvpType::kModemOnHoldStatus),
                            .modem_on_hold = {.on_hold = true}},
                           kLnsSession.value()));
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kModemStatus));
  EXPECT_EQ(pair.lns.tunnel->session_count(), 1u);
}

TEST_F(TunnelCalls, WhatTheRequestSaysOfTheLineIsThereWhenTheCallIsUp) {
  CallInfo info{.framing_type = 1};
  info.access_line.circuit_id = "atm 1/2:3.4";
  info.access_line.actual_rate_down_bps = 16'000'000;
  info.connect_speed_updates = true;
  info.session_dscp = 46;
  info.service_name = "gold";
  info.vendor_avps = {{.vendor = 9, .type = 1, .value = {1, 2}}};
  pair.Call(kLacSession, kLnsSession, info);
  const auto up = pair.lns.Last<SessionEstablished>();
  ASSERT_TRUE(up);
  EXPECT_EQ(up->info.access_line, info.access_line);
  EXPECT_TRUE(up->info.connect_speed_updates);
  EXPECT_EQ(up->info.session_dscp, info.session_dscp);
  EXPECT_EQ(up->info.service_name, "gold");
  ASSERT_FALSE(up->info.vendor_avps.empty());
  EXPECT_EQ(up->info.vendor_avps[0], info.vendor_avps[0]);
}

TEST_F(TunnelCalls, ACdnWithoutAReasonIsObeyed) {
  pair.Call(kLacSession, kLnsSession);
  pair.InjectToLns(FromLac({.type = MessageType::kCdn}, kLnsSession.value()));
  ASSERT_TRUE(pair.lns.Last<SessionClosed>());
  EXPECT_TRUE(pair.lns.Last<SessionClosed>()->by_peer);
  EXPECT_EQ(pair.lns.Last<SessionClosed>()->result.result, 0);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpMissingTolerated));
}

TEST_F(TunnelCalls, ACdnInTheWrongByteOrderKeepsWhatItSaid) {
  pair.Call(kLacSession, kLnsSession);
  pair.InjectToLns(FromLac({.type = MessageType::kCdn,
                            .present = RowOf(MessageType::kCdn).must,
                            .assigned_session_id = kLacSession.value(),
                            .result = {.result = 0x0200, .error = 0x0600}},
                           kLnsSession.value()));
  const auto closed = pair.lns.Last<SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->result.result, 2);
  EXPECT_EQ(closed->result.error, 6);
  EXPECT_EQ(closed->result.raw_result, 0x0200);
  EXPECT_EQ(closed->result.raw_error, 0x0600);
}

// RFC 2661 7.4.2: what the LNS does not expect of a call it knows ends it.
TEST_F(TunnelCalls, MessagesOutOfTurnEndTheirCallOnly) {
  for (const MessageType type :
       {MessageType::kIcrp, MessageType::kIccn, MessageType::kOcrp, MessageType::kOccn}) {
    SCOPED_TRACE(ToString(type));
    pair.Call(kLacSession, kLnsSession);
    pair.lns.sent.clear();
    const Message message{
        .type = type, .present = RowOf(type).must, .assigned_session_id = kLacSession.value()};
    pair.InjectToLns(FromLac(message, kLnsSession.value()));
    ExpectCdn(kLacSession.value(), kLnsSession.value(), 2, 5);
    EXPECT_EQ(pair.lns.tunnel->session_count(), 0u);
    EXPECT_EQ(pair.lns.tunnel->state(), TunnelState::kEstablished);
    // The LAC's own engine did not send that: start over.
    pair = TunnelPair();
    pair.Establish();
  }
}

// RFC 2661 7.4.2, idle: an ICRP is answered with a CDN, an ICCN and a CDN with nothing.
TEST_F(TunnelCalls, MessagesOfNoCallAreAnsweredAsInIdle) {
  const auto answers = [&](MessageType type) {
    const size_t before = pair.lns.sent.size();
    pair.InjectToLns(
        FromLac({.type = type, .present = RowOf(type).must, .assigned_session_id = 77}, 1234));
    return pair.lns.sent.size() > before && !IsZlb(pair.lns.sent.back());
  };
  EXPECT_TRUE(answers(MessageType::kIcrp));
  ExpectCdn(77, 0, 2, 5);
  EXPECT_FALSE(answers(MessageType::kIccn));
  EXPECT_FALSE(answers(MessageType::kOcrp));
  EXPECT_FALSE(answers(MessageType::kOccn));
  EXPECT_FALSE(answers(MessageType::kCdn));
  EXPECT_FALSE(answers(MessageType::kWen));
  EXPECT_FALSE(answers(MessageType::kSli));
}

TEST_F(TunnelCalls, AnIccnThatCannotBeReadEndsItsCall) {
  Place();
  pair.Settle();
  ASSERT_TRUE(pair.lns.tunnel->AcceptCall(kCall, kLnsSession, pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.InjectToLns(FromLac({.type = MessageType::kIccn}, kLnsSession.value()));
  ExpectCdn(kCall.value(), kLnsSession.value(), 2, 6);
  EXPECT_FALSE(pair.lns.Last<SessionEstablished>());
  EXPECT_TRUE(pair.lns.Last<SessionClosed>());
}

TEST_F(TunnelCalls, WenIsPassedUpAndNeverFatal) {
  pair.Call(kLacSession, kLnsSession);
  const CallErrors counts{.crc_errors = 1,
                          .framing_errors = 2,
                          .hardware_overruns = 3,
                          .buffer_overruns = 4,
                          .timeout_errors = 5,
                          .alignment_errors = 6};
  ASSERT_TRUE(pair.lac.tunnel->SendWanErrors({.local_session_id = kLacSession, .counts = counts},
                                             pair.now, pair.actions));
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Settle();
  ASSERT_TRUE(pair.lns.Last<WanErrors>());
  EXPECT_EQ(pair.lns.Last<WanErrors>()->local_session_id, kLnsSession);
  EXPECT_EQ(pair.lns.Last<WanErrors>()->counts, counts);
  // One without its AVP, and one with half of it.
  pair.InjectToLns(FromLac({.type = MessageType::kWen}, kLnsSession.value()));
  Bytes half = FromLac({.type = MessageType::kWen}, kLnsSession.value());
  AppendAvp(half, {.mandatory = true, .type = 34, .value = Bytes(13)});
  StoreBe16(half.data() + 2, static_cast<uint16_t>(half.size()));
  pair.InjectToLns(half);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kAvpBadLengthIgnored));
  EXPECT_EQ(pair.lns.All<WanErrors>().size(), 1u);
  EXPECT_EQ(pair.lns.tunnel->session_state(kLnsSession), SessionState::kEstablished);
}

TEST_F(TunnelCalls, AWenWithAnUnknownMandatoryAvpEndsItsCall) {
  pair.Call(kLacSession, kLnsSession);
  Bytes wen = FromLac({.type = MessageType::kWen, .present = AvpSet::Of(AvpType::kCallErrors)},
                      kLnsSession.value());
  AppendAvp(wen, {.mandatory = true, .type = 200});
  StoreBe16(wen.data() + 2, static_cast<uint16_t>(wen.size()));
  pair.InjectToLns(wen);
  ExpectCdn(kCall.value(), kLnsSession.value(), 2, 8);
  EXPECT_FALSE(pair.lns.Last<WanErrors>());
}

TEST_F(TunnelCalls, SliTellsTheLacWhatLcpAgreedOn) {
  pair.Call(kLacSession, kLnsSession);
  ASSERT_TRUE(pair.lns.tunnel->SendLinkInfo({.local_session_id = kLnsSession,
                                             .send_accm = 0x000a0000,
                                             .receive_accm = 0x00000001,
                                             .last_sent_confreq = {1, 4, 5, 0xd4},
                                             .last_received_confreq = {5, 6, 1, 2, 3, 4}},
                                            pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.Settle();
  const auto info = pair.lac.Last<LinkInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->local_session_id, kLacSession);
  EXPECT_EQ(info->send_accm, 0x000a0000u);
  EXPECT_EQ(info->receive_accm, 1u);
  EXPECT_EQ(info->last_sent_confreq, (Bytes{1, 4, 5, 0xd4}));
  EXPECT_EQ(info->last_received_confreq, (Bytes{5, 6, 1, 2, 3, 4}));
}

TEST_F(TunnelCalls, NewsIsSentOnlyByTheRightSideOfAnEstablishedCall) {
  Place();
  pair.Settle();
  const LinkInfo link{.local_session_id = kLnsSession};
  const WanErrors errors{.local_session_id = kLacSession, .counts = {}};
  EXPECT_FALSE(pair.lns.tunnel->SendLinkInfo(link, pair.now, pair.actions));
  EXPECT_FALSE(pair.lac.tunnel->SendWanErrors(errors, pair.now, pair.actions));
  ASSERT_TRUE(pair.lns.tunnel->AcceptCall(kCall, kLnsSession, pair.now, pair.actions));
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.Settle();
  EXPECT_FALSE(
      pair.lac.tunnel->SendLinkInfo({.local_session_id = kLacSession}, pair.now, pair.actions));
  EXPECT_FALSE(pair.lns.tunnel->SendWanErrors({.local_session_id = kLnsSession, .counts = {}},
                                              pair.now, pair.actions));
  EXPECT_TRUE(pair.actions.empty());
  // And what comes from the wrong side is counted only.
  pair.InjectToLns(FromLac({.type = MessageType::kSli, .present = AvpSet::Of(AvpType::kAccm)},
                           kLnsSession.value()));
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kSessionUnexpectedMessage));
  EXPECT_EQ(pair.lns.tunnel->session_count(), 1u);
}

TEST_F(TunnelCalls, ADrainingTunnelKeepsItsCallsAndTakesNoMore) {
  pair.Call(kLacSession, kLnsSession);
  pair.lns.tunnel->Drain(MakeError(GeneralError::kTryAnother, "192.0.2.7"));
  pair.InjectToLns(FromLac(Icrq(6), 0));
  ExpectCdn(6, 0, 2, 7);
  EXPECT_TRUE(pair.lns.Counted(L2tpEvent::kCallRefusedDraining));
  EXPECT_EQ(pair.lns.All<IncomingCall>().size(), 1u);
  EXPECT_EQ(pair.lns.tunnel->session_state(kLnsSession), SessionState::kEstablished);
  pair.lns.tunnel->Drain(std::nullopt);
  pair.InjectToLns(FromLac(Icrq(7), 0));
  EXPECT_EQ(pair.lns.All<IncomingCall>().size(), 2u);
}

// A peer with a window of one: PPP must not start before the LNS can know the session.
class NarrowWindow : public testing::Test {
 protected:
  static constexpr uint16_t kCalls = 3;
  void SetUp() override {
    pair.lns_settings.receive_window = 1;
    pair.Establish();
    for (uint16_t id = 1; id <= kCalls; ++id) {
      pair.lac.tunnel->PlaceCall(LocalSessionId(id), {}, pair.now, pair.actions);
      pair.lac.Take(pair.actions, pair.to_lns);
    }
    pair.Settle();
    pair.Pass(Duration::Seconds(1));
    ASSERT_EQ(pair.lns.All<IncomingCall>().size(), kCalls);
    // All answers arrive before one ICCN is acknowledged.
    for (uint16_t id = 1; id <= kCalls; ++id) {
      ASSERT_TRUE(pair.lns.tunnel->AcceptCall(PeerSessionId(id), LocalSessionId(id), pair.now,
                                              pair.actions));
      pair.lns.Take(pair.actions, pair.to_lac);
    }
    while (!pair.to_lac.empty()) Step();
  }
  // One datagram to the LAC. Its reports of sessions come right behind their ICCNs.
  void Step() {
    const Bytes datagram = std::move(pair.to_lac.front());
    pair.to_lac.pop_front();
    pair.lac.tunnel->OnDatagram(datagram, pair.now, pair.actions);
    for (const Action& action : pair.actions) {
      if (const auto* send = std::get_if<SendDatagram>(&action)) {
        Header header;
        ASSERT_EQ(ParseHeader(send->bytes, header), HeaderError::kNone);
        if (header.payload_length() > 0) iccns_sent.push_back(header.session_id);
      } else if (const auto* up = std::get_if<SessionEstablished>(&action)) {
        ++reported;
        ASSERT_LE(reported, iccns_sent.size());
        EXPECT_EQ(iccns_sent[reported - 1], up->peer_session_id.value());
      }
    }
    pair.lac.Take(pair.actions, pair.to_lns);
  }

  TunnelPair pair;
  std::vector<uint16_t> iccns_sent;
  size_t reported = 0;
};

TEST_F(NarrowWindow, TheLacsSessionIsUpWhenItsIccnLeaves) {
  EXPECT_EQ(reported, 1u);
  for (int round = 0; round < 100 && reported < kCalls; ++round) {
    while (!pair.to_lns.empty()) pair.DeliverToLns();
    while (!pair.to_lac.empty()) Step();
  }
  EXPECT_EQ(reported, kCalls);
  pair.Settle();  // the last ICCN is still under way
  EXPECT_EQ(pair.lns.All<SessionEstablished>().size(), kCalls);
}

TEST_F(NarrowWindow, ACallClosedBeforeItsIccnLeftWasNeverUp) {
  pair.lac.tunnel->CloseSession(LocalSessionId(2), MakeResult(CdnResult::kLossOfCarrier), pair.now,
                                pair.actions);
  pair.lac.Take(pair.actions, pair.to_lns);
  pair.Pass(Duration::Seconds(5));
  for (const SessionEstablished& up : pair.lac.All<SessionEstablished>()) {
    EXPECT_NE(up.local_session_id, LocalSessionId(2));
  }
  EXPECT_EQ(pair.lac.All<SessionEstablished>().size(), kCalls - 1u);
  ASSERT_EQ(pair.lac.All<SessionClosed>().size(), 1u);
  EXPECT_EQ(pair.lns.All<SessionClosed>().size(), 1u);
}

TEST_F(TunnelCalls, FiveThousandCallsComeUpAndGo) {
  constexpr uint16_t kCalls = 5000;
  for (uint16_t id = 1; id <= kCalls; ++id) {
    pair.lac.tunnel->PlaceCall(LocalSessionId(id), {.framing_type = 1}, pair.now, pair.actions);
    pair.lac.Take(pair.actions, pair.to_lns);
  }
  for (uint16_t answered = 0; answered < kCalls;) {
    pair.Settle();
    const std::vector<IncomingCall> offered = pair.lns.All<IncomingCall>();
    ASSERT_GT(offered.size(), answered);
    for (; answered < offered.size(); ++answered) {
      const uint16_t id = offered[answered].peer_session_id.value();
      ASSERT_TRUE(pair.lns.tunnel->AcceptCall(PeerSessionId(id), LocalSessionId(id), pair.now,
                                              pair.actions));
      pair.lns.Take(pair.actions, pair.to_lac);
    }
  }
  pair.Settle();
  EXPECT_EQ(pair.lns.All<SessionEstablished>().size(), kCalls);
  pair.lns.tunnel->Close(MakeResult(StopCcnResult::kShuttingDown), pair.now, pair.actions);
  pair.lns.Take(pair.actions, pair.to_lac);
  pair.Settle();
  EXPECT_EQ(pair.lac.All<SessionClosed>().size(), kCalls);
  EXPECT_EQ(pair.lns.All<SessionClosed>().size(), kCalls);
}

}  // namespace
}  // namespace lns::l2tp
