// The sessions of a tunnel: incoming calls in both roles, ICRQ to CDN, and the steps of
// session_fsm.h (RFC 2661 5.2, 5.6, 6.6 to 6.14). Outgoing calls are refused.
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
    default:
      return SessionEvent::kLocalClose;
  }
}

// Proxy and connection AVPs come with the ICCN, the rest came with the ICRQ.
CallInfo Join(CallInfo icrq, CallInfo iccn) {
  iccn.call_serial_number = icrq.call_serial_number;
  iccn.called_number = std::move(icrq.called_number);
  iccn.calling_number = std::move(icrq.calling_number);
  iccn.sub_address = std::move(icrq.sub_address);
  iccn.bearer_type = icrq.bearer_type;
  iccn.physical_channel_id = icrq.physical_channel_id;
  return iccn;
}

}  // namespace

void ControlConnection::OnSessionMessage(const Header& header, const DecodedMessage& decoded,
                                         Instant now, Actions& out) {
  const Message& message = decoded.message;
  if (message.type == MessageType::kIcrq) return OnIcrq(header, decoded, now, out);
  const std::optional<Slot> slot = FindSession(header, message);
  if (!slot) return OnSessionless(decoded, out);
  switch (message.type) {
    case MessageType::kIcrp:
      return OnIcrp(*slot, decoded, now, out);
    case MessageType::kIccn:
      return OnIccn(*slot, decoded, now, out);
    case MessageType::kCdn:
      // Obeyed however it is written.
      return StepSession(*slot, SessionEvent::kCdn, {.result = message.result, .by_peer = true},
                         now, out);
    case MessageType::kWen:
      out.emplace_back(CountEvent{L2tpEvent::kWanErrorNotify});
      break;
    case MessageType::kSli:
      out.emplace_back(CountEvent{L2tpEvent::kSetLinkInfo});
      break;
    default:
      out.emplace_back(CountEvent{L2tpEvent::kSessionUnexpectedMessage});
      break;
  }
  // What is wrong with a session's message ends that session alone (RFC 2661 4.1).
  if (decoded.verdict == Verdict::kReject) {
    StepSession(*slot, SessionEvent::kLocalClose, {.result = decoded.rejection}, now, out);
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
  const PeerSessionId peer(message.assigned_session_id);
  if (message.type == MessageType::kOcrq) {
    out.emplace_back(CountEvent{L2tpEvent::kOutgoingCallRefused});
    return SendCdn(peer, LocalSessionId(),
                   decoded.verdict == Verdict::kReject
                       ? decoded.rejection
                       : MakeResult(CdnResult::kNoFacilitiesPermanent, "no outgoing calls here"));
  }
  out.emplace_back(CountEvent{L2tpEvent::kSessionUnknown});
  if (message.type != MessageType::kIcrp && message.type != MessageType::kIccn) return;
  const SessionRole role = opened_here_ ? SessionRole::kLac : SessionRole::kLns;
  const bool good = decoded.verdict == Verdict::kAccept;
  if (FindTransition(role, SessionState::kIdle, EventFor(message.type, good))->step ==
      SessionStep::kSendCdn) {
    SendCdn(peer, LocalSessionId(), Unexpected(message.type));
  }
}

void ControlConnection::OnIcrq(const Header& header, const DecodedMessage& decoded, Instant now,
                               Actions& out) {
  const Message& message = decoded.message;
  const PeerSessionId peer(message.assigned_session_id);
  std::optional<Slot> existing = sessions_.Find(LocalSessionId(header.session_id));
  if (!existing) existing = sessions_.Find(peer);
  if (existing) {
    out.emplace_back(CountEvent{L2tpEvent::kSessionIdReused});
    return StepSession(*existing, SessionEvent::kIcrq, {.result = Unexpected(message.type)}, now,
                       out);
  }
  std::optional<ResultCode> reason;
  if (decoded.verdict == Verdict::kReject) {
    reason = decoded.rejection;
  } else if (sessions_.size() >= settings_.max_sessions) {
    out.emplace_back(CountEvent{L2tpEvent::kSessionLimit});
    reason = MakeResult(CdnResult::kNoFacilitiesTemporary, "too many sessions on this tunnel");
  }
  const Slot slot = sessions_.Add(SessionRole::kLns, LocalSessionId(), peer);
  StepSession(slot, reason ? SessionEvent::kIcrqBad : SessionEvent::kIcrq,
              {.message = &message, .result = reason.value_or(ResultCode{})}, now, out);
}

void ControlConnection::OnIcrp(Slot slot, const DecodedMessage& decoded, Instant now,
                               Actions& out) {
  const Message& message = decoded.message;
  const PeerSessionId peer(message.assigned_session_id);
  ResultCode reason = decoded.rejection;
  bool good = decoded.verdict == Verdict::kAccept;
  // Only the first ICRP names the peer's session; a later one is a state machine's matter.
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

void ControlConnection::OnIccn(Slot slot, const DecodedMessage& decoded, Instant now,
                               Actions& out) {
  const Message& message = decoded.message;
  ResultCode reason = decoded.rejection;
  bool good = decoded.verdict == Verdict::kAccept;
  const uint32_t framing = message.call.framing_type;
  if (good && framing != 0 && (framing & settings_.framing_capabilities) == 0) {
    out.emplace_back(CountEvent{L2tpEvent::kFramingUnsupported});
    good = false;
    reason = MakeResult(CdnResult::kNoFacilitiesPermanent, "Framing Type was not offered");
  }
  StepSession(slot, EventFor(message.type, good),
              {.message = &message, .result = good ? Unexpected(message.type) : reason}, now, out);
}

bool ControlConnection::AcceptCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                                   Actions& out) {
  const std::optional<Slot> slot = sessions_.Find(call);
  if (!slot || sessions_.at(*slot).state != SessionState::kWaitAnswer) return false;
  LNS_CHECK(local_id.value() != 0 && !sessions_.Find(local_id));
  StepSession(*slot, SessionEvent::kAnswer, {.local_id = local_id}, now, out);
  Finish(now, out);
  return true;
}

bool ControlConnection::RejectCall(PeerSessionId call, const ResultCode& result, Instant now,
                                   Actions& out) {
  const std::optional<Slot> slot = sessions_.Find(call);
  if (!slot || sessions_.at(*slot).state != SessionState::kWaitAnswer) return false;
  StepSession(*slot, SessionEvent::kLocalClose, {.result = result}, now, out);
  Finish(now, out);
  return true;
}

void ControlConnection::PlaceCall(LocalSessionId local_id, const CallInfo& info, Instant now,
                                  Actions& out) {
  LNS_CHECK(local_id.value() != 0 && !sessions_.Find(local_id));
  if (state_ != TunnelState::kEstablished) {
    // The tunnel may have closed in an action the owner has not carried out yet.
    out.emplace_back(SessionClosed{
        .local_session_id = local_id,
        .peer_session_id = PeerSessionId(),
        .result = MakeError(GeneralError::kNoControlConnection, "the tunnel is not established")});
    return;
  }
  const Slot slot = sessions_.Add(SessionRole::kLac, local_id, PeerSessionId());
  StepSession(slot, SessionEvent::kPlace, {.info = &info}, now, out);
  Finish(now, out);
}

void ControlConnection::PlaceOutgoingCall(LocalSessionId local_id, const OutgoingCallInfo&, Instant,
                                          Actions& out) {
  out.emplace_back(SessionClosed{
      .local_session_id = local_id,
      .peer_session_id = PeerSessionId(),
      .result = MakeResult(CdnResult::kNoFacilitiesPermanent, "no outgoing calls here")});
}

bool ControlConnection::AcceptOutgoingCall(PeerSessionId, LocalSessionId, Instant, Actions&) {
  return false;
}

bool ControlConnection::ConnectOutgoingCall(LocalSessionId, const CallInfo&, Instant, Actions&) {
  return false;
}

bool ControlConnection::SendLinkInfo(const LinkInfo&, Instant, Actions&) { return false; }

bool ControlConnection::RequestAccessLineUpdate(LocalSessionId, Instant, Actions&) { return false; }

bool ControlConnection::SendWanErrors(const WanErrors&, Instant, Actions&) { return false; }

bool ControlConnection::CloseSession(LocalSessionId session, const ResultCode& result,
                                     const std::optional<PppDisconnectCause>&, Instant now,
                                     Actions& out) {
  const std::optional<Slot> slot = sessions_.Find(session);
  if (!slot) return false;
  StepSession(*slot, SessionEvent::kLocalClose, {.result = result}, now, out);
  Finish(now, out);
  return true;
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
      break;
    case SessionStep::kSendIcrq:
      LNS_CHECK(input.info != nullptr);
      session.info = std::make_unique<CallInfo>(*input.info);
      SendIcrq(session);
      sessions_.Arm(slot, now + settings_.call_setup_timeout);
      break;
    case SessionStep::kIndicate:
      LNS_CHECK(input.message != nullptr);
      session.info = std::make_unique<CallInfo>(input.message->call);
      sessions_.Arm(slot, now + settings_.call_setup_timeout);
      out.emplace_back(
          IncomingCall{.peer_session_id = session.peer_id, .info = input.message->call});
      break;
    case SessionStep::kSendIcrp:
      sessions_.SetLocalId(slot, input.local_id);
      SendIcrp(session);
      sessions_.Arm(slot, now + settings_.call_setup_timeout);
      break;
    case SessionStep::kSendIccn:
      OpenLac(slot);
      break;
    case SessionStep::kOpen:
      LNS_CHECK(input.message != nullptr);
      OpenLns(slot, *input.message, out);
      break;
    case SessionStep::kSendCdn:
      SendCdn(session.peer_id, session.local_id, input.result);
      break;
    case SessionStep::kCleanUp:
      break;
  }
  if (session.state != SessionState::kIdle) return;
  if (session.role == SessionRole::kLac) ForgetOpening(session.local_id);
  // A call refused at once was never shown to the owner.
  if (from != SessionState::kIdle) {
    out.emplace_back(SessionClosed{.local_session_id = session.local_id,
                                   .peer_session_id = session.peer_id,
                                   .result = input.result,
                                   .by_peer = input.by_peer});
  }
  sessions_.Remove(slot);
}

