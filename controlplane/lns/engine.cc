// Settings, dispatch of punted frames, timers: what is common to tunnels and sessions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/engine.h"

#include <algorithm>

#include "controlplane/lns/accounting_id.h"
#include "controlplane/lns/engine_impl.h"
#include "lib/base/check.h"
#include "lib/l2tp/header.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// What a StopCCN that refuses a peer needs; no profile is known for it.
l2tp::TunnelSettings RefusalSettings(const EngineSettings& settings) {
  l2tp::TunnelSettings refusal;
  refusal.host_name = settings.peers.front().tunnel.host_name;
  refusal.challenge = l2tp::ChallengePolicy::kNever;
  return refusal;
}

std::vector<net::IpAddress> OwnAddresses(const EngineSettings& settings) {
  if (settings.local_ipcp_address.is_none()) return {};
  return {settings.local_ipcp_address};
}

AddressBook MakeBook(const EngineSettings& settings, net::VrfIndex vrf) {
  std::vector<AddressPoolSettings> pools = settings.pools;
  std::erase_if(pools, [vrf](const AddressPoolSettings& pool) { return pool.vrf != vrf; });
  return AddressBook(pools, OwnAddresses(settings));
}

}  // namespace

absl::Status ValidateSettings(const EngineSettings& settings) {
  if (settings.peers.empty()) return absl::InvalidArgumentError("no peer profile");
  if (settings.max_tunnels == 0 || settings.max_tunnels > IdAllocator::kIds) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tunnels ", settings.max_tunnels, ": must be 1 to 65535"));
  }
  if (settings.max_sessions == 0) return absl::InvalidArgumentError("max_sessions must not be 0");
  if (settings.max_half_open == 0 || settings.max_half_open_per_source == 0) {
    return absl::InvalidArgumentError("max_half_open and max_half_open_per_source must not be 0");
  }
  if (settings.program_retry <= Duration() || settings.program_timeout <= Duration()) {
    return absl::InvalidArgumentError("program_retry and program_timeout must be positive");
  }
  if (settings.dns.size() > 2) return absl::InvalidArgumentError("more than two DNS servers");
  for (const net::IpAddress& server : settings.dns) {
    if (!server.is_v4()) {
      return absl::InvalidArgumentError(
          absl::StrCat("DNS server ", server.ToString(), " is not an IPv4 address"));
    }
  }
  if (!settings.local_ipcp_address.is_none() && !settings.local_ipcp_address.is_v4()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "local address ", settings.local_ipcp_address.ToString(), " is not an IPv4 address"));
  }
  for (const AddressPoolSettings& pool : settings.pools) {
    const bool known = pool.vrf == net::kMainVrf ||
                       std::any_of(settings.vrfs.begin(), settings.vrfs.end(),
                                   [&](const VrfName& vrf) { return vrf.index == pool.vrf; });
    if (!known) {
      return absl::InvalidArgumentError(absl::StrCat("pool ", pool.name, ": no VRF ", pool.vrf));
    }
  }
  return ValidatePools(settings.pools);
}

std::unique_ptr<Engine> Engine::Make(EngineSettings settings, Rng& rng) {
  LNS_CHECK(ValidateSettings(settings).ok());
  return std::make_unique<EngineImpl>(std::move(settings), rng);
}

EngineImpl::EngineImpl(EngineSettings settings, Rng& rng)
    : settings_(std::move(settings)),
      rng_(rng),
      refusal_settings_(RefusalSettings(settings_)),
      run_(rng.Next() >> (64 - AccountingId::kRunBits)),
      books_{{net::kMainVrf, MakeBook(settings_, net::kMainVrf)}} {
  for (const VrfName& vrf : settings_.vrfs)
    books_.emplace(vrf.index, MakeBook(settings_, vrf.index));
}

void EngineImpl::OnControl(const net::EndpointPair& endpoints, ByteView message, Instant now,
                           EngineActions& out) {
  const Turn turn{now, out};
  l2tp::Header header;
  if (l2tp::ParseHeader(message, header) != l2tp::HeaderError::kNone || !header.control) {
    counters_.Add(Counter::kControlInvalid);
    return;
  }
  if (header.tunnel_id == 0) {
    OnSccrq(endpoints, header, message, turn);
  } else if (TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(header.tunnel_id));
             tunnel == nullptr) {
    counters_.Add(Counter::kControlUnknownTunnel);
  } else if (tunnel->endpoints != endpoints && !MayComeFrom(*tunnel, endpoints, header)) {
    counters_.Add(Counter::kControlWrongSource);
  } else {
    if (tunnel->endpoints != endpoints) MovePeer(*tunnel, endpoints, turn);
    Deliver(*tunnel, header, message, turn);
  }
  FinishTurn();
}

void EngineImpl::Deliver(TunnelRecord& tunnel, const l2tp::Header& header, ByteView message,
                         Turn turn) {
  RecordReceived(tunnel, header, message, turn);
  l2tp::Actions actions;
  tunnel.l2tp->OnDatagram(message, turn.now, actions);
  CarryOut(tunnel, actions, turn);
  RecordUntakenOffer(tunnel, turn);
}

