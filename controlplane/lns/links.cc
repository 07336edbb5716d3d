// Subscribers of the engine: the PPP link of a session, its user, its address, and what the data
// plane is told about it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <type_traits>

#include "controlplane/lns/engine_impl.h"
#include "lib/base/check.h"
#include "lib/ppp/frame.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

CloseCause CauseOf(LeaseError error) {
  switch (error) {
    case LeaseError::kNoSuchPool:
      return CloseCause::kNoSuchPool;
    case LeaseError::kExhausted:
      return CloseCause::kPoolExhausted;
    case LeaseError::kInUse:
      return CloseCause::kAddressInUse;
  }
  return CloseCause::kPoolExhausted;
}

}  // namespace

void EngineImpl::OnPpp(const SessionKey& key, ByteView frame, Instant now, EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) {
    counters_.Add(Counter::kPppUnknownSession);
    return;
  }
  session->tunnel->l2tp->OnDataSeen(now);
  if (session->link == nullptr) {
    QueueEarlyFrame(*session, frame);
    return;
  }
  ppp::LinkActions actions;
  session->link->OnFrame(frame, now, actions);
  CarryOut(*session, actions, turn);
  FinishTurn();
}

void EngineImpl::StartLink(SessionRecord& session, Turn turn) {
  if (session.stage != SessionStage::kWaitConnect) return;
  session.stage = SessionStage::kLink;
  session.link = ppp::Link::MakeServer(settings_.ppp, rng_);
  ppp::LinkActions actions;
  session.link->Start(turn.now, actions);
  if (session.early_frames != nullptr) {
    for (const Bytes& frame : *session.early_frames) {
      session.link->OnFrame(frame, turn.now, actions);
    }
    DropEarlyFrames(session);
  }
  CarryOut(session, actions, turn);
}

// PPP of a session and control of its tunnel are punted by different rings, so the subscriber's
// first frame can overtake the ICCN it was sent after. Before the ICRP the peer cannot know the
// session, and whatever claims to be its is forged.
void EngineImpl::QueueEarlyFrame(SessionRecord& session, ByteView frame) {
  const size_t queued = session.early_frames == nullptr ? 0 : session.early_frames->size();
  if (session.stage != SessionStage::kWaitConnect ||
      queued >= settings_.max_early_frames_per_session ||
      early_frames_ >= settings_.max_early_frames) {
    counters_.Add(Counter::kPppEarlyDropped);
    return;
  }
  counters_.Add(Counter::kPppEarlyQueued);
  if (session.early_frames == nullptr)
    session.early_frames = std::make_unique<std::vector<Bytes>>();
  session.early_frames->emplace_back(frame.begin(), frame.end());
  ++early_frames_;
}

void EngineImpl::DropEarlyFrames(SessionRecord& session) {
  if (session.early_frames == nullptr) return;
  early_frames_ -= static_cast<uint32_t>(session.early_frames->size());
  session.early_frames.reset();
}

void EngineImpl::CarryOut(SessionRecord& session, ppp::LinkActions& actions, Turn turn) {
  for (ppp::LinkAction& action : actions) {
    if (session.stage == SessionStage::kGone) return;
    CarryOut(session, std::move(action), turn);
  }
  if (session.stage != SessionStage::kGone) Reschedule(session);
}

