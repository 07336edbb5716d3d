// Tunnels of the engine: from a peer's SCCRQ to the end of the retention (RFC 2661 5.7, 7.2). Finds
// out whether an SCCRQ is new, asks admission, and turns the L2TP engine's actions into ours.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <type_traits>

#include "controlplane/lns/engine_impl.h"
#include "controlplane/lns/profiles.h"
#include "lib/base/check.h"
#include "lib/l2tp/header.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// An SCCRQ that repeats an earlier one's bytes within this time is that one again (lost answer,
// slow path); later it is a peer that restarted and chose the same id.
constexpr Duration kSccrqRepeatWindow = Duration::Seconds(31);

// Past the header, as a retransmission may carry another Nr.
uint64_t DigestOf(ByteView sccrq) {
  return absl::Hash<absl::string_view>()(
      absl::string_view(reinterpret_cast<const char*>(sccrq.data()) + l2tp::kControlHeaderLength,
                        sccrq.size() - l2tp::kControlHeaderLength));
}

const char* WhoClosed(const l2tp::TunnelClosed& closed) {
  if (closed.end == l2tp::TunnelEnd::kTieLost) return "in favour of the one the peer opened";
  if (closed.by_peer) return "by the peer";
  return closed.timed_out ? "as the peer stopped answering" : "by us";
}

}  // namespace

void EngineImpl::OnSccrq(const net::EndpointPair& endpoints, const l2tp::Header& header,
                         ByteView message, Turn turn) {
  const auto info = l2tp::PeekSccrq(message);
  if (!info.ok()) {
    TunnelRecord* meant = FindUnnamedTunnel(endpoints, header);
    counters_.Add(meant == nullptr ? Counter::kControlNotSccrq : Counter::kControlZeroTunnel);
    if (meant != nullptr) Deliver(*meant, header, message, turn);
    return;
  }
  TunnelRecord* same = tunnels_.FindByPeer(endpoints, info->peer_tunnel_id);
  if (same != nullptr && !same->released && IsSameSccrq(*same, message, turn.now)) {
    counters_.Add(Counter::kSccrqDuplicate);
    return Deliver(*same, header, message, turn);
  }
  const PeerProfile* profile = MatchProfile(settings_.peers, {.host_name = info->host_name,
                                                              .vendor_name = info->vendor_name,
                                                              .address = endpoints.peer.address});
  const Admission::TunnelLoad load{.live = live_tunnels_,
                                   .records = static_cast<uint32_t>(tunnels_.size()),
                                   .shutting_down = shutting_down_,
                                   .draining = draining_};
  if (profile != nullptr && LosesTie(endpoints, *info, turn)) return;
  switch (admission_.JudgeSccrq(endpoints.peer.address, profile, load)) {
    case SccrqVerdict::kAdmit:
      return AcceptTunnel(endpoints, message, *info, *profile, turn);
    case SccrqVerdict::kDropHalfOpen:
      return counters_.Add(Counter::kSccrqDroppedHalfOpen);
    case SccrqVerdict::kDropHalfOpenSource:
      return counters_.Add(Counter::kSccrqDroppedHalfOpenSource);
    case SccrqVerdict::kDropNoRoom:
      return counters_.Add(Counter::kSccrqDroppedNoRoom);
    case SccrqVerdict::kRefuseShutdown:
      counters_.Add(Counter::kSccrqRefusedShutdown);
      return RefuseTunnel(endpoints, message, *info, {.result = 6, .message = "shutting down"},
                          turn);
    case SccrqVerdict::kRefuseDraining:
      counters_.Add(Counter::kSccrqRefusedDraining);
      return RefuseTunnel(endpoints, message, *info,
                          {.result = 2, .error = 7, .message = "draining, try another LNS"}, turn);
    case SccrqVerdict::kRefuseNoProfile:
      counters_.Add(Counter::kSccrqRefusedNoProfile);
      return RefuseTunnel(endpoints, message, *info, {.result = 4, .message = "not authorised"},
                          turn);
    case SccrqVerdict::kRefuseTableFull:
      counters_.Add(Counter::kSccrqRefusedTableFull);
      return RefuseTunnel(endpoints, message, *info,
                          {.result = 2, .error = 4, .message = "no room for another tunnel"}, turn);
  }
}

