// Calls of the engine, from ICRQ to release (RFC 2661 7.4): admission, the session in the data
// plane before the ICRP, and the one place where a session gives back all it holds.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/lns/engine_impl.h"
#include "lib/base/check.h"
#include "lib/l2tp/describe.h"
#include "lib/l2tp/ppp_disconnect_cause.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// The data plane is away or being refilled; what it does not have yet (NOT_FOUND: the tunnel) it
// will get. Everything else is its last word.
bool MayComeBack(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status) || absl::IsAborted(status) || absl::IsNotFound(status);
}

CloseCause CauseOf(const absl::Status& refusal) {
  return absl::IsResourceExhausted(refusal) ? CloseCause::kDataplaneFull
                                            : CloseCause::kDataplaneRefused;
}

}  // namespace

CloseCause EngineImpl::JudgeCall(const TunnelRecord& tunnel) const {
  return admission_.JudgeCall(
      *tunnel.profile, tunnel.endpoints,
      {.sessions = sessions_.size(), .shutting_down = shutting_down_, .draining = draining_});
}

void EngineImpl::OnIncomingCall(TunnelRecord& tunnel, const l2tp::IncomingCall& call,
                                l2tp::Actions& actions, Turn turn) {
  counters_.Add(Counter::kCallOffered);
  const CloseCause refusal = JudgeCall(tunnel);
  if (refusal != CloseCause::kNone) return RefuseCall(tunnel, call, refusal, actions, turn);
  const std::optional<uint16_t> id = tunnel.session_ids.Allocate(rng_);
  if (!id) return RefuseCall(tunnel, call, CloseCause::kSessionIdsExhausted, actions, turn);

  const SessionKey key{tunnel.id, l2tp::LocalSessionId(*id)};
  LNS_CHECK(pending_calls_.emplace(PendingCall{tunnel.id, call.peer_session_id}, key).second);
  SessionRecord& session = sessions_.Add(key, tunnel);
  admission_.BeginCall(tunnel.endpoints);
  session.peer_id = call.peer_session_id;
  session.call.serial_number = call.info.call_serial_number;
  session.created = turn.now;
  TakeOfferedCall(session, turn);
  Note(session, TrailNote::kCallOffered, "", turn);
  session.give_up = turn.now + settings_.program_timeout;
  session.own_deadline = std::min(turn.now + settings_.program_retry, session.give_up);
  turn.out.push_back(ProgramSession{EntryOf(session), /*confirm=*/true});
  Reschedule(session);
}

void EngineImpl::RefuseCall(TunnelRecord& tunnel, const l2tp::IncomingCall& call, CloseCause cause,
                            l2tp::Actions& actions, Turn turn) {
  RecordUntakenOffer(tunnel, turn);
  Note(tunnel, TrailNote::kCallRefused, TextOf(cause), turn);
  tunnel.l2tp->RejectCall(call.peer_session_id, ResultOf(cause), turn.now, actions);
  TellRejection(tunnel, call.info.call_serial_number, cause, turn);
  NoteRefusal(tunnel, cause, turn);
}

void EngineImpl::NoteRefusal(const TunnelRecord& tunnel, CloseCause cause, Turn turn) {
  constexpr Duration kQuiet = Duration::Seconds(1);
  counters_.Add(cause);
  Refusals& refusals = refusals_[static_cast<size_t>(cause)];
  if (turn.now < refusals.next_line) {
    ++refusals.unsaid;
    return;
  }
  std::string text = absl::StrCat("call in ", NameOf(tunnel), " refused: ", TextOf(cause));
  if (refusals.unsaid > 0) absl::StrAppend(&text, " (and ", refusals.unsaid, " more before)");
  Log(LogLevel::kWarn, std::move(text), turn);
  refusals = {.next_line = turn.now + kQuiet};
}

void EngineImpl::OnSessionProgrammed(const SessionKey& key, uint16_t revision,
                                     const absl::Status& status, Instant now, EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) {
    counters_.Add(Counter::kConfirmationLate);
    return;
  }
  if (status.ok()) {
    // A repeated confirmation finds nothing waiting for it, one of an earlier entry nothing that
    // it would be enough for.
    if (revision == session->revision) {
      session->service_restored = false;
      if (session->awaits_dataplane()) OnDataplaneReady(*session, turn);
    }
  } else if (!MayComeBack(status)) {
    OnDataplaneRefusal(*session, revision, status, turn);
  }
  FinishTurn();
}

