// The sessions of a tunnel: their messages and the steps of session_fsm.h (RFC 2661 5.2, 5.6, 6.6
// to 6.14). What the owner asks of them, and how a call is asked for and opened, is in
// control_connection_calls.cc.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <string>
#include <utility>

#include "lib/base/check.h"
#include "lib/l2tp/control_connection.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/result_code.h"

namespace lns::l2tp {
namespace {

ResultCode Unexpected(MessageType type) {
  return MakeError(GeneralError::kInvalidSession, std::string("unexpected ") + ToString(type));
}

SessionEvent EventFor(MessageType type, bool good) {
  switch (type) {
    case MessageType::kIcrq:
      return good ? SessionEvent::kIcrq : SessionEvent::kIcrqBad;
    case MessageType::kIcrp:
      return good ? SessionEvent::kIcrp : SessionEvent::kIcrpBad;
    case MessageType::kIccn:
      return good ? SessionEvent::kIccn : SessionEvent::kIccnBad;
    case MessageType::kOcrq:
      return good ? SessionEvent::kOcrq : SessionEvent::kOcrqBad;
    case MessageType::kOcrp:
      return good ? SessionEvent::kOcrp : SessionEvent::kOcrpBad;
    case MessageType::kOccn:
      return good ? SessionEvent::kOccn : SessionEvent::kOccnBad;
    default:
      return SessionEvent::kLocalClose;
  }
}

// What a CDN says beyond its Result Code.
void AddCauses(const Message& cdn, SessionClosed& closed) {
  if (cdn.Has(AvpType::kQ931CauseCode)) closed.q931_cause = cdn.q931_cause;
  if (cdn.Has(AvpType::kPppDisconnectCause)) closed.ppp_cause = cdn.ppp_cause;
}

}  // namespace

void ControlConnection::OnSessionMessage(const Header& header, const DecodedMessage& decoded,
                                         Instant now, Actions& out) {
  const Message& message = decoded.message;
  if (message.type == MessageType::kIcrq || message.type == MessageType::kOcrq) {
    return OnCallRequest(header, decoded, now, out);
  }
  const std::optional<Slot> slot = FindSession(header, message);
  if (!slot) return OnSessionless(decoded, out);
  switch (message.type) {
    case MessageType::kIcrp:
    case MessageType::kOcrp:
      return OnReply(*slot, decoded, now, out);
    case MessageType::kIccn:
    case MessageType::kOccn:
      return OnConnected(*slot, decoded, now, out);
    case MessageType::kCdn:
      // Obeyed however it is written.
      return StepSession(*slot, SessionEvent::kCdn,
                         {.message = &message, .result = message.result, .by_peer = true}, now,
                         out);
    default:
      break;
  }
  // What is wrong with a session's message ends that session alone (RFC 2661 4.1).
  if (decoded.verdict == Verdict::kReject) {
    return StepSession(*slot, SessionEvent::kLocalClose, {.result = decoded.rejection}, now, out);
  }
  OnNews(sessions_.at(*slot), message, out);
}

// WEN, SLI and MDMST change no state: who has no use for one only counts it.
void ControlConnection::OnNews(const Session& session, const Message& message, Actions& out) {
  const bool up = session.state == SessionState::kEstablished;
  const bool lns = IsLns(session.role);
  if (message.type == MessageType::kWen && up && lns) {
    out.emplace_back(CountEvent{L2tpEvent::kWanErrorNotify});
    if (!message.Has(AvpType::kCallErrors)) return;
    out.emplace_back(
        WanErrors{.local_session_id = session.local_id, .counts = message.call_errors});
  } else if (message.type == MessageType::kSli && up && !lns) {
    out.emplace_back(CountEvent{L2tpEvent::kSetLinkInfo});
    if (!message.Has(AvpType::kAccm)) return;
    out.emplace_back(LinkInfo{.local_session_id = session.local_id,
                              .send_accm = message.accm.send,
                              .receive_accm = message.accm.receive,
                              .last_sent_confreq = message.lns_last_sent_confreq,
                              .last_received_confreq = message.lns_last_received_confreq});
  } else if (message.type == MessageType::kMdmst && up && lns) {
    // The line's silence has a reason (RFC 3573); nothing here ends a call for silence.
    out.emplace_back(CountEvent{L2tpEvent::kModemStatus});
  } else {
    out.emplace_back(CountEvent{L2tpEvent::kSessionUnexpectedMessage});
  }
}

// LNS: new speeds of some of the tunnel's sessions (RFC 5515 4.1). Those it does not know may just
// have ended.
void ControlConnection::OnSpeedUpdates(const Message& csun, Actions& out) {
  out.emplace_back(CountEvent{L2tpEvent::kConnectSpeedUpdate});
  for (const SpeedUpdate& update : csun.speed_updates) {
    const LocalSessionId id(update.session_id);
    if (FindEstablished(id, /*as_lns=*/true) == nullptr) {
      out.emplace_back(CountEvent{L2tpEvent::kSessionUnknown});
      continue;
    }
    out.emplace_back(
        AccessLineUpdate{.local_session_id = id, .tx_bps = update.tx_bps, .rx_bps = update.rx_bps});
  }
}

std::optional<ControlConnection::Slot> ControlConnection::FindSession(
    const Header& header, const Message& message) const {
  if (header.session_id != 0) return sessions_.Find(LocalSessionId(header.session_id));
  // A CDN from a peer that has not seen our session id yet names the call by its own.
  if (message.type == MessageType::kCdn && message.assigned_session_id != 0) {
    return sessions_.Find(PeerSessionId(message.assigned_session_id));
  }
  return std::nullopt;
}

// The rows of state idle that need no session to be made: only the answer is on the wire.
void ControlConnection::OnSessionless(const DecodedMessage& decoded, Actions& out) {
  const Message& message = decoded.message;
  out.emplace_back(CountEvent{L2tpEvent::kSessionUnknown});
  SessionRole role = opened_here_ ? SessionRole::kLac : SessionRole::kLns;
  switch (message.type) {
    case MessageType::kIcrp:
    case MessageType::kIccn:
      break;
    case MessageType::kOcrp:
    case MessageType::kOccn:
      role =
          settings_.accept_outgoing_calls ? SessionRole::kLacOutgoing : SessionRole::kLnsOutgoing;
      break;
    default:
      return;
  }
  const bool good = decoded.verdict == Verdict::kAccept;
  if (FindTransition(role, SessionState::kIdle, EventFor(message.type, good))->step ==
      SessionStep::kSendCdn) {
    SendCdn({.peer_id = PeerSessionId(message.assigned_session_id)}, Unexpected(message.type));
  }
}

// ICRQ, OCRQ.
void ControlConnection::OnCallRequest(const Header& header, const DecodedMessage& decoded,
                                      Instant now, Actions& out) {
  const Message& message = decoded.message;
  const PeerSessionId peer(message.assigned_session_id);
  std::optional<Slot> existing = sessions_.Find(LocalSessionId(header.session_id));
  if (!existing) existing = sessions_.Find(peer);
  if (existing) {
    out.emplace_back(CountEvent{L2tpEvent::kSessionIdReused});
    return StepSession(*existing, EventFor(message.type, /*good=*/true),
                       {.result = Unexpected(message.type)}, now, out);
  }
  const std::optional<ResultCode> reason = JudgeCallRequest(decoded, out);
  const bool incoming = message.type == MessageType::kIcrq;
  const Slot slot = sessions_.Add(incoming ? SessionRole::kLns : SessionRole::kLacOutgoing,
                                  LocalSessionId(), peer);
  StepSession(slot, EventFor(message.type, /*good=*/!reason),
              {.message = &message, .result = reason.value_or(ResultCode{})}, now, out);
}

std::optional<ResultCode> ControlConnection::JudgeCallRequest(const DecodedMessage& decoded,
                                                              Actions& out) const {
  const auto refuse = [&](L2tpEvent event, CdnResult result, const char* text) {
    out.emplace_back(CountEvent{event});
    return MakeResult(result, text);
  };
  const bool outgoing = decoded.message.type == MessageType::kOcrq;
  if (decoded.verdict == Verdict::kReject) return decoded.rejection;
  if (outgoing && !settings_.accept_outgoing_calls) {
    return refuse(L2tpEvent::kOutgoingCallRefused, CdnResult::kNoFacilitiesPermanent,
                  "no outgoing calls here");
  }
  if (refusal_) {
    out.emplace_back(CountEvent{L2tpEvent::kCallRefusedDraining});
    return refusal_;
  }
  if (sessions_.size() >= settings_.max_sessions) {
    return refuse(L2tpEvent::kSessionLimit, CdnResult::kNoFacilitiesTemporary,
                  "too many sessions on this tunnel");
  }
  const CallInfo& call = decoded.message.call;
  if (outgoing && (call.framing_type & settings_.framing_capabilities) == 0) {
    return refuse(L2tpEvent::kFramingUnsupported, CdnResult::kNoFacilitiesPermanent,
                  "Framing Type was not offered");
  }
  if (outgoing && (call.bearer_type & settings_.bearer_capabilities) == 0) {
    return refuse(L2tpEvent::kBearerUnsupported, CdnResult::kNoFacilitiesPermanent,
                  "Bearer Type was not offered");
  }
  return std::nullopt;
}

// ICRP, OCRP.
void ControlConnection::OnReply(Slot slot, const DecodedMessage& decoded, Instant now,
                                Actions& out) {
  const Message& message = decoded.message;
  const PeerSessionId peer(message.assigned_session_id);
  ResultCode reason = decoded.rejection;
  bool good = decoded.verdict == Verdict::kAccept;
  // Only the first reply names the peer's session; a later one is a state machine's matter.
  if (sessions_.at(slot).state == SessionState::kWaitReply && peer.value() != 0) {
    if (!sessions_.Find(peer)) {
      sessions_.SetPeerId(slot, peer);
    } else if (good) {
      out.emplace_back(CountEvent{L2tpEvent::kSessionIdReused});
      good = false;
      reason = MakeError(GeneralError::kInvalidSession, "Assigned Session ID already in use");
    }
  }
  StepSession(slot, EventFor(message.type, good),
              {.message = &message, .result = good ? Unexpected(message.type) : reason}, now, out);
}

// ICCN, OCCN.
void ControlConnection::OnConnected(Slot slot, const DecodedMessage& decoded, Instant now,
                                    Actions& out) {
  const Message& message = decoded.message;
  const Session& session = sessions_.at(slot);
  ResultCode reason = decoded.rejection;
  bool good = decoded.verdict == Verdict::kAccept;
  // An outgoing call may only come with what was asked for.
  const bool asked =
      session.role == SessionRole::kLnsOutgoing && session.state == SessionState::kWaitConnect;
  const uint32_t acceptable = asked ? session.info->framing_type : settings_.framing_capabilities;
  const uint32_t framing = message.call.framing_type;
  if (good && framing != 0 && (framing & acceptable) == 0) {
    out.emplace_back(CountEvent{L2tpEvent::kFramingUnsupported});
    good = false;
    reason = MakeResult(CdnResult::kNoFacilitiesPermanent, "Framing Type was not offered");
  }
  StepSession(slot, EventFor(message.type, good),
              {.message = &message, .result = good ? Unexpected(message.type) : reason}, now, out);
}

// The only place where a session's state changes.
void ControlConnection::StepSession(Slot slot, SessionEvent event, const SessionInput& input,
                                    Instant now, Actions& out) {
  Session& session = sessions_.at(slot);
  const SessionState from = session.state;
  const SessionTransition* transition = FindTransition(session.role, from, event);
  LNS_CHECK(transition != nullptr);
  if (transition->step == SessionStep::kIgnore) {
    out.emplace_back(CountEvent{L2tpEvent::kSessionUnexpectedMessage});
    return;
  }
  session.state = transition->next;
  switch (transition->step) {
    case SessionStep::kIgnore:
    case SessionStep::kCleanUp:
      break;
    case SessionStep::kSendRequest:
      LNS_CHECK(input.request != nullptr);
      session.info = std::make_unique<CallInfo>(input.request->call);
      Send(*input.request, PeerSessionId());
      break;
    case SessionStep::kIndicate:
      LNS_CHECK(input.message != nullptr);
      session.info = std::make_unique<CallInfo>(input.message->call);
      Indicate(session, *input.message, out);
      break;
    case SessionStep::kSendReply:
      sessions_.SetLocalId(slot, input.local_id);
      SendReply(session);
      break;
    case SessionStep::kWait:
      LNS_CHECK(input.message != nullptr);
      session.info->physical_channel_id = input.message->call.physical_channel_id;
      break;
    case SessionStep::kSendConnected:
      OpenLac(slot, input.connected);
      break;
    case SessionStep::kOpen:
      LNS_CHECK(input.message != nullptr);
      OpenLns(slot, *input.message, out);
      break;
    case SessionStep::kSendCdn:
      SendCdn({.local_id = session.local_id, .peer_id = session.peer_id}, input.result,
              input.ppp_cause);
      break;
  }
  if (session.state == SessionState::kEstablished) return;
  if (session.state != SessionState::kIdle) {
    return sessions_.Arm(slot, now + settings_.call_setup_timeout);
  }
  if (!IsLns(session.role)) ForgetOpening(session.local_id);
  // A call refused at once was never shown to the owner.
  if (from != SessionState::kIdle) {
    SessionClosed closed{.local_session_id = session.local_id,
                         .peer_session_id = session.peer_id,
                         .result = input.result,
                         .by_peer = input.by_peer};
    if (input.by_peer && input.message != nullptr) AddCauses(*input.message, closed);
    out.emplace_back(std::move(closed));
  }
  sessions_.Remove(slot);
}

// The header carries the peer's id, the AVP ours; 0 where none was assigned (RFC 2661 6.12).
void ControlConnection::SendCdn(const SessionIds& ids, const ResultCode& result,
                                const PppDisconnectCause* ppp_cause) {
  Message message{.type = MessageType::kCdn,
                  .present = AvpSet::Of(AvpType::kResultCode, AvpType::kAssignedSessionId),
                  .assigned_session_id = ids.local_id.value(),
                  .result = result};
  if (ppp_cause != nullptr) {
    message.ppp_cause = *ppp_cause;
    message.present.Add(AvpType::kPppDisconnectCause);
  }
  Send(message, ids.peer_id);
}

void ControlConnection::CloseAllSessions(const ResultCode& result, bool by_peer, Actions& out) {
  openings_.clear();
  for (Slot slot = 0; slot < sessions_.slot_end(); ++slot) {
    const Session& session = sessions_.at(slot);
    if (!session.in_use) continue;
    out.emplace_back(SessionClosed{.local_session_id = session.local_id,
                                   .peer_session_id = session.peer_id,
                                   .result = result,
                                   .by_peer = by_peer});
    sessions_.Remove(slot);
  }
}

}  // namespace lns::l2tp