void EngineImpl::OnTimer(Instant now, EngineActions& out) {
  const Turn turn{now, out};
  int budget = kMaxTimersPerCall;
  if (RunDueTimers(tunnel_deadlines_, budget, turn, &EngineImpl::OnTunnelTimer)) {
    RunDueTimers(session_deadlines_, budget, turn, &EngineImpl::OnSessionTimer);
  }
  if (NextReopening() <= now) Reopen(turn);
  EndRests(budget, now);
  FinishTurn();
}

Instant EngineImpl::NextDeadline() const {
  return std::min({tunnel_deadlines_.earliest(), session_deadlines_.earliest(),
                   resting_tunnels_.earliest(), resting_sessions_.earliest(), NextReopening()});
}

// False: the budget is spent and some may still be due.
bool EngineImpl::RunDueTimers(Deadlines& deadlines, int& budget, Turn turn,
                              void (EngineImpl::*run)(uint32_t index, Turn turn)) {
  while (deadlines.earliest() <= turn.now) {
    if (budget-- <= 0) return false;
    const uint32_t index = deadlines.earliest_index();
    (this->*run)(index, turn);
    if (deadlines.earliest() <= turn.now && deadlines.earliest_index() == index) {
      // An engine that wants the same moment again would hold the loop for ever.
      counters_.Add(Counter::kTimerStuck);
      deadlines.Set(index, turn.now + Duration::Milliseconds(1));
    }
  }
  return true;
}

void EngineImpl::OnTunnelTimer(uint32_t index, Turn turn) {
  TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(static_cast<uint16_t>(index)));
  LNS_CHECK(tunnel != nullptr);
  l2tp::Actions actions;
  tunnel->l2tp->OnTimer(turn.now, actions);
  CarryOut(*tunnel, actions, turn);
}

void EngineImpl::OnSessionTimer(uint32_t index, Turn turn) {
  SessionRecord* session = sessions_.At(index);
  LNS_CHECK(session != nullptr);
  if (session->own_deadline <= turn.now) {
    if (!session->awaits_dataplane() || session->stage == SessionStage::kClosing) {
      return EndSession(*session, session->close_cause, "", turn);
    }
    ProgramAgain(*session, turn);
  }
  if (session->link == nullptr || session->stage == SessionStage::kGone) return;
  if (session->ipv6 != nullptr && session->ipv6->NextDeadline() <= turn.now) {
    OnIpv6Timer(*session, turn);
  }
  ppp::LinkActions actions;
  session->link->OnTimer(turn.now, actions);
  CarryOut(*session, actions, turn);
}

// Sessions first: a tunnel's id rests longer than those of its sessions, so that none of them can
// be mistaken for one of the next tunnel with that id.
void EngineImpl::EndRests(int& budget, Instant now) {
  while (resting_sessions_.earliest() <= now) {
    if (budget-- <= 0) return;
    const SessionKey key = *resting_sessions_.TakeRested(now);
    TunnelRecord* tunnel = tunnels_.Find(key.tunnel);
    if (tunnel != nullptr) tunnel->session_ids.Release(key.session.value());
  }
  while (resting_tunnels_.earliest() <= now) {
    if (budget-- <= 0) return;
    tunnel_ids_.Release(resting_tunnels_.TakeRested(now)->value());
  }
}

void EngineImpl::FinishTurn() {
  gone_sessions_.clear();
  for (const l2tp::LocalTunnelId id : gone_tunnels_) tunnels_.Remove(id);
  gone_tunnels_.clear();
}

void EngineImpl::Log(LogLevel level, std::string text, Turn turn) {
  turn.out.push_back(LogLine{level, std::move(text)});
}

std::string Printable(const std::string& text) {
  constexpr size_t kMaxLogged = 64;
  std::string printable = absl::CHexEscape(text.substr(0, kMaxLogged));
  if (text.size() > kMaxLogged) printable += "...";
  return printable;
}

std::string NameOf(const TunnelRecord& tunnel) {
  return absl::StrCat("tunnel ", tunnel.id.value(), " (", Printable(tunnel.l2tp->peer_host_name()),
                      ", ", tunnel.endpoints.peer.ToString(), ")");
}

std::string NameOf(const SessionRecord& session) {
  const std::string user =
      session.user_name.empty() ? "no user yet" : "user " + Printable(session.user_name);
  return absl::StrCat("session ", session.key.tunnel.value(), "/", session.key.session.value(),
                      " (", user, ") in ", NameOf(*session.tunnel));
}

std::string Describe(const l2tp::ResultCode& result) {
  std::string text = absl::StrCat("result ", result.result);
  if (result.error != 0) absl::StrAppend(&text, " error ", result.error);
  if (!result.message.empty()) absl::StrAppend(&text, " \"", Printable(result.message), "\"");
  return text;
}

}  // namespace lns::controlplane
