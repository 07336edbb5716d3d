// Calls that we place (RFC 2661 5.2.2, 7.5): OCRQ, and when the LAC reports the subscriber's answer
// (OCCN), the session in the data plane and PPP as for any other.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// Whatever the LAC can: the L2TP engine leaves out what it did not offer (RFC 2661 4.4.4).
constexpr uint32_t kAnyBearer = 3;
constexpr uint32_t kAnyFraming = 3;

}  // namespace

absl::StatusOr<TunnelRecord*> EngineImpl::TunnelForCall(const OutgoingCall& call) {
  TunnelRecord* found = nullptr;
  if (call.tunnel.value() != 0) {
    found = tunnels_.Find(call.tunnel);
    if (found == nullptr || !found->live()) {
      return absl::NotFoundError(absl::StrCat("there is no tunnel ", call.tunnel.value()));
    }
  } else {
    if (FindPeer(call.peer) == nullptr) {
      return absl::NotFoundError(absl::StrCat("there is no peer ", call.peer));
    }
    for (uint16_t id = tunnel_ids_.NextTaken(0); id != 0; id = tunnel_ids_.NextTaken(id)) {
      TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(id));
      if (tunnel == nullptr || !tunnel->live() || tunnel->profile->name != call.peer) continue;
      found = tunnel;
      if (tunnel->l2tp->state() == l2tp::TunnelState::kEstablished) break;
    }
  }
  if (found == nullptr || found->l2tp->state() != l2tp::TunnelState::kEstablished) {
    return absl::FailedPreconditionError(
        found == nullptr ? absl::StrCat("peer ", call.peer, " has no tunnel; open one")
                         : absl::StrCat("tunnel ", found->id.value(), " is not established"));
  }
  return found;
}

absl::StatusOr<SessionKey> EngineImpl::PlaceCall(const OutgoingCall& call, Instant now,
                                                 EngineActions& out) {
  const absl::StatusOr<TunnelRecord*> tunnel = TunnelForCall(call);
  if (!tunnel.ok()) return tunnel.status();
  const CloseCause refusal = JudgeCall(**tunnel);
  if (refusal != CloseCause::kNone) return absl::FailedPreconditionError(TextOf(refusal));
  const std::optional<uint16_t> id = (*tunnel)->session_ids.Allocate(rng_);
  if (!id) return absl::ResourceExhaustedError("no session id is free in this tunnel");
  counters_.Add(Counter::kCallPlaced);
  const Turn turn{now, out};
  const SessionKey key{(*tunnel)->id, l2tp::LocalSessionId(*id)};
  SessionRecord& session = sessions_.Add(key, **tunnel);
  admission_.BeginCall((*tunnel)->endpoints);
  session.stage = SessionStage::kPlaced;
  session.outgoing = true;
  session.created = now;
  session.call.serial_number = ++placed_calls_;
  session.call.called_number = strings_.Intern(call.called_number);
  session.call.sub_address = strings_.Intern(call.sub_address);
  Note(session, TrailNote::kCallPlaced, call.called_number, turn);
  // Until the OCCN the data plane has nothing to forward.
  l2tp::Actions actions;
  (*tunnel)->l2tp->PlaceOutgoingCall(key.session,
                                     {.call_serial_number = session.call.serial_number,
                                      .minimum_bps = call.minimum_bps,
                                      .maximum_bps = call.maximum_bps,
                                      .bearer_type = kAnyBearer,
                                      .framing_type = kAnyFraming,
                                      .called_number = call.called_number,
                                      .sub_address = call.sub_address},
                                     now, actions);
  CarryOut(**tunnel, actions, turn);
  FinishTurn();
  if (sessions_.Find(key) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("tunnel ", key.tunnel.value(), ": ", TextOf(CloseCause::kCallImpossible)));
  }
  return key;
}

// The subscriber has answered: the data plane learns the session, then PPP starts.
void EngineImpl::OnCalledPartyAnswered(SessionRecord& session,
                                       l2tp::SessionEstablished& established, Turn turn) {
  session.peer_id = established.peer_session_id;
  session.answer = std::make_unique<l2tp::CallInfo>(std::move(established.info));
  session.stage = SessionStage::kProgramming;
  session.give_up = turn.now + settings_.program_timeout;
  session.own_deadline = std::min(turn.now + settings_.program_retry, session.give_up);
  turn.out.push_back(ProgramSession{EntryOf(session), /*confirm=*/true});
  Reschedule(session);
}

}  // namespace lns::controlplane
