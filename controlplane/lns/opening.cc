// Tunnels that we open (RFC 2661 5.1), on an operator's order, and what happens when the peer opens
// one to us at the same time (4.4.3, Tie Breaker).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/lns/engine_impl.h"
#include "lib/l2tp/header.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

// Which row of a peer is used when it has not said yet who it is: the one that asks for nothing to
// be recognised.
const PeerProfile* EngineImpl::FindPeer(const std::string& name) const {
  const PeerProfile* found = nullptr;
  for (const PeerProfile& peer : settings_.peers) {
    if (peer.name != name) continue;
    if (found == nullptr || peer.recognised_by == nullptr) found = &peer;
  }
  return found;
}

absl::StatusOr<l2tp::LocalTunnelId> EngineImpl::OpenTunnel(const std::string& peer, Instant now,
                                                           EngineActions& out) {
  const PeerProfile* profile = FindPeer(peer);
  if (profile == nullptr) return absl::NotFoundError(absl::StrCat("there is no peer ", peer));
  if (!profile->dial) {
    return absl::FailedPreconditionError(absl::StrCat("peer ", peer, " has no dial_address"));
  }
  if (shutting_down_ || draining_) {
    return absl::FailedPreconditionError(shutting_down_ ? "shutting down" : "draining");
  }
  if (live_tunnels_ >= settings_.max_tunnels) {
    return absl::ResourceExhaustedError("max_tunnels is reached");
  }
  const auto local =
      std::find_if(settings_.local_addresses.begin(), settings_.local_addresses.end(),
                   [&](const net::IpAddress& address) {
                     return address.is_v4() == profile->dial->address.is_v4();
                   });
  if (local == settings_.local_addresses.end()) {
    return absl::FailedPreconditionError(absl::StrCat("lns.addresses has none to reach ",
                                                      profile->dial->address.ToString(), " from"));
  }
  const Turn turn{now, out};
  const std::optional<l2tp::LocalTunnelId> id =
      Open(*profile, {.local = {*local, l2tp::kUdpPort}, .peer = *profile->dial}, turn);
  FinishTurn();
  if (!id) return absl::ResourceExhaustedError("no tunnel id is free");
  return *id;
}

std::optional<l2tp::LocalTunnelId> EngineImpl::Open(const PeerProfile& profile,
                                                    const net::EndpointPair& endpoints, Turn turn) {
  const std::optional<uint16_t> id = tunnel_ids_.Allocate(rng_);
  if (!id) return std::nullopt;
  counters_.Add(Counter::kTunnelOpened);
  TunnelRecord& tunnel = tunnels_.Add(l2tp::LocalTunnelId(*id), {}, endpoints);
  tunnel.created = turn.now;
  tunnel.opened_by_us = true;
  tunnel.profile = &profile;
  ++live_tunnels_;
  opening_.push_back(tunnel.id);
  Note(
      tunnel, TrailNote::kTunnelOpening,
      absl::StrCat(profile.name, ", profile ", profile.profile, ", at ", endpoints.peer.ToString()),
      turn);
  l2tp::TunnelSettings settings = profile.tunnel;
  settings.tie_breaker = true;
  l2tp::Actions actions;
  tunnel.l2tp = l2tp::Tunnel::Open(settings, tunnel.id, rng_, turn.now, actions);
  CarryOut(tunnel, actions, turn);
  return tunnel.id;
}

// Established, closed or given up.
void EngineImpl::EndOpening(const TunnelRecord& tunnel) { std::erase(opening_, tunnel.id); }

// True: the peer's SCCRQ is to be dropped. The tie is with the oldest of ours that waits for the
// same peer's answer.
bool EngineImpl::LosesTie(const net::EndpointPair& endpoints, const l2tp::SccrqInfo& info,
                          Turn turn) {
  const auto ours = std::find_if(opening_.begin(), opening_.end(), [&](l2tp::LocalTunnelId id) {
    const TunnelRecord* tunnel = tunnels_.Find(id);
    return tunnel->endpoints.peer.address == endpoints.peer.address &&
           tunnel->l2tp->state() == l2tp::TunnelState::kWaitCtlReply;
  });
  if (ours == opening_.end()) return false;
  TunnelRecord& tunnel = *tunnels_.Find(*ours);
  switch (l2tp::BreakTie(tunnel.l2tp->tie_breaker(), info.tie_breaker)) {
    case l2tp::TieVerdict::kKeepBoth:
      return false;
    case l2tp::TieVerdict::kKeepOurs:
      counters_.Add(Counter::kSccrqTieWon);
      return true;
    case l2tp::TieVerdict::kKeepTheirs:
      counters_.Add(Counter::kTunnelTieLost);
      GiveUp(tunnel, turn);
      return false;
    case l2tp::TieVerdict::kDropBoth:
      break;
  }
  counters_.Add(Counter::kSccrqTieEven);
  // Another try, at a moment the peer does not choose too.
  constexpr uint32_t kSpreadMs = 3000;
  reopenings_.push_back({.at = turn.now + Duration::Milliseconds(1000 + rng_.Below(kSpreadMs)),
                         .profile = tunnel.profile,
                         .endpoints = tunnel.endpoints});
  GiveUp(tunnel, turn);
  return true;
}

void EngineImpl::GiveUp(TunnelRecord& tunnel, Turn turn) {
  l2tp::Actions actions;
  tunnel.l2tp->Discard(turn.now, actions);
  CarryOut(tunnel, actions, turn);
}

Instant EngineImpl::NextReopening() const {
  Instant next = Instant::Never();
  for (const Reopening& reopening : reopenings_) next = std::min(next, reopening.at);
  return next;
}

void EngineImpl::Reopen(Turn turn) {
  for (size_t i = 0; i < reopenings_.size();) {
    if (reopenings_[i].at > turn.now) {
      ++i;
      continue;
    }
    const Reopening due = reopenings_[i];
    reopenings_.erase(reopenings_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!shutting_down_ && !draining_ && live_tunnels_ < settings_.max_tunnels) {
      Open(*due.profile, due.endpoints, turn);
    }
  }
}

}  // namespace lns::controlplane
