// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/tunnel_table.h"

#include "lib/base/check.h"

namespace lns::controlplane {

TunnelRecord& TunnelTable::Add(l2tp::LocalTunnelId id, l2tp::PeerTunnelId sccrq_peer_id,
                               const net::EndpointPair& endpoints) {
  auto [entry, inserted] = by_id_.emplace(id, std::make_unique<TunnelRecord>());
  LNS_CHECK(inserted);
  TunnelRecord& tunnel = *entry->second;
  tunnel.id = id;
  tunnel.sccrq_peer_id = sccrq_peer_id;
  tunnel.endpoints = endpoints;
  Index(tunnel);
  return tunnel;
}

void TunnelTable::Index(const TunnelRecord& tunnel) {
  by_peer_.insert_or_assign({tunnel.endpoints, tunnel.sccrq_peer_id}, tunnel.id);
  by_endpoints_[tunnel.endpoints].push_back(tunnel.id);
}

void TunnelTable::Unindex(const TunnelRecord& tunnel) {
  // A later tunnel of the same peer id may have taken the name over.
  const auto name = by_peer_.find({tunnel.endpoints, tunnel.sccrq_peer_id});
  if (name != by_peer_.end() && name->second == tunnel.id) by_peer_.erase(name);
  const auto between = by_endpoints_.find(tunnel.endpoints);
  LNS_CHECK(between != by_endpoints_.end());
  std::erase(between->second, tunnel.id);
  if (between->second.empty()) by_endpoints_.erase(between);
}

void TunnelTable::Move(TunnelRecord& tunnel, const net::EndpointPair& endpoints) {
  Unindex(tunnel);
  tunnel.endpoints = endpoints;
  Index(tunnel);
}

const std::vector<l2tp::LocalTunnelId>& TunnelTable::Between(
    const net::EndpointPair& endpoints) const {
  static const std::vector<l2tp::LocalTunnelId> kNone;
  const auto found = by_endpoints_.find(endpoints);
  return found == by_endpoints_.end() ? kNone : found->second;
}

void TunnelTable::Remove(l2tp::LocalTunnelId id) {
  const auto entry = by_id_.find(id);
  LNS_CHECK(entry != by_id_.end());
  Unindex(*entry->second);
  by_id_.erase(entry);
}

TunnelRecord* TunnelTable::Find(l2tp::LocalTunnelId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

const TunnelRecord* TunnelTable::Find(l2tp::LocalTunnelId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

TunnelRecord* TunnelTable::FindByPeer(const net::EndpointPair& endpoints,
                                      l2tp::PeerTunnelId sccrq_peer_id) {
  const auto found = by_peer_.find({endpoints, sccrq_peer_id});
  return found == by_peer_.end() ? nullptr : Find(found->second);
}

}  // namespace lns::controlplane