void EngineImpl::AcceptTunnel(const net::EndpointPair& endpoints, ByteView message,
                              const l2tp::SccrqInfo& info, const PeerProfile& profile, Turn turn) {
  TunnelRecord* tunnel = AddTunnel(endpoints, message, info, turn);
  if (tunnel == nullptr) return;
  counters_.Add(Counter::kSccrqAccepted);
  tunnel->profile = &profile;
  ++live_tunnels_;
  Note(*tunnel, TrailNote::kTunnelAdmitted,
       absl::StrCat(profile.name, ", profile ", profile.profile), turn);
  l2tp::Actions actions;
  tunnel->l2tp = l2tp::Tunnel::Accept(profile.tunnel, tunnel->id, message, rng_, turn.now, actions);
  if (tunnel->l2tp->state() == l2tp::TunnelState::kWaitCtlConn) {
    // Before the SCCRP leaves: the peer's next message then already is control of a known tunnel.
    tunnel->programmed = true;
    turn.out.push_back(ProgramTunnel{tunnel->entry()});
  }
  CarryOut(*tunnel, actions, turn);
}

void EngineImpl::RefuseTunnel(const net::EndpointPair& endpoints, ByteView message,
                              const l2tp::SccrqInfo& info, const l2tp::ResultCode& result,
                              Turn turn) {
  TunnelRecord* tunnel = AddTunnel(endpoints, message, info, turn);
  if (tunnel == nullptr) return;
  Log(LogLevel::kWarn,
      absl::StrCat("tunnel from ", Printable(info.host_name), " at ", endpoints.peer.ToString(),
                   " refused: ", Describe(result)),
      turn);
  Note(*tunnel, TrailNote::kTunnelRefused, Describe(result), turn);
  l2tp::Actions actions;
  tunnel->l2tp =
      l2tp::Tunnel::Refuse(refusal_settings_, tunnel->id, message, result, rng_, turn.now, actions);
  CarryOut(*tunnel, actions, turn);
}

// nullptr: no id is free.
TunnelRecord* EngineImpl::AddTunnel(const net::EndpointPair& endpoints, ByteView message,
                                    const l2tp::SccrqInfo& info, Turn turn) {
  const std::optional<uint16_t> id = tunnel_ids_.Allocate(rng_);
  if (!id) {
    counters_.Add(Counter::kSccrqDroppedNoRoom);
    return nullptr;
  }
  TunnelRecord& tunnel = tunnels_.Add(l2tp::LocalTunnelId(*id), info.peer_tunnel_id, endpoints);
  tunnel.sccrq_digest = DigestOf(message);
  tunnel.created = turn.now;
  tunnel.half_open = true;
  admission_.BeginHalfOpen(endpoints.peer.address);
  Record(tunnel, TrailKind::kControlReceived, BlottedControl(message), turn);
  return &tunnel;
}

bool EngineImpl::IsSameSccrq(const TunnelRecord& tunnel, ByteView message, Instant now) const {
  return tunnel.sccrq_digest == DigestOf(message) && now - tunnel.created <= kSccrqRepeatWindow;
}

// `actions` may grow while it is walked: answering a call makes more.
void EngineImpl::CarryOut(TunnelRecord& tunnel, l2tp::Actions& actions, Turn turn) {
  Starts starts;
  for (size_t i = 0; i < actions.size(); ++i) {
    CarryOut(tunnel, std::move(actions[i]), actions, starts, turn);
  }
  for (const LinkStart& start : starts) {
    if (SessionRecord* session = sessions_.Find(start.key)) StartLink(*session, start.info, turn);
  }
  Reschedule(tunnel);
}

void EngineImpl::CarryOut(TunnelRecord& tunnel, l2tp::Action action, l2tp::Actions& actions,
                          Starts& starts, Turn turn) {
  std::visit(
      [&](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, l2tp::SendDatagram>) {
          Send(tunnel, std::move(what.bytes), turn);
        } else if constexpr (std::is_same_v<What, l2tp::TunnelEstablished>) {
          OnTunnelEstablished(tunnel, turn);
        } else if constexpr (std::is_same_v<What, l2tp::TunnelClosed>) {
          OnTunnelClosed(tunnel, what, turn);
        } else if constexpr (std::is_same_v<What, l2tp::TunnelReleased>) {
          ReleaseTunnel(tunnel, turn);
        } else if constexpr (std::is_same_v<What, l2tp::IncomingCall>) {
          OnIncomingCall(tunnel, what, actions, turn);
        } else if constexpr (std::is_same_v<What, l2tp::SessionEstablished>) {
          OnSessionEstablished(tunnel, what, starts, turn);
        } else if constexpr (std::is_same_v<What, l2tp::SessionClosed>) {
          OnSessionClosed(tunnel, what, turn);
        } else if constexpr (std::is_same_v<What, l2tp::WanErrors>) {
          OnWanErrors(tunnel, what, turn);
        } else if constexpr (std::is_same_v<What, l2tp::AccessLineUpdate>) {
          OnLineSpeed(tunnel, what, turn);
        } else if constexpr (std::is_same_v<What, l2tp::CountEvent>) {
          counters_.Add(what.event);
          if (what.event == l2tp::L2tpEvent::kSessionLimit) {
            TellRejection(tunnel, /*serial_number=*/0, CloseCause::kTunnelSessionLimit, turn);
            NoteRefusal(tunnel, CloseCause::kTunnelSessionLimit, turn);
          }
        } else {
          // Said to LACs only.
          static_assert(std::is_same_v<What, l2tp::OutgoingCallRequested> ||
                        std::is_same_v<What, l2tp::LinkInfo>);
        }
      },
      action);
}

