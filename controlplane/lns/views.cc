// What the engine shows: lists for operators, and the desired state for the data plane's refill.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <utility>

#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

const char* StateOf(const SessionRecord& session) {
  switch (session.stage) {
    case SessionStage::kPlaced:
      return "wait-reply";
    case SessionStage::kProgramming:
    case SessionStage::kWaitConnect:
      return "wait-connect";
    case SessionStage::kClosing:
    case SessionStage::kGone:
      return "closing";
    case SessionStage::kLink:
      break;
  }
  if (session.online()) return "online";
  switch (session.link->phase()) {
    case ppp::LinkPhase::kDead:
    case ppp::LinkPhase::kEstablish:
      return "lcp";
    case ppp::LinkPhase::kAuthenticate:
      return "authenticate";
    case ppp::LinkPhase::kNetwork:
      return "network";
    case ppp::LinkPhase::kTerminate:
      return "closing";
  }
  return "lcp";
}

std::string EngineImpl::NameOfVrf(net::VrfIndex vrf) const {
  for (const VrfName& known : settings_.vrfs) {
    if (known.index == vrf) return known.name;
  }
  return vrf == net::kMainVrf ? "" : absl::StrCat("vrf ", vrf);
}

SessionView EngineImpl::ViewOf(const SessionRecord& session) const {
  const CallRecord& call = session.call;
  SessionView view{.key = session.key,
                   .peer_id = session.peer_id,
                   .state = StateOf(session),
                   .user_name = session.user_name,
                   .ipv6_interface_id = session.ipv6_up ? session.ipv6_interface_id : 0,
                   .auth = session.auth,
                   .peer_mru = session.peer_mru,
                   .created = session.created,
                   .peer = session.tunnel->endpoints.peer,
                   .outgoing = session.outgoing,
                   .proxied_lcp = session.proxied,
                   .sequence_numbers = session.sequence_numbers};
  if (session.dscp != SessionRecord::kNoDscp) view.dscp = session.dscp;
  if (session.line != nullptr) view.line = *session.line;
  if (session.service != nullptr) {
    SessionEntry entry;
    policies_.AppendTo(*session.service, entry);
    view.uplink_filters = std::move(entry.uplink_filters);
    view.downlink_filters = std::move(entry.downlink_filters);
    view.redirect_url = session.service->redirect_url;
  }
  view.vrf = NameOfVrf(session.vrf);
  view.ipv4_address = session.lease.prefix.address;
  if (session.ipv6 != nullptr) {
    Ipv6Holdings holdings = session.ipv6->Holdings();
    view.ipv6_prefixes = std::move(holdings.links);
    view.ipv6_addresses = std::move(holdings.addresses);
    view.delegated_prefixes = std::move(holdings.delegated);
  }
  view.call.call_serial_number = call.serial_number;
  view.call.called_number = call.called_number.text();
  view.call.calling_number = call.calling_number;
  view.call.sub_address = call.sub_address.text();
  view.call.bearer_type = call.bearer_type;
  view.call.framing_type = call.framing_type;
  view.call.tx_connect_speed_bps = call.tx_connect_speed_bps;
  view.call.rx_connect_speed_bps = call.rx_connect_speed_bps;
  view.call.physical_channel_id = call.physical_channel_id;
  view.call.sequencing_required = call.sequencing_required;
  return view;
}

TunnelView EngineImpl::ViewOf(const TunnelRecord& tunnel) const {
  const l2tp::Tunnel& l2tp = *tunnel.l2tp;
  return {.local_id = tunnel.id,
          .peer_id = l2tp.peer_id(),
          .state = l2tp.state(),
          .endpoints = tunnel.endpoints,
          .peer_host_name = l2tp.peer_host_name(),
          .peer_vendor_name = l2tp.peer_vendor_name(),
          .peer = tunnel.refused() ? std::string() : tunnel.profile->name,
          .profile = tunnel.refused() ? std::string() : tunnel.profile->profile,
          .sessions = tunnel.session_count,
          .created = tunnel.created,
          .ns = l2tp.ns(),
          .nr = l2tp.nr(),
          .peer_window = l2tp.peer_window(),
          .statistics = l2tp.statistics(),
          .opened_by_us = tunnel.opened_by_us,
          .vrf = NameOfVrf(tunnel.endpoints.vrf)};
}

