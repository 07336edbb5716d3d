// The control connection itself: SCCRQ, SCCRP, SCCCN, StopCCN and HELLO, tunnel authentication, and
// the steps of tunnel_fsm.h (RFC 2661 5.1, 5.7, 6.1 to 6.5).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <array>
#include <string>
#include <utility>

#include "lib/base/check.h"
#include "lib/l2tp/control_connection.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel_auth.h"

namespace lns::l2tp {

void ControlConnection::StartOpen(Instant now, Actions& out) {
  StepTunnel(TunnelEvent::kLocalOpen, {}, now, out);
  Finish(now, out);
}

void ControlConnection::StartAccept(ByteView sccrq, const ResultCode* refusal, Instant now,
                                    Actions& out) {
  Header header;
  const HeaderError error = ParseHeader(sccrq, header);
  DecodedMessage decoded;
  if (error == HeaderError::kNone && header.control && header.payload_length() > 0) {
    sccrq = sccrq.first(header.end);
    channel_.set_first_nr(header.ns);
    (void)channel_.OnReceive(header, sccrq, out);
    decoded =
        DecodeMessage(sccrq.subspan(header.payload_offset), settings_.secret, settings_.tolerate);
    decoded.events.Count(out);
    channel_.RequestAck(AckUrgency::kDelayed, now);
  } else {
    // The owner peeked first, so this is its mistake; it still gets a tunnel that ends by itself.
    decoded.verdict = Verdict::kReject;
    decoded.rejection = MakeError(GeneralError::kBadValue, "not an SCCRQ");
  }
  std::optional<ResultCode> reason;
  if (refusal != nullptr) {
    reason = *refusal;
  } else {
    reason = JudgeSccrq(decoded, out);
  }
  LearnPeer(decoded.message);
  if (decoded.message.Has(AvpType::kTieBreaker)) tie_breaker_ = decoded.message.tie_breaker;
  StepTunnel(reason ? TunnelEvent::kSccrqBad : TunnelEvent::kSccrq,
             {.message = &decoded.message, .result = reason.value_or(ResultCode{})}, now, out);
  Finish(now, out);
}

void ControlConnection::OnTunnelMessage(const DecodedMessage& decoded, Instant now, Actions& out) {
  const Message& message = decoded.message;
  const auto step = [&](TunnelEvent good, TunnelEvent bad,
                        const std::optional<ResultCode>& reason) {
    StepTunnel(
        reason ? bad : good,
        {.message = &message,
         .result = reason.value_or(MakeResult(
             StopCcnResult::kFsmError, std::string("unexpected ") + ToString(message.type)))},
        now, out);
  };
  switch (message.type) {
    case MessageType::kSccrq:
      return step(TunnelEvent::kSccrq, TunnelEvent::kSccrqBad, std::nullopt);
    case MessageType::kSccrp: {
      // Judged where it is awaited; elsewhere only its being there matters.
      const bool awaited = state_ == TunnelState::kWaitCtlReply;
      if (awaited || state_ == TunnelState::kClosing) LearnPeer(message);
      return step(TunnelEvent::kSccrp, TunnelEvent::kSccrpBad,
                  awaited ? JudgeSccrp(decoded, out) : std::nullopt);
    }
    case MessageType::kScccn:
      return step(TunnelEvent::kScccn, TunnelEvent::kScccnBad,
                  state_ == TunnelState::kWaitCtlConn ? JudgeScccn(decoded, out) : std::nullopt);
    case MessageType::kStopCcn:
      // Obeyed however it is written. A peer that refuses our SCCRQ tells its id only here.
      if (peer_id_.value() == 0) LearnPeer(message);
      return StepTunnel(TunnelEvent::kStopCcn, {.result = message.result, .end = TunnelEnd::kPeer},
                        now, out);
    default:
      // HELLO: its acknowledgement is the answer. CSURQ: a LAC's matter, this one's lines do not
      // change.
      if (decoded.verdict == Verdict::kReject) {
        return StepTunnel(TunnelEvent::kLocalClose, {.result = decoded.rejection}, now, out);
      }
      if (message.type == MessageType::kCsun) OnSpeedUpdates(message, out);
      if (message.type == MessageType::kCsurq) {
        out.emplace_back(CountEvent{L2tpEvent::kConnectSpeedUpdate});
      }
  }
}

void ControlConnection::StepTunnel(TunnelEvent event, const TunnelInput& input, Instant now,
                                   Actions& out) {
  const TunnelTransition* transition = FindTransition(state_, event);
  LNS_CHECK(transition != nullptr);
  if (transition->step == TunnelStep::kIgnore) {
    if (input.message != nullptr) {
      out.emplace_back(CountEvent{L2tpEvent::kTunnelClosedMessage});
    }
    return;
  }
  const TunnelState from = state_;
  SetState(transition->next, now);
  switch (transition->step) {
    case TunnelStep::kIgnore:
    case TunnelStep::kRetain:
      break;
    case TunnelStep::kSendSccrq:
      SendSccrq();
      break;
    case TunnelStep::kSendSccrp:
      LNS_CHECK(input.message != nullptr);
      SendSccrp(*input.message);
      break;
    case TunnelStep::kSendScccn:
      LNS_CHECK(input.message != nullptr);
      SendScccn(*input.message);
      [[fallthrough]];
    case TunnelStep::kOpen:
      challenge_.clear();
      out.emplace_back(TunnelEstablished{});
      break;
    case TunnelStep::kSendStopCcn:
      // A message that is good in itself ends the tunnel where the table does not expect it.
      if (input.message != nullptr && from == TunnelState::kEstablished) {
        out.emplace_back(CountEvent{L2tpEvent::kTunnelUnexpectedMessage});
      }
      SendStopCcn(input.result);
      ReportClosed(input, out);
      break;
    case TunnelStep::kCleanUp:
      channel_.DropAll();
      ReportClosed(input, out);
      break;
    case TunnelStep::kForget:
      channel_.DropAll();
      ReportClosed(input, out);
      out.emplace_back(TunnelReleased{});
      break;
    case TunnelStep::kRelease:
      channel_.DropAll();
      out.emplace_back(TunnelReleased{});
      break;
  }
}

// The only place where the state changes.
void ControlConnection::SetState(TunnelState next, Instant now) {
  state_ = next;
  channel_.set_max_retransmits(next == TunnelState::kEstablished
                                   ? settings_.max_retransmits_established
                                   : settings_.max_retransmits);
  switch (next) {
    case TunnelState::kWaitCtlReply:
    case TunnelState::kWaitCtlConn:
      state_deadline_ = now + RetransmissionCycle();
      break;
    case TunnelState::kRetained:
      state_deadline_ = now + settings_.retention;
      break;
    case TunnelState::kIdle:
    case TunnelState::kEstablished:
    case TunnelState::kClosing:
      state_deadline_ = Instant::Never();
      break;
  }
}

std::optional<ResultCode> ControlConnection::JudgePeer(const DecodedMessage& decoded,
                                                       Actions& out) const {
  const Message& message = decoded.message;
  // First: a peer of another version may well have written what we cannot read.
  if (message.Has(AvpType::kProtocolVersion) && message.protocol_version != kProtocolVersion1) {
    out.emplace_back(CountEvent{L2tpEvent::kProtocolVersion});
    ResultCode result = MakeResult(StopCcnResult::kProtocolVersion);
    result.error = kProtocolVersion1;
    return result;
  }
  if (decoded.verdict != Verdict::kAccept) return decoded.rejection;
  if (message.Has(AvpType::kChallenge) && settings_.secret.empty()) {
    out.emplace_back(CountEvent{L2tpEvent::kAuthNoSecret});
    return MakeResult(StopCcnResult::kNotAuthorized, "no secret is configured here");
  }
  return std::nullopt;
}

std::optional<ResultCode> ControlConnection::JudgeResponse(const Message& message,
                                                           Actions& out) const {
  if (challenge_.empty()) return std::nullopt;
  if (!message.Has(AvpType::kChallengeResponse)) {
    out.emplace_back(CountEvent{L2tpEvent::kAuthResponseMissing});
    return MakeResult(StopCcnResult::kNotAuthorized, "the challenge was not answered");
  }
  if (!VerifyChallengeResponse(message.type, settings_.secret, challenge_,
                               message.challenge_response)) {
    out.emplace_back(CountEvent{L2tpEvent::kAuthResponseWrong});
    return MakeResult(StopCcnResult::kNotAuthorized, "the challenge response is wrong");
  }
  return std::nullopt;
}

std::optional<ResultCode> ControlConnection::JudgeSccrq(const DecodedMessage& decoded,
                                                        Actions& out) const {
  if (decoded.type_known && decoded.message.type != MessageType::kSccrq) {
    return MakeResult(StopCcnResult::kFsmError, "not an SCCRQ");
  }
  return JudgePeer(decoded, out);
}

std::optional<ResultCode> ControlConnection::JudgeSccrp(const DecodedMessage& decoded,
                                                        Actions& out) const {
  if (std::optional<ResultCode> reason = JudgePeer(decoded, out)) return reason;
  return JudgeResponse(decoded.message, out);
}

std::optional<ResultCode> ControlConnection::JudgeScccn(const DecodedMessage& decoded,
                                                        Actions& out) const {
  if (decoded.verdict != Verdict::kAccept) return decoded.rejection;
  return JudgeResponse(decoded.message, out);
}

void ControlConnection::LearnPeer(const Message& message) {
  if (message.Has(AvpType::kAssignedTunnelId) && message.assigned_tunnel_id != 0) {
    peer_id_ = PeerTunnelId(message.assigned_tunnel_id);
    channel_.set_peer_tunnel(peer_id_);
  }
  if (message.Has(AvpType::kReceiveWindowSize) && message.receive_window != 0) {
    channel_.set_peer_window(message.receive_window);
  }
  if (message.Has(AvpType::kFramingCapabilities)) peer_framing_ = message.framing_capabilities;
  if (message.Has(AvpType::kBearerCapabilities)) peer_bearer_ = message.bearer_capabilities;
  if (message.Has(AvpType::kHostName)) peer_host_name_ = message.host_name;
  if (message.Has(AvpType::kVendorName)) peer_vendor_name_ = message.vendor_name;
}

// What SCCRQ and SCCRP say alike of their sender.
void ControlConnection::AddOwnProperties(Message& message) {
  using enum AvpType;
  message.protocol_version = kProtocolVersion1;
  message.framing_capabilities = settings_.framing_capabilities;
  // Who places no calls sets no bit (RFC 2661 4.4.3).
  message.bearer_capabilities = settings_.accept_outgoing_calls ? settings_.bearer_capabilities : 0;
  message.firmware_revision = settings_.firmware_revision;
  message.host_name = settings_.host_name;
  message.vendor_name = settings_.vendor_name;
  message.assigned_tunnel_id = local_id_.value();
  message.receive_window = settings_.receive_window;
  message.present =
      AvpSet::Of(kProtocolVersion, kFramingCapabilities, kBearerCapabilities, kFirmwareRevision,
                 kHostName, kVendorName, kAssignedTunnelId, kReceiveWindowSize);
}

// A fresh one per tunnel (RFC 2661 5.1.1).
void ControlConnection::AddChallenge(bool offered, Message& message) {
  const bool wanted = settings_.challenge == ChallengePolicy::kAlways ||
                      (settings_.challenge == ChallengePolicy::kIfOffered && offered);
  if (settings_.secret.empty() || !wanted) return;
  challenge_.resize(kChallengeLength);
  rng_.Fill(challenge_);
  message.challenge = challenge_;
  message.present.Add(AvpType::kChallenge);
}

void ControlConnection::AddResponse(const Message& challenged_by, Message& message) const {
  if (!challenged_by.Has(AvpType::kChallenge)) return;
  message.challenge_response =
      ChallengeResponse(message.type, settings_.secret, challenged_by.challenge);
  message.present.Add(AvpType::kChallengeResponse);
}

void ControlConnection::SendSccrq() {
  Message message{.type = MessageType::kSccrq};
  AddOwnProperties(message);
  AddChallenge(/*offered=*/false, message);
  if (settings_.tie_breaker) AddTieBreaker(message);
  Send(message, PeerSessionId());
}

void ControlConnection::AddTieBreaker(Message& message) {
  std::array<uint8_t, 8> value{};
  rng_.Fill(value);
  tie_breaker_ = uint64_t{LoadBe32(value.data())} << 32 | LoadBe32(value.data() + 4);
  message.tie_breaker = *tie_breaker_;
  message.present.Add(AvpType::kTieBreaker);
}

void ControlConnection::SendSccrp(const Message& sccrq) {
  Message message{.type = MessageType::kSccrp};
  AddOwnProperties(message);
  AddResponse(sccrq, message);
  AddChallenge(sccrq.Has(AvpType::kChallenge), message);
  // Ours, for the peer to take or leave (RFC 3308 3).
  if (sccrq.Has(AvpType::kControlConnectionDs) && settings_.control_dscp) {
    message.control_dscp = settings_.control_dscp;
    message.present.Add(AvpType::kControlConnectionDs);
  }
  Send(message, PeerSessionId());
}

void ControlConnection::SendScccn(const Message& sccrp) {
  Message message{.type = MessageType::kScccn};
  AddResponse(sccrp, message);
  Send(message, PeerSessionId());
}

void ControlConnection::SendStopCcn(const ResultCode& result) {
  Message message{.type = MessageType::kStopCcn,
                  .present = AvpSet::Of(AvpType::kAssignedTunnelId, AvpType::kResultCode),
                  .assigned_tunnel_id = local_id_.value(),
                  .result = result};
  // Calls not yet spoken of need not be.
  channel_.DropUnsent();
  Send(message, PeerSessionId());
}

void ControlConnection::ReportClosed(const TunnelInput& input, Actions& out) {
  if (closed_reported_) return;
  closed_reported_ = true;
  const bool by_peer = input.end == TunnelEnd::kPeer;
  const bool orderly = by_peer || input.end == TunnelEnd::kLocal;
  CloseAllSessions(
      MakeResult(orderly ? CdnResult::kAdministrative : CdnResult::kLossOfCarrier,
                 "the tunnel was closed: " + Describe(input.result, MessageType::kStopCcn)),
      by_peer, out);
  out.emplace_back(TunnelClosed{.result = input.result,
                                .by_peer = by_peer,
                                .timed_out = input.end == TunnelEnd::kUnreachable ||
                                             input.end == TunnelEnd::kHelloUnanswered ||
                                             input.end == TunnelEnd::kUnacknowledged,
                                .end = input.end});
}

}  // namespace lns::l2tp