void ControlConnection::SendIcrq(const Session& session) {
  using enum AvpType;
  Message message{.type = MessageType::kIcrq,
                  .present = AvpSet::Of(kAssignedSessionId, kCallSerialNumber),
                  .assigned_session_id = session.local_id.value(),
                  .call = *session.info};
  const CallInfo& info = message.call;
  if (info.bearer_type != 0) message.present.Add(kBearerType);
  if (info.physical_channel_id) message.present.Add(kPhysicalChannelId);
  if (!info.called_number.empty()) message.present.Add(kCalledNumber);
  if (!info.calling_number.empty()) message.present.Add(kCallingNumber);
  if (!info.sub_address.empty()) message.present.Add(kSubAddress);
  Send(message, PeerSessionId());
}

void ControlConnection::SendIcrp(const Session& session) {
  Send({.type = MessageType::kIcrp,
        .present = AvpSet::Of(AvpType::kAssignedSessionId),
        .assigned_session_id = session.local_id.value()},
       session.peer_id);
}

// LAC: the ICCN; the owner hears that the session is up when it leaves.
void ControlConnection::OpenLac(Slot slot) {
  using enum AvpType;
  Session& session = sessions_.at(slot);
  Message message{.type = MessageType::kIccn,
                  .present = AvpSet::Of(kTxConnectSpeed, kFramingType),
                  .call = std::move(*session.info)};
  session.info.reset();
  sessions_.Disarm(slot);
  const CallInfo& info = message.call;
  const auto add_if = [&](bool condition, AvpType type) {
    if (condition) message.present.Add(type);
  };
  add_if(info.rx_connect_speed_bps != 0, kRxConnectSpeed);
  add_if(!info.private_group_id.empty(), kPrivateGroupId);
  add_if(info.sequencing_required, kSequencingRequired);
  add_if(!info.initial_received_confreq.empty(), kInitialReceivedConfReq);
  add_if(!info.last_sent_confreq.empty(), kLastSentConfReq);
  add_if(!info.last_received_confreq.empty(), kLastReceivedConfReq);
  add_if(info.proxy_authen_type.has_value(), kProxyAuthenType);
  add_if(!info.proxy_authen_name.empty(), kProxyAuthenName);
  add_if(!info.proxy_authen_challenge.empty(), kProxyAuthenChallenge);
  add_if(info.proxy_authen_id.has_value(), kProxyAuthenId);
  add_if(!info.proxy_authen_response.empty(), kProxyAuthenResponse);
  Send(message, session.peer_id);
  openings_.push_back({.leaves_at = channel_.messages_transmitted() + channel_.unsent(),
                       .established = {.local_session_id = session.local_id,
                                       .peer_session_id = session.peer_id,
                                       .info = std::move(message.call)}});
}

