// What the owner asks of a tunnel's sessions (to place, answer, connect and close calls, to send
// news of one), and how a call is asked for and opened (RFC 2661 5.2, 6.6 to 6.11, 6.13, 6.14).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <string>
#include <utility>
#include <vector>

#include "lib/base/check.h"
#include "lib/l2tp/control_connection.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/result_code.h"

namespace lns::l2tp {
namespace {

// The request (ICRQ, OCRQ) says who calls whom; proxy and connection AVPs come when it is connected
// (ICCN, OCCN).
CallInfo Join(CallInfo request, CallInfo connected) {
  connected.call_serial_number = request.call_serial_number;
  connected.called_number = std::move(request.called_number);
  connected.calling_number = std::move(request.calling_number);
  connected.sub_address = std::move(request.sub_address);
  connected.bearer_type = request.bearer_type;
  connected.physical_channel_id = request.physical_channel_id;
  connected.access_line = std::move(request.access_line);
  connected.connect_speed_updates = request.connect_speed_updates;
  connected.session_dscp = request.session_dscp;
  connected.rx_minimum_bps = request.rx_minimum_bps;
  connected.rx_maximum_bps = request.rx_maximum_bps;
  connected.service_category = request.service_category;
  connected.service_name = std::move(request.service_name);
  connected.calling_sub_address = std::move(request.calling_sub_address);
  connected.vpi_vci = request.vpi_vci;
  // Both may bring some; the bound holds for them together.
  std::vector<VendorAvp> later =
      std::exchange(connected.vendor_avps, std::move(request.vendor_avps));
  for (VendorAvp& avp : later) AddVendorAvp(std::move(avp), connected);
  if (connected.framing_type == 0) connected.framing_type = request.framing_type;
  return connected;
}

Message IcrqOf(LocalSessionId local_id, const CallInfo& info) {
  Message message{.type = MessageType::kIcrq,
                  .present = RowOf(MessageType::kIcrq).must,
                  .assigned_session_id = local_id.value(),
                  .call = info};
  AddWhatIsSet(message);
  return message;
}

Message OcrqOf(LocalSessionId local_id, const OutgoingCallInfo& info) {
  Message message{.type = MessageType::kOcrq,
                  .present = RowOf(MessageType::kOcrq).must,
                  .assigned_session_id = local_id.value(),
                  .minimum_bps = info.minimum_bps,
                  .maximum_bps = info.maximum_bps};
  message.call.call_serial_number = info.call_serial_number;
  message.call.bearer_type = info.bearer_type;
  message.call.framing_type = info.framing_type;
  message.call.called_number = info.called_number;
  message.call.sub_address = info.sub_address;
  AddWhatIsSet(message);
  return message;
}

// ICCN or OCCN; only the first may speak of PPP (RFC 2661 6.8, 6.11).
Message ConnectedOf(MessageType type, CallInfo info) {
  Message message{.type = type, .present = RowOf(type).must, .call = std::move(info)};
  AddWhatIsSet(message);
  return message;
}

}  // namespace

void ControlConnection::PlaceCall(LocalSessionId local_id, const CallInfo& info, Instant now,
                                  Actions& out) {
  RequestCall(SessionRole::kLac, local_id, IcrqOf(local_id, info), now, out);
}

void ControlConnection::PlaceOutgoingCall(LocalSessionId local_id, const OutgoingCallInfo& info,
                                          Instant now, Actions& out) {
  // Nothing wanted in particular: whatever the peer has.
  const auto offered = [](uint32_t wanted, uint32_t capabilities) {
    return wanted == 0 ? capabilities : wanted & capabilities;
  };
  OutgoingCallInfo asked = info;
  asked.bearer_type = offered(info.bearer_type, peer_bearer_);
  asked.framing_type = offered(info.framing_type, peer_framing_);
  const bool possible = asked.bearer_type != 0 && asked.framing_type != 0;
  if (state_ == TunnelState::kEstablished && !possible) {
    out.emplace_back(CountEvent{L2tpEvent::kOutgoingCallImpossible});
    out.emplace_back(SessionClosed{
        .local_session_id = local_id,
        .peer_session_id = PeerSessionId(),
        .result = MakeResult(CdnResult::kNoFacilitiesPermanent,
                             "the peer does not offer the bearer or framing asked for")});
    return;
  }
  RequestCall(SessionRole::kLnsOutgoing, local_id, OcrqOf(local_id, asked), now, out);
}

void ControlConnection::RequestCall(SessionRole role, LocalSessionId local_id,
                                    const Message& request, Instant now, Actions& out) {
  LNS_CHECK(local_id.value() != 0 && !sessions_.Find(local_id));
  if (state_ != TunnelState::kEstablished) {
    // The tunnel may have closed in an action the owner has not carried out yet.
    out.emplace_back(SessionClosed{
        .local_session_id = local_id,
        .peer_session_id = PeerSessionId(),
        .result = MakeError(GeneralError::kNoControlConnection, "the tunnel is not established")});
    return;
  }
  const Slot slot = sessions_.Add(role, local_id, PeerSessionId());
  StepSession(slot, SessionEvent::kPlace, {.request = &request}, now, out);
  Finish(now, out);
}

bool ControlConnection::AcceptCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                                   Actions& out) {
  return AnswerCall(SessionRole::kLns, call, local_id, now, out);
}