// What an earlier entry was refused for is settled: the newest is to be judged by itself.
void EngineImpl::OnDataplaneRefusal(SessionRecord& session, uint16_t revision,
                                    const absl::Status& status, Turn turn) {
  if (revision != session.revision) return;
  if (session.service_waits) return FailServiceOrder(session.service_order, status, turn);
  EndSession(session, CauseOf(status), Printable(std::string(status.message())), turn);
}

void EngineImpl::OnDataplaneReady(SessionRecord& session, Turn turn) {
  Note(session, TrailNote::kDataplaneReady, "", turn);
  if (session.stage == SessionStage::kProgramming) {
    if (!session.outgoing) return AnswerCall(session, turn);
    session.own_deadline = Instant::Never();
    const std::unique_ptr<l2tp::CallInfo> answer = std::move(session.answer);
    return StartLink(session, *answer, turn);
  }
  OnServiceConfirmed(session, turn);
  SendHeldFrames(session, turn);
  Reschedule(session);
}

void EngineImpl::AnswerCall(SessionRecord& session, Turn turn) {
  TunnelRecord& tunnel = *session.tunnel;
  pending_calls_.erase(PendingCall{tunnel.id, session.peer_id});
  session.stage = SessionStage::kWaitConnect;
  session.own_deadline = Instant::Never();
  Reschedule(session);
  l2tp::Actions actions;
  if (tunnel.l2tp->AcceptCall(session.peer_id, session.key.session, turn.now, actions)) {
    counters_.Add(Counter::kCallAnswered);
  } else {
    counters_.Add(Counter::kCallWithdrawn);
    Release(session, {.cause = CloseCause::kPeerCdn}, turn);
  }
  CarryOut(tunnel, actions, turn);
}

void EngineImpl::ProgramAgain(SessionRecord& session, Turn turn) {
  if (turn.now >= session.give_up) {
    if (session.service_waits && session.held_frames == nullptr) {
      return FailServiceOrder(session.service_order,
                              absl::UnavailableError("the data plane is away"), turn);
    }
    return EndSession(session, CloseCause::kDataplaneAway, "", turn);
  }
  counters_.Add(Counter::kProgramRetry);
  // A data plane that restarted may lack the tunnel too.
  turn.out.push_back(ProgramTunnel{session.tunnel->entry()});
  turn.out.push_back(ProgramSession{EntryOf(session), /*confirm=*/true});
  session.own_deadline = std::min(turn.now + settings_.program_retry, session.give_up);
  Reschedule(session);
}

void EngineImpl::OnSessionEstablished(TunnelRecord& tunnel, l2tp::SessionEstablished& established,
                                      Starts& starts, Turn turn) {
  SessionRecord* session = sessions_.Find({tunnel.id, established.local_session_id});
  if (session == nullptr) return;  // ended between our CDN and its acknowledgement
  counters_.Add(Counter::kCallEstablished);
  Note(*session, TrailNote::kCallEstablished, "", turn);
  l2tp::CallInfo& info = established.info;
  CallRecord& call = session->call;
  call.framing_type = info.framing_type;
  call.tx_connect_speed_bps = info.tx_connect_speed_bps;
  call.rx_connect_speed_bps = info.rx_connect_speed_bps;
  call.sequencing_required = info.sequencing_required;
  TakeTreatment(*session, info);
  if (session->outgoing) {
    return OnCalledPartyAnswered(*session, established, turn);
  }
  call.serial_number = info.call_serial_number;
  call.bearer_type = info.bearer_type;
  call.physical_channel_id = info.physical_channel_id;
  call.called_number = strings_.Intern(l2tp::NumberText(info.called_number, info.bearer_type));
  call.sub_address = strings_.Intern(info.sub_address);
  call.calling_number = l2tp::NumberText(info.calling_number, info.bearer_type);
  LearnLine(*session, info);
  starts.push_back({session->key, std::move(info)});
}

// What the profile and the LAC's wishes make of the session's data messages.
void EngineImpl::TakeTreatment(SessionRecord& session, const l2tp::CallInfo& info) {
  const PeerProfile& profile = *session.tunnel->profile;
  session.sequence_numbers =
      info.sequencing_required || profile.treatment.sequencing == SequencingPolicy::kAlways;
  if (profile.tunnel.accept_session_dscp && info.session_dscp) session.dscp = *info.session_dscp;
}