// A PPP frame must not overtake the ICCN: its session would be unknown at the LNS.
void ControlConnection::ReportOpened(Actions& out) {
  while (!openings_.empty() && openings_.front().leaves_at <= channel_.messages_transmitted()) {
    out.emplace_back(std::move(openings_.front().established));
    openings_.pop_front();
  }
}

// The call ended before its ICCN left.
void ControlConnection::ForgetOpening(LocalSessionId session) {
  std::erase_if(openings_, [&](const Opening& opening) {
    return opening.established.local_session_id == session;
  });
}

// LNS: the ICCN has come; its acknowledgement leaves after this.
void ControlConnection::OpenLns(Slot slot, const Message& iccn, Actions& out) {
  Session& session = sessions_.at(slot);
  CallInfo info = Join(std::move(*session.info), iccn.call);
  session.info.reset();
  sessions_.Disarm(slot);
  // Absent means the same both ways (RFC 2661 4.4.4).
  if (!iccn.Has(AvpType::kRxConnectSpeed)) info.rx_connect_speed_bps = info.tx_connect_speed_bps;
  out.emplace_back(SessionEstablished{.local_session_id = session.local_id,
                                      .peer_session_id = session.peer_id,
                                      .info = std::move(info)});
}

// The header carries the peer's id, the AVP ours; 0 where none was assigned (RFC 2661 6.12).
void ControlConnection::SendCdn(PeerSessionId peer, LocalSessionId local,
                                const ResultCode& result) {
  Send({.type = MessageType::kCdn,
        .present = AvpSet::Of(AvpType::kResultCode, AvpType::kAssignedSessionId),
        .assigned_session_id = local.value(),
        .result = result},
       peer);
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
