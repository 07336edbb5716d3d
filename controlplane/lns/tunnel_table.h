// The tunnels, found by our id (what a control header carries) and by the peer's endpoint and its
// own id (to recognise an SCCRQ sent again). Live, refused and retained ones alike: a closed tunnel
// must still be found to acknowledge retransmissions (RFC 2661 5.7).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "controlplane/lns/engine.h"
#include "controlplane/lns/explanation.h"
#include "controlplane/lns/id_allocator.h"
#include "lib/base/time.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/tunnel.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

struct TunnelRecord {
  std::unique_ptr<l2tp::Tunnel> l2tp;
  l2tp::LocalTunnelId id;
  // As the SCCRQ showed it before anything was known of the peer: 0 where the AVP was hidden. The
  // tunnel itself knows better.
  l2tp::PeerTunnelId sccrq_peer_id;
  net::EndpointPair endpoints;
  const PeerProfile* profile = nullptr;  // nullptr: refused
  uint64_t sccrq_digest = 0;
  Instant created;
  uint64_t accounting_number = 0;  // counts those that were established
  bool opened_by_us = false;
  bool half_open = false;   // counted by admission
  bool programmed = false;  // the data plane knows it
  bool established = false;
  bool closed = false;    // retained for acknowledgements only
  bool released = false;  // to be destroyed when the call into the engine returns

  Trail trail;
  std::optional<uint16_t> recorded_ns;  // of the last message sent that is in it
  std::optional<Ending> ending;

  IdAllocator session_ids;
  uint32_t session_count = 0;
  uint32_t first_session = UINT32_MAX;  // SessionTable::kNil

  TunnelEntry entry() const {
    TunnelEntry entry{.local_id = id, .peer_id = l2tp->peer_id(), .endpoints = endpoints};
    if (profile == nullptr) return entry;
    entry.dscp = profile->treatment.data_dscp;
    entry.outer_path = profile->treatment.outer_path;
    if (profile->aggregate) entry.aggregate = AggregateOf(*profile->aggregate, profile->name, id);
    return entry;
  }
  bool refused() const { return profile == nullptr; }
  bool live() const { return !closed && !refused(); }
};

class TunnelTable {
 public:
  TunnelRecord& Add(l2tp::LocalTunnelId id, l2tp::PeerTunnelId sccrq_peer_id,
                    const net::EndpointPair& endpoints);
  void Remove(l2tp::LocalTunnelId id);

  TunnelRecord* Find(l2tp::LocalTunnelId id);
  const TunnelRecord* Find(l2tp::LocalTunnelId id) const;
  // The newest tunnel of this peer's id, or nullptr.
  TunnelRecord* FindByPeer(const net::EndpointPair& endpoints, l2tp::PeerTunnelId sccrq_peer_id);
  // Of a peer who moved.
  void Move(TunnelRecord& tunnel, const net::EndpointPair& endpoints);
  // The ids of all tunnels between two endpoints.
  const std::vector<l2tp::LocalTunnelId>& Between(const net::EndpointPair& endpoints) const;
  size_t size() const { return by_id_.size(); }

 private:
  struct PeerKey {
    net::EndpointPair endpoints;
    l2tp::PeerTunnelId peer_id;
    bool operator==(const PeerKey&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const PeerKey& k) {
      return H::combine(std::move(h), k.endpoints, k.peer_id);
    }
  };

  void Index(const TunnelRecord& tunnel);
  void Unindex(const TunnelRecord& tunnel);

  absl::flat_hash_map<l2tp::LocalTunnelId, std::unique_ptr<TunnelRecord>> by_id_;
  absl::flat_hash_map<PeerKey, l2tp::LocalTunnelId> by_peer_;
  absl::flat_hash_map<net::EndpointPair, std::vector<l2tp::LocalTunnelId>> by_endpoints_;
};

}  // namespace lns::controlplane
