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
  by_peer_.insert_or_assign({endpoints, sccrq_peer_id}, id);
  return tunnel;
}

void TunnelTable::Remove(l2tp::LocalTunnelId id) {
  const auto entry = by_id_.find(id);
  LNS_CHECK(entry != by_id_.end());
  // A later tunnel of the same peer id may have taken the name over.
  const auto name = by_peer_.find({entry->second->endpoints, entry->second->sccrq_peer_id});
  if (name != by_peer_.end() && name->second == id) by_peer_.erase(name);
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