void EngineImpl::CarryOut(SessionRecord& session, ppp::LinkAction action, Turn turn) {
  std::visit(
      [&](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, ppp::SendFrame>) {
          SendOrHold(session, std::move(what.bytes), turn);
        } else if constexpr (std::is_same_v<What, ppp::LinkOpened>) {
          session.peer_mru = what.peer_mru;
          session.send_pfc = what.send_pfc;
          session.send_acfc = what.send_acfc;
          session.auth = what.auth;
        } else if constexpr (std::is_same_v<What, ppp::LinkRenegotiating>) {
          session.auth_request = 0;
        } else if constexpr (std::is_same_v<What, ppp::AuthenticationNeeded>) {
          AskAaa(session, std::move(what), turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Opening>) {
          if (what.parameters.peer != session.lease.address) {
            return EndSession(session, CloseCause::kAddressRefused, "another address came up",
                              turn);
          }
          SetOpen(session, true, session.ipv6_open, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Opening>) {
          session.ipv6_interface_id = what.peer_interface_id;
          SetOpen(session, session.ipv4_open, true, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Up>) {
          SetUp(session, true, session.ipv6_up, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Up>) {
          SetUp(session, session.ipv4_up, true, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Down>) {
          CloseNetwork(session, ppp::kProtocolIpcp, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Down>) {
          CloseNetwork(session, ppp::kProtocolIpv6cp, turn);
        } else if constexpr (std::is_same_v<What, ppp::LinkDown>) {
          // After a failed authentication the text is our own refusal.
          EndSession(session, CauseOf(what.cause),
                     what.cause == ppp::LinkDownCause::kAuthFailed ? std::string()
                                                                   : Printable(what.message),
                     turn);
        } else if constexpr (std::is_same_v<What, ppp::CountEvent>) {
          counters_.Add(what.event);
        } else {
          static_assert(std::is_same_v<What, ppp::Authenticated>);  // clients only
        }
      },
      action);
}

// The request id names the slot and is never given twice, so a verdict finds its session without a
// table of requests, and one for an earlier question or holder of the slot finds none.
void EngineImpl::AskAaa(SessionRecord& session, ppp::AuthenticationNeeded credentials, Turn turn) {
  counters_.Add(Counter::kAuthAsked);
  // Renegotiated as somebody else: what was decided for the first user is void.
  if (credentials.user_name != session.user_name) ReleaseLease(session);
  session.user_name = credentials.user_name;
  session.auth_request = uint64_t{++auth_requests_} << 32 | (session.slot + 1);
  turn.out.push_back(AuthenticateUser{session.auth_request, session.key, std::move(credentials)});
}

void EngineImpl::OnAuthVerdict(uint64_t request_id, const AuthVerdict& verdict, Instant now,
                               EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.At(static_cast<uint32_t>(request_id) - 1);
  if (session == nullptr || session->auth_request != request_id ||
      session->stage != SessionStage::kLink) {
    counters_.Add(Counter::kVerdictLate);
    return;
  }
  session->auth_request = 0;
  ppp::AuthenticationVerdict answer{
      .accepted = verdict.accepted, .message = verdict.message, .ms_chap = verdict.ms_chap};
  if (!verdict.accepted) {
    counters_.Add(Counter::kAuthRejected);
    Log(LogLevel::kWarn,
        absl::StrCat("authentication failed: ",
                     verdict.cause.empty() ? "refused by AAA" : Printable(verdict.cause), ", ",
                     NameOf(*session)),
        turn);
  } else if (const CloseCause refusal = GrantAddress(*session, verdict);
             refusal != CloseCause::kNone) {
    // The user is who they say, but has nowhere to go: told in PPP's only words for it, and by the
    // CDN's result code to the LAC.
    counters_.Add(Counter::kAuthAccepted);
    session->close_cause = refusal;
    answer = {.accepted = false, .message = TextOf(refusal)};
  } else {
    counters_.Add(Counter::kAuthAccepted);
    answer.ipv4.peer = session->lease.address;
    answer.ipv4.local = settings_.local_ipcp_address.is_v4() ? settings_.local_ipcp_address.v4()
                                                             : addresses_.GatewayOf(session->lease);
    for (size_t i = 0; i < settings_.dns.size(); ++i) answer.ipv4.dns[i] = settings_.dns[i].v4();
  }
  ppp::LinkActions actions;
  session->link->OnAuthentication(answer, now, actions);
  CarryOut(*session, actions, turn);
  FinishTurn();
}

// A lease already held (LCP was renegotiated) is kept where it still fits what AAA wants.
CloseCause EngineImpl::GrantAddress(SessionRecord& session, const AuthVerdict& verdict) {
  if (!settings_.ppp.ipv4) return CloseCause::kNone;
  const AddressBook::Owner owner = session.slot + 1;
  if (verdict.fixed_address.is_v4()) {
    const uint32_t wanted = verdict.fixed_address.v4();
    if (session.lease.address == wanted) return CloseCause::kNone;
    ReleaseLease(session);
    const auto lease = addresses_.Take(wanted, owner);
    if (!lease.ok()) return CauseOf(lease.error());
    session.lease = *lease;
    return CloseCause::kNone;
  }
  if (session.lease.address != 0) return CloseCause::kNone;
  if (addresses_.pool_count() == 0 && verdict.pool.empty()) return CloseCause::kNone;  // IPv6 only
  const auto lease = addresses_.Allocate(verdict.pool, owner);
  if (!lease.ok()) return CauseOf(lease.error());
  session.lease = *lease;
  return CloseCause::kNone;
}

void EngineImpl::ReleaseLease(SessionRecord& session) {
  if (session.lease.address != 0) addresses_.Free(session.lease);
  session.lease = {};
}

// Opening more waits for the data plane; so does what is left of an opening when the other protocol
// closes meanwhile. Closing alone waits for nothing.
void EngineImpl::SetOpen(SessionRecord& session, bool ipv4_open, bool ipv6_open, Turn turn) {
  if (ipv4_open == session.ipv4_open && ipv6_open == session.ipv6_open) return;
  const bool opens = (ipv4_open && !session.ipv4_open) || (ipv6_open && !session.ipv6_open);
  session.ipv4_open = ipv4_open;
  session.ipv6_open = ipv6_open;
  ++session.revision;
  if (opens) BeginHolding(session, turn);
  if (!session.open()) SendHeldFrames(session, turn);
  turn.out.push_back(ProgramSession{EntryOf(session), session.awaits_dataplane()});
}

void EngineImpl::CloseNetwork(SessionRecord& session, uint16_t control_protocol, Turn turn) {
  const bool ipv4 = control_protocol == ppp::kProtocolIpcp;
  DropHeldAcks(session, control_protocol);
  SetUp(session, session.ipv4_up && !ipv4, session.ipv6_up && ipv4, turn);
  SetOpen(session, session.ipv4_open && !ipv4, session.ipv6_open && ipv4, turn);
}

void EngineImpl::SetUp(SessionRecord& session, bool ipv4_up, bool ipv6_up, Turn turn) {
  const bool was_up = session.online();
  const bool ipv4_rose = ipv4_up && !session.ipv4_up;
  const bool ipv6_rose = ipv6_up && !session.ipv6_up;
  session.ipv4_up = ipv4_up;
  session.ipv6_up = ipv6_up;
  if (session.online() && !was_up) ++sessions_online_;
  if (!session.online() && was_up) --sessions_online_;
  if (ipv4_rose) {
    Log(LogLevel::kInfo,
        absl::StrCat(NameOf(session), " online with ",
                     net::IpAddress::V4(session.lease.address).ToString()),
        turn);
  }
  if (ipv6_rose) Log(LogLevel::kInfo, absl::StrCat(NameOf(session), " online with IPv6"), turn);
  if (session.online() && !session.was_online) {
    session.was_online = true;
    counters_.Add(Counter::kSessionOnline);
  }
}

// What LCP negotiated matters to packets of network protocols only, so it goes along when one
// opens.
SessionEntry EngineImpl::EntryOf(const SessionRecord& session) const {
  SessionEntry entry{.key = session.key, .revision = session.revision, .peer_id = session.peer_id};
  if (!session.open()) return entry;
  entry.ipv4_open = session.ipv4_open;
  entry.ipv6_open = session.ipv6_open;
  entry.peer_mru = session.peer_mru;
  entry.send_pfc = session.send_pfc;
  entry.send_acfc = session.send_acfc;
  if (session.ipv4_open) {
    entry.prefixes.push_back(net::IpPrefix::Host(net::IpAddress::V4(session.lease.address)));
  }
  return entry;
}

void EngineImpl::Reschedule(SessionRecord& session) {
  Instant deadline = session.own_deadline;
  if (session.link != nullptr) deadline = std::min(deadline, session.link->NextDeadline());
  session_deadlines_.Set(session.slot, deadline);
}

}  // namespace lns::controlplane
