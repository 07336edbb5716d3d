// What operators and the process do to tunnels and sessions: clear them, shut down.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

// The subscriber is told first (LCP Terminate), the LAC when that is answered or takes too long.
absl::Status EngineImpl::ClearSession(const SessionKey& key, Instant now, EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("no session ", key.tunnel.value(), "/", key.session.value()));
  }
  Clear(*session, CloseCause::kOperator, "by the operator", turn);
  FinishTurn();
  return absl::OkStatus();
}

bool EngineImpl::TerminateSession(const AccountingId& id, CloseCause cause, Instant now,
                                  EngineActions& out) {
  SessionRecord* session = sessions_.At(id.slot);
  if (session == nullptr || AccountingIdOf(*session) != id) return false;
  Clear(*session, cause, TextOf(cause), {now, out});
  FinishTurn();
  return true;
}

void EngineImpl::Clear(SessionRecord& session, CloseCause cause, const std::string& by, Turn turn) {
  if (session.stage == SessionStage::kClosing) return;
  Note(session, TrailNote::kClearing, by, turn);
  FailServiceOrder(session.service_order, absl::NotFoundError("the session is being cleared"),
                   turn);
  if (session.link == nullptr) return EndSession(session, cause, "", turn);
  session.stage = SessionStage::kClosing;
  session.close_cause = cause;
  session.own_deadline = turn.now + settings_.clear_timeout;
  SayGoodbye(session, turn);
  ppp::LinkActions actions;
  session.link->Close(turn.now, actions);
  CarryOut(session, actions, turn);
}

absl::Status EngineImpl::ClearTunnel(l2tp::LocalTunnelId id, Instant now, EngineActions& out) {
  TunnelRecord* tunnel = tunnels_.Find(id);
  if (tunnel == nullptr || !tunnel->live()) {
    return absl::NotFoundError(absl::StrCat("no tunnel ", id.value()));
  }
  CloseTunnel(*tunnel, {.result = 1, .message = "cleared by the operator"}, {now, out});
  FinishTurn();
  return absl::OkStatus();
}

absl::Status EngineImpl::SetFilter(const FilterPtr& filter, Instant now, EngineActions& out) {
  if (absl::Status status = policies_.Set(filter); !status.ok()) return status;
  Log(LogLevel::kInfo,
      absl::StrCat("filter ", filter->name, " set: ", filter->rules.size(), " rules"), {now, out});
  out.push_back(ProgramFilter{filter});
  return absl::OkStatus();
}

absl::Status EngineImpl::RemoveFilter(const std::string& name, Instant now, EngineActions& out) {
  if (!policies_.Has(name)) return absl::NotFoundError(absl::StrCat("there is no filter ", name));
  if (policies_.IsConfigured(name)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the configuration names filter ", name, " for new sessions"));
  }
  for (uint32_t slot = 0; slot < sessions_.slot_limit(); ++slot) {
    const SessionRecord* session = sessions_.At(slot);
    if (session == nullptr || session->service == nullptr) continue;
    if (!policies_.Names(*session->service, name)) continue;
    return absl::FailedPreconditionError(absl::StrCat(NameOf(*session), " has filter ", name));
  }
  policies_.Remove(name);
  Log(LogLevel::kInfo, absl::StrCat("filter ", name, " removed"), {now, out});
  out.push_back(controlplane::RemoveFilter{name});
  return absl::OkStatus();
}

void EngineImpl::SetDrain(bool on, Instant now, EngineActions& out) {
  if (on != draining_) {
    Log(LogLevel::kInfo,
        on ? "draining: new tunnels and calls are refused" : "not draining any more", {now, out});
    out.emplace_back(controlplane::SetDraining{on});
  }
  draining_ = on;
}

void EngineImpl::Shutdown(Instant now, EngineActions& out) {
  shutting_down_ = true;
  for (uint16_t id = tunnel_ids_.NextTaken(0); id != 0; id = tunnel_ids_.NextTaken(id)) {
    TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(id));
    if (tunnel == nullptr || !tunnel->live()) continue;
    CloseTunnel(*tunnel, {.result = 6, .message = "shutting down"}, {now, out});
  }
  FinishTurn();
}

// Refused tunnels are not waited for: new ones may come as long as peers keep trying.
bool EngineImpl::ShutdownComplete() const {
  if (!shutting_down_) return false;
  for (uint16_t id = tunnel_ids_.NextTaken(0); id != 0; id = tunnel_ids_.NextTaken(id)) {
    const TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(id));
    if (tunnel == nullptr || tunnel->refused()) continue;
    if (tunnel->l2tp->state() != l2tp::TunnelState::kRetained) return false;
  }
  return true;
}

void EngineImpl::CloseTunnel(TunnelRecord& tunnel, const l2tp::ResultCode& result, Turn turn) {
  l2tp::Actions actions;
  tunnel.l2tp->Close(result, turn.now, actions);
  CarryOut(tunnel, actions, turn);
}

}  // namespace lns::controlplane