std::vector<TunnelView> EngineImpl::Tunnels() const { return TunnelsAfter({}, SIZE_MAX); }

std::vector<TunnelView> EngineImpl::TunnelsAfter(l2tp::LocalTunnelId after, size_t limit) const {
  std::vector<TunnelView> views;
  uint16_t id = after.value();
  while (views.size() < limit && (id = tunnel_ids_.NextTaken(id)) != 0) {
    const TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(id));
    if (tunnel != nullptr) views.push_back(ViewOf(*tunnel));  // else the id rests
  }
  return views;
}

std::vector<SessionView> EngineImpl::Sessions() const { return SessionsAfter({}, SIZE_MAX); }

std::vector<SessionView> EngineImpl::SessionsAfter(const SessionKey& after, size_t limit) const {
  std::vector<SessionView> views;
  uint16_t tunnel_id = after.tunnel.value();
  uint16_t session_id = after.session.value();
  if (tunnel_id == 0) tunnel_id = tunnel_ids_.NextTaken(0);
  for (; tunnel_id != 0; tunnel_id = tunnel_ids_.NextTaken(tunnel_id), session_id = 0) {
    const TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(tunnel_id));
    if (tunnel == nullptr) continue;
    const IdAllocator& ids = tunnel->session_ids;
    while ((session_id = ids.NextTaken(session_id)) != 0) {
      if (views.size() >= limit) return views;
      const SessionRecord* session = sessions_.Find({tunnel->id, l2tp::LocalSessionId(session_id)});
      if (session != nullptr) views.push_back(ViewOf(*session));
    }
  }
  return views;
}

std::optional<SessionView> EngineImpl::FindSession(const SessionKey& key) const {
  const SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) return std::nullopt;
  return ViewOf(*session);
}

std::vector<PoolView> EngineImpl::Pools() const {
  std::vector<PoolView> views;
  for (const AddressPoolSettings& configured : settings_.pools) {
    const AddressPool& pool = *books_.at(configured.vrf).FindPool(configured.name);
    const AddressPoolSettings& settings = pool.settings();
    views.push_back({.name = settings.name,
                     .prefix = settings.prefix,
                     .size = pool.size(),
                     .used = pool.used(),
                     .unit_length = UnitLength(settings),
                     .exhausted = pool.exhausted(),
                     .next = settings.next,
                     .vrf = NameOfVrf(settings.vrf)});
  }
  return views;
}

EngineCounts EngineImpl::Counts() const {
  return {
      .tunnels = live_tunnels_, .sessions = sessions_.size(), .sessions_online = sessions_online_};
}

uint32_t EngineImpl::DesiredTunnels(uint32_t cursor, size_t limit,
                                    std::vector<TunnelEntry>& out) const {
  auto id = static_cast<uint16_t>(cursor);
  for (size_t i = 0; i < limit; ++i) {
    id = tunnel_ids_.NextTaken(id);
    if (id == 0) return 0;
    const TunnelRecord* tunnel = tunnels_.Find(l2tp::LocalTunnelId(id));
    if (tunnel != nullptr && tunnel->programmed) out.push_back(tunnel->entry());
  }
  return id;
}

// The cursor is the next slot. A session never changes its slot.
uint32_t EngineImpl::DesiredSessions(uint32_t cursor, size_t limit,
                                     std::vector<SessionEntry>& out) const {
  const uint32_t slots = sessions_.slot_limit();
  for (size_t i = 0; i < limit && cursor < slots; ++i, ++cursor) {
    const SessionRecord* session = sessions_.At(cursor);
    if (session != nullptr && session->stage != SessionStage::kPlaced) {
      out.push_back(EntryOf(*session));
    }
  }
  return cursor < slots ? cursor : 0;
}

}  // namespace lns::controlplane