// By the peer's CDN, by the tunnel's own timers, or the echo of our own CloseSession (which finds
// the session released already).
void EngineImpl::OnSessionClosed(TunnelRecord& tunnel, const l2tp::SessionClosed& closed,
                                 Turn turn) {
  SessionKey key{tunnel.id, closed.local_session_id};
  if (closed.local_session_id.value() == 0) {
    const auto pending = pending_calls_.find(PendingCall{tunnel.id, closed.peer_session_id});
    if (pending == pending_calls_.end()) return;
    key = pending->second;
  }
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) return;
  if (session->stage == SessionStage::kProgramming) counters_.Add(Counter::kCallWithdrawn);
  const bool tunnel_lives = tunnel.l2tp->state() == l2tp::TunnelState::kEstablished;
  CloseCause cause = CloseCause::kTunnelClosed;
  if (closed.by_peer) {
    cause = CloseCause::kPeerCdn;
  } else if (tunnel_lives && session->stage == SessionStage::kPlaced &&
             session->created == turn.now) {
    cause = CloseCause::kCallImpossible;  // not even asked of the LAC
  } else if (tunnel_lives && (session->stage == SessionStage::kWaitConnect ||
                              session->stage == SessionStage::kPlaced)) {
    cause = CloseCause::kCallSetupTimeout;
  }
  std::string detail = Describe(closed.result);
  if (closed.ppp_cause) {
    counters_.Add(Counter::kPppCauseReceived);
    absl::StrAppend(&detail, ", PPP cause ", l2tp::Describe(*closed.ppp_cause));
  }
  Release(*session,
          {.cause = cause, .detail = std::move(detail), .received_cause = closed.ppp_cause}, turn);
}

void EngineImpl::EndSession(SessionRecord& session, CloseCause cause, const std::string& detail,
                            Turn turn) {
  if (session.stage == SessionStage::kGone) return;
  if (session.close_cause != CloseCause::kNone) cause = session.close_cause;
  TunnelRecord& tunnel = *session.tunnel;
  l2tp::Actions actions;
  std::optional<l2tp::PppDisconnectCause> ppp_cause;
  if (session.stage == SessionStage::kProgramming && !session.outgoing) {
    tunnel.l2tp->RejectCall(session.peer_id, ResultOf(cause), turn.now, actions);
    TellRejection(tunnel, session.call.serial_number, cause, turn);
  } else {
    ppp_cause = PppCauseOf(cause);
    tunnel.l2tp->CloseSession(session.key.session, ResultOf(cause), ppp_cause, turn.now, actions);
  }
  // What is said last belongs to its story, which Release closes.
  SendNow(tunnel, actions, turn);
  Release(session, {.cause = cause, .detail = detail, .sent_cause = std::move(ppp_cause)}, turn);
  CarryOut(tunnel, actions, turn);
}

// Carries out the sending alone.
void EngineImpl::SendNow(TunnelRecord& tunnel, l2tp::Actions& actions, Turn turn) {
  l2tp::Actions rest;
  for (l2tp::Action& action : actions) {
    if (auto* send = std::get_if<l2tp::SendDatagram>(&action)) {
      Send(tunnel, std::move(send->bytes), turn);
    } else {
      rest.push_back(std::move(action));
    }
  }
  actions = std::move(rest);
}

void EngineImpl::Release(SessionRecord& session, SessionEnd end, Turn turn) {
  if (session.stage == SessionStage::kGone) return;
  const bool programmed = session.stage != SessionStage::kPlaced;
  if (session.stage == SessionStage::kProgramming && !session.outgoing) {
    pending_calls_.erase(PendingCall{session.key.tunnel, session.peer_id});
  }
  session.stage = SessionStage::kGone;
  FailServiceOrder(session.service_order, absl::NotFoundError("the session ended"), turn);
  if (session.online()) --sessions_online_;
  ReleaseAddresses(session, turn);
  DropEarlyFrames(session);
  DropHeldFrames(session);
  ReleaseName(session);
  TellEnd(session, end.cause, turn);  // before the removal: whose last count it waits for
  if (programmed) turn.out.push_back(RemoveSession{session.key});
  counters_.Add(end.cause);
  std::string reason = TextOf(end.cause);
  if (!end.detail.empty()) absl::StrAppend(&reason, ", ", end.detail);
  Log(session.was_online ? LogLevel::kInfo : LogLevel::kWarn,
      absl::StrCat(NameOf(session), " closed: ", reason), turn);
  Note(session, TrailNote::kClosed, reason, turn);
  KeepStory(session, {.at = turn.now,
                      .reason = std::move(reason),
                      .sent_cause = std::move(end.sent_cause),
                      .received_cause = std::move(end.received_cause)});
  admission_.EndCalls(session.tunnel->endpoints, 1);
  session_deadlines_.Clear(session.slot);
  resting_sessions_.Add(session.key, turn.now + settings_.id_rest);
  gone_sessions_.push_back(sessions_.Remove(session));
}

}  // namespace lns::controlplane