void EngineImpl::Send(TunnelRecord& tunnel, Bytes message, Turn turn) {
  RecordSent(tunnel, message, turn);
  turn.out.push_back(SendControl{tunnel.endpoints, std::move(message)});
}

void EngineImpl::OnTunnelEstablished(TunnelRecord& tunnel, Turn turn) {
  counters_.Add(Counter::kTunnelEstablished);
  tunnel.established = true;
  tunnel.accounting_number = ++accounted_tunnels_;
  EndHalfOpen(tunnel);
  if (tunnel.opened_by_us) {
    EndOpening(tunnel);
    tunnel.programmed = true;
    turn.out.push_back(ProgramTunnel{tunnel.entry()});
  }
  turn.out.push_back(TunnelStarted{FactsOf(tunnel)});
  Note(tunnel, TrailNote::kTunnelEstablished, "", turn);
  Log(LogLevel::kInfo,
      absl::StrCat(NameOf(tunnel), " established, peer ", tunnel.profile->name, ", profile ",
                   tunnel.profile->profile),
      turn);
}

void EngineImpl::OnTunnelClosed(TunnelRecord& tunnel, const l2tp::TunnelClosed& closed, Turn turn) {
  if (tunnel.closed) return;
  tunnel.closed = true;
  if (tunnel.opened_by_us) EndOpening(tunnel);
  while (tunnel.first_session != SessionTable::kNil) {
    Release(*sessions_.At(tunnel.first_session), {.cause = CloseCause::kTunnelClosed}, turn);
  }
  if (tunnel.programmed) {
    tunnel.programmed = false;
    turn.out.push_back(RemoveTunnel{tunnel.id});
  }
  TellEnd(tunnel, closed, turn);
  const std::string reason = absl::StrCat(WhoClosed(closed), ": ", Describe(closed.result));
  Note(tunnel, TrailNote::kTunnelClosed, reason, turn);
  tunnel.ending = Ending{.at = turn.now, .reason = "closed " + reason};
  if (tunnel.refused()) return;
  --live_tunnels_;
  counters_.Add(closed.by_peer     ? Counter::kTunnelClosedByPeer
                : closed.timed_out ? Counter::kTunnelClosedTimeout
                                   : Counter::kTunnelClosedLocally);
  const bool expected = tunnel.established && !closed.timed_out;
  Log(expected ? LogLevel::kInfo : LogLevel::kWarn,
      absl::StrCat(NameOf(tunnel), " closed ", reason), turn);
}

void EngineImpl::EndHalfOpen(TunnelRecord& tunnel) {
  if (!tunnel.half_open) return;
  tunnel.half_open = false;
  admission_.EndHalfOpen(tunnel.endpoints.peer.address);
}

// The id rests from now on; the record goes at the end of the turn.
void EngineImpl::ReleaseTunnel(TunnelRecord& tunnel, Turn turn) {
  if (tunnel.released) return;
  OnTunnelClosed(tunnel, {}, turn);
  tunnel.released = true;
  KeepStory(tunnel);
  EndHalfOpen(tunnel);
  tunnel_deadlines_.Clear(tunnel.id.value());
  resting_tunnels_.Add(tunnel.id, turn.now + settings_.id_rest);
  gone_tunnels_.push_back(tunnel.id);
}

void EngineImpl::Reschedule(TunnelRecord& tunnel) {
  if (tunnel.released) return;
  tunnel_deadlines_.Set(tunnel.id.value(), tunnel.l2tp->NextDeadline());
}

}  // namespace lns::controlplane