bool ControlConnection::AcceptOutgoingCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                                           Actions& out) {
  return AnswerCall(SessionRole::kLacOutgoing, call, local_id, now, out);
}

bool ControlConnection::AnswerCall(SessionRole role, PeerSessionId call, LocalSessionId local_id,
                                   Instant now, Actions& out) {
  const std::optional<Slot> slot = FindUnanswered(call);
  if (!slot || sessions_.at(*slot).role != role) return false;
  LNS_CHECK(local_id.value() != 0 && !sessions_.Find(local_id));
  StepSession(*slot, SessionEvent::kAnswer, {.local_id = local_id}, now, out);
  Finish(now, out);
  return true;
}

bool ControlConnection::RejectCall(PeerSessionId call, const ResultCode& result, Instant now,
                                   Actions& out) {
  const std::optional<Slot> slot = FindUnanswered(call);
  if (!slot) return false;
  StepSession(*slot, SessionEvent::kLocalClose, {.result = result}, now, out);
  Finish(now, out);
  return true;
}

std::optional<ControlConnection::Slot> ControlConnection::FindUnanswered(PeerSessionId call) const {
  const std::optional<Slot> slot = sessions_.Find(call);
  if (!slot || sessions_.at(*slot).state != SessionState::kWaitAnswer) return std::nullopt;
  return slot;
}

bool ControlConnection::ConnectOutgoingCall(LocalSessionId session, const CallInfo& info,
                                            Instant now, Actions& out) {
  const std::optional<Slot> slot = sessions_.Find(session);
  if (!slot || sessions_.at(*slot).state != SessionState::kWaitCsAnswer) return false;
  StepSession(*slot, SessionEvent::kConnect, {.connected = &info}, now, out);
  Finish(now, out);
  return true;
}

bool ControlConnection::CloseSession(LocalSessionId session, const ResultCode& result,
                                     const std::optional<PppDisconnectCause>& ppp_cause,
                                     Instant now, Actions& out) {
  const std::optional<Slot> slot = sessions_.Find(session);
  if (!slot) return false;
  StepSession(*slot, SessionEvent::kLocalClose,
              {.ppp_cause = ppp_cause ? &*ppp_cause : nullptr, .result = result}, now, out);
  Finish(now, out);
  return true;
}

bool ControlConnection::SendLinkInfo(const LinkInfo& info, Instant now, Actions& out) {
  Message sli{.type = MessageType::kSli,
              .present = AvpSet::Of(AvpType::kAccm),
              .accm = {.send = info.send_accm, .receive = info.receive_accm},
              .lns_last_sent_confreq = info.last_sent_confreq,
              .lns_last_received_confreq = info.last_received_confreq};
  AddWhatIsSet(sli);
  return SendNews(info.local_session_id, /*as_lns=*/true, sli, now, out);
}

