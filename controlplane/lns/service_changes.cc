// Changes of what online users are served, on AAA's order (RFC 5176 CoA): the data plane is asked
// before anything is said to have changed, and what it refuses, or does not confirm in time, is
// taken back from every session of the order. A session follows one order at a time.
//
// A change whose session ends meanwhile, or whose user AAA is asked about again, fails: the order
// was for sessions as they were.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <utility>

#include "controlplane/lns/engine_impl.h"
#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

const SessionRecord* EngineImpl::FindOnline(const AccountingId& id) const {
  const SessionRecord* session = sessions_.At(id.slot);
  const bool found = session != nullptr && AccountingIdOf(*session) == id &&
                     session->stage == SessionStage::kLink && session->was_online &&
                     session->service != nullptr;
  return found ? session : nullptr;
}
SessionRecord* EngineImpl::FindOnline(const AccountingId& id) {
  return const_cast<SessionRecord*>(std::as_const(*this).FindOnline(id));
}

// Gone, or another in its slot: null.
SessionRecord* EngineImpl::Find(const ServiceOrder::Session& session) {
  SessionRecord* found = sessions_.At(session.slot);
  return found != nullptr && found->number == session.number ? found : nullptr;
}

ServicePtr EngineImpl::ServiceOf(const AccountingId& id) const {
  const SessionRecord* session = FindOnline(id);
  return session == nullptr ? nullptr : session->service;
}

void EngineImpl::ChangeService(uint64_t order, const std::vector<ServiceChange>& changes,
                               Instant now, EngineActions& out) {
  LNS_CHECK(order != 0);
  const Turn turn{now, out};
  if (absl::Status refusal = BeginServiceOrder(order, changes); !refusal.ok()) {
    return TellFailure(order, std::move(refusal), turn);
  }
  for (const ServiceChange& change : changes) {
    Serve(*FindOnline(change.session), change.service, turn);
  }
  if (service_orders_.at(order).waiting == 0) CompleteServiceOrder(order, turn);
  FinishTurn();
}

// Nothing is changed before every session was found free for it.
absl::Status EngineImpl::BeginServiceOrder(uint64_t number,
                                           const std::vector<ServiceChange>& changes) {
  ServiceOrder order;
  for (const ServiceChange& change : changes) {
    const SessionRecord* session = FindOnline(change.session);
    if (session == nullptr || change.service == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("session ", change.session.ToString(), " is not online"));
    }
    if (const CloseCause refusal = policies_.Check(*change.service); refusal != CloseCause::kNone) {
      return absl::InvalidArgumentError(TextOf(refusal));
    }
    if (FindVrf(settings_.vrfs, change.service->vrf) != session->vrf) {
      return absl::InvalidArgumentError("a session stays in its VRF");
    }
    if (session->service_order != 0) {
      return absl::AbortedError(absl::StrCat(NameOf(*session), " is being changed already"));
    }
    order.sessions.push_back({session->slot, session->number, session->service});
  }
  for (const ServiceOrder::Session& session : order.sessions) {
    Find(session)->service_order = number;
  }
  LNS_CHECK(service_orders_.emplace(number, std::move(order)).second);
  return absl::OkStatus();
}

// What the data plane does not notice needs no confirmation, if it has what it notices.
void EngineImpl::Serve(SessionRecord& session, ServicePtr service, Turn turn) {
  const SessionEntry before = EntryOf(session);
  session.service = std::move(service);
  if (EntryOf(session) == before && !session.service_restored) return;
  ++session.revision;
  Note(session, TrailNote::kServiceAsked, "", turn);
  session.service_waits = true;
  ++service_orders_.at(session.service_order).waiting;
  if (session.held_frames == nullptr) {
    session.give_up = turn.now + settings_.program_timeout;
    session.own_deadline = std::min(turn.now + settings_.program_retry, session.give_up);
    Reschedule(session);
  }
  turn.out.push_back(ProgramSession{EntryOf(session), /*confirm=*/true});
}

void EngineImpl::OnServiceConfirmed(SessionRecord& session, Turn turn) {
  if (!session.service_waits) return;
  EndServiceWait(session);
  const uint64_t number = session.service_order;
  if (--service_orders_.at(number).waiting == 0) CompleteServiceOrder(number, turn);
}

void EngineImpl::EndServiceWait(SessionRecord& session) {
  if (!session.service_waits) return;
  session.service_waits = false;
  if (session.held_frames != nullptr || session.stage != SessionStage::kLink) return;
  session.own_deadline = Instant::Never();
  Reschedule(session);
}

void EngineImpl::CompleteServiceOrder(uint64_t number, Turn turn) {
  const auto node = service_orders_.extract(number);
  for (const ServiceOrder::Session& one : node.mapped().sessions) {
    SessionRecord& session = *Find(one);  // one that ends fails its order
    session.service_order = 0;
    counters_.Add(Counter::kServiceChanged);
    Note(session, TrailNote::kServiceChanged, "", turn);
    Log(LogLevel::kInfo, absl::StrCat(NameOf(session), ": service changed by AAA"), turn);
    TellChange(session, turn);
    TellIpv6Change(session, *one.before, turn);
  }
  turn.out.emplace_back(ServiceOrderDone{number, absl::OkStatus()});
}

void EngineImpl::FailServiceOrder(uint64_t number, const absl::Status& why, Turn turn) {
  auto node = service_orders_.extract(number);
  if (node.empty()) return;
  const std::string text = Printable(std::string(why.message()));
  for (ServiceOrder::Session& one : node.mapped().sessions) {
    SessionRecord* session = Find(one);
    if (session == nullptr) continue;
    session->service_order = 0;
    Note(*session, TrailNote::kServiceKept, text, turn);
    EndServiceWait(*session);
    const SessionEntry changed = EntryOf(*session);
    session->service = std::move(one.before);
    if (session->stage != SessionStage::kLink || EntryOf(*session) == changed) continue;
    ++session->revision;
    session->service_restored = true;
    turn.out.push_back(ProgramSession{EntryOf(*session), /*confirm=*/true});
  }
  TellFailure(number, why, turn);
}

void EngineImpl::TellFailure(uint64_t order, absl::Status why, Turn turn) {
  counters_.Add(Counter::kServiceChangeFailed);
  Log(LogLevel::kWarn,
      absl::StrCat("a change of service by AAA was not made: ",
                   Printable(std::string(why.message()))),
      turn);
  turn.out.emplace_back(ServiceOrderDone{order, std::move(why)});
}

}  // namespace lns::controlplane
