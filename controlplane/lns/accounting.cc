// What the engine tells accounting: sessions from their first network protocol to their end, and
// tunnels.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <memory>
#include <utility>

#include "controlplane/lns/engine_impl.h"

namespace lns::controlplane {

AccountingId EngineImpl::AccountingIdOf(const SessionRecord& session) const {
  return {run_, session.number, session.slot};
}

std::shared_ptr<const SessionFacts> EngineImpl::FactsOf(const SessionRecord& session) const {
  auto facts = std::make_shared<SessionFacts>();
  facts->id = AccountingIdOf(session);
  facts->key = session.key;
  facts->user_name = session.user_name;
  facts->call = DescribeCall(session);
  facts->service = session.service == nullptr ? DefaultService() : session.service;
  if (!facts->service->user_name.empty()) facts->user_name = facts->service->user_name;
  if (session.ipv4_up) facts->ipv4_address = session.lease.prefix.address;
  if (session.ipv6_up) facts->ipv6_interface_id = session.ipv6_interface_id;
  if (session.ipv6_up && session.ipv6 != nullptr) {
    Ipv6Holdings holdings = session.ipv6->Holdings();
    facts->ipv6_prefixes = std::move(holdings.links);
    facts->ipv6_addresses = std::move(holdings.addresses);
    facts->delegated_prefixes = std::move(holdings.delegated);
  }
  return facts;
}

std::shared_ptr<const TunnelFacts> EngineImpl::FactsOf(const TunnelRecord& tunnel) const {
  auto facts = std::make_shared<TunnelFacts>();
  facts->id = {run_, AccountingId::kFirstTunnel + tunnel.accounting_number, tunnel.id.value()};
  facts->tunnel = tunnel.id;
  facts->endpoints = tunnel.endpoints;
  facts->lac_host_name = tunnel.l2tp->peer_host_name();
  facts->lns_host_name =
      tunnel.refused() ? refusal_settings_.host_name : tunnel.profile->tunnel.host_name;
  return facts;
}

void EngineImpl::TellChange(const SessionRecord& session, Turn turn) {
  if (session.was_online && session.online()) turn.out.push_back(SessionChanged{FactsOf(session)});
}

void EngineImpl::TellEnd(const SessionRecord& session, CloseCause cause, Turn turn) {
  if (!session.was_online) return;
  turn.out.push_back(
      SessionStopped{AccountingIdOf(session), session.key,
                     shutting_down_ ? TerminateCause::kAdminReboot : TerminateCauseOf(cause)});
}

// One that was never there, be it that we or the peer did not want it, was rejected; one in favour
// of another, or whose peer just fell silent, was not.
void EngineImpl::TellEnd(TunnelRecord& tunnel, const l2tp::TunnelClosed& closed, Turn turn) {
  const TerminateCause cause = closed.by_peer     ? TerminateCause::kHostRequest
                               : closed.timed_out ? TerminateCause::kLostCarrier
                               : shutting_down_   ? TerminateCause::kAdminReboot
                                                  : TerminateCause::kAdminReset;
  if (tunnel.established) {
    turn.out.emplace_back(TunnelStopped{FactsOf(tunnel), cause});
  } else if (!closed.timed_out && closed.end != l2tp::TunnelEnd::kTieLost) {
    tunnel.accounting_number = ++accounted_tunnels_;
    turn.out.emplace_back(TunnelRejected{FactsOf(tunnel), cause});
  }
}

void EngineImpl::TellRejection(const TunnelRecord& tunnel, uint32_t serial_number, CloseCause cause,
                               Turn turn) {
  turn.out.emplace_back(CallRejected{FactsOf(tunnel), serial_number, TerminateCauseOf(cause)});
}

}  // namespace lns::controlplane