bool ControlConnection::SendWanErrors(const WanErrors& errors, Instant now, Actions& out) {
  return SendNews(errors.local_session_id, /*as_lns=*/false,
                  {.type = MessageType::kWen,
                   .present = AvpSet::Of(AvpType::kCallErrors),
                   .call_errors = errors.counts},
                  now, out);
}

// A tunnel's message that names the session (RFC 5515 4.2).
bool ControlConnection::RequestAccessLineUpdate(LocalSessionId id, Instant now, Actions& out) {
  const Session* session = FindEstablished(id, /*as_lns=*/true);
  if (session == nullptr) return false;
  Send({.type = MessageType::kCsurq,
        .present = AvpSet::Of(AvpType::kConnectSpeedUpdate),
        .speed_updates = {{.session_id = session->peer_id.value()}}},
       PeerSessionId());
  Finish(now, out);
  return true;
}

bool ControlConnection::SendNews(LocalSessionId id, bool as_lns, const Message& message,
                                 Instant now, Actions& out) {
  const Session* session = FindEstablished(id, as_lns);
  if (session == nullptr) return false;
  Send(message, session->peer_id);
  Finish(now, out);
  return true;
}

const Session* ControlConnection::FindEstablished(LocalSessionId id, bool as_lns) const {
  const std::optional<Slot> slot = sessions_.Find(id);
  if (!slot) return nullptr;
  const Session& session = sessions_.at(*slot);
  const bool found = session.state == SessionState::kEstablished && IsLns(session.role) == as_lns;
  return found ? &session : nullptr;
}

void ControlConnection::Indicate(const Session& session, const Message& request, Actions& out) {
  if (session.role == SessionRole::kLns) {
    out.emplace_back(IncomingCall{.peer_session_id = session.peer_id, .info = request.call});
    return;
  }
  out.emplace_back(
      OutgoingCallRequested{.peer_session_id = session.peer_id,
                            .info = {.call_serial_number = request.call.call_serial_number,
                                     .minimum_bps = request.minimum_bps,
                                     .maximum_bps = request.maximum_bps,
                                     .bearer_type = request.call.bearer_type,
                                     .framing_type = request.call.framing_type,
                                     .called_number = request.call.called_number,
                                     .sub_address = request.call.sub_address}});
}

void ControlConnection::SendReply(const Session& session) {
  Message reply{.type = session.role == SessionRole::kLns ? MessageType::kIcrp : MessageType::kOcrp,
                .present = AvpSet::Of(AvpType::kAssignedSessionId),
                .assigned_session_id = session.local_id.value()};
  // The behaviour asked for is granted by being repeated (RFC 3308 4).
  if (settings_.accept_session_dscp && session.info->session_dscp) {
    reply.call.session_dscp = session.info->session_dscp;
    reply.present.Add(AvpType::kSessionDs);
  }
  Send(reply, session.peer_id);
}

// LAC: the ICCN or OCCN; the owner hears that the session is up when it leaves. `connected` is of
// an outgoing call, an incoming call's was given when it was placed.
void ControlConnection::OpenLac(Slot slot, const CallInfo* connected) {
  Session& session = sessions_.at(slot);
  const MessageType type =
      session.role == SessionRole::kLac ? MessageType::kIccn : MessageType::kOccn;
  CallInfo info = std::move(*session.info);
  if (connected != nullptr) info = Join(std::move(info), *connected);
  session.info.reset();
  sessions_.Disarm(slot);
  Message message = ConnectedOf(type, std::move(info));
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

// LNS: the ICCN or OCCN has come; its acknowledgement leaves after this.
void ControlConnection::OpenLns(Slot slot, const Message& connected, Actions& out) {
  Session& session = sessions_.at(slot);
  CallInfo info = Join(std::move(*session.info), connected.call);
  session.info.reset();
  sessions_.Disarm(slot);
  // Absent means the same both ways (RFC 2661 4.4.4).
  if (!connected.Has(AvpType::kRxConnectSpeed)) {
    info.rx_connect_speed_bps = info.tx_connect_speed_bps;
  }
  out.emplace_back(SessionEstablished{.local_session_id = session.local_id,
                                      .peer_session_id = session.peer_id,
                                      .info = std::move(info)});
}

}  // namespace lns::l2tp
