// The route book's neighbours: their adjacencies, the routes and peers that are reached through
// them, and which of them Linux is asked to resolve.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstring>

#include "dataplane/tables/route_book.h"
#include "dataplane/tables/route_book_keys.h"
#include "lib/base/check.h"

namespace lns::dataplane {
namespace {

constexpr net::MacAddress kNoMac{};

}  // namespace

void RouteBook::ReleaseNextHop(const NeighbourKey& key) {
  const auto neighbour = neighbours_.find(key);
  LNS_CHECK(neighbour != neighbours_.end() && neighbour->second.routes > 0);
  --neighbour->second.routes;
  Release(neighbour);
}

void RouteBook::ReleaseRoute(const RouteEntry& route) {
  ForEachPath(route.config, [&](const net::IpAddress& next_hop, uint16_t port, uint16_t) {
    if (!next_hop.is_none()) ReleaseNextHop(KeyOf(next_hop, port));
  });
  if (route.target >= kFibGroup) groups_.Release(route.target - kFibGroup);
}

RouteBook::NeighbourEntry* RouteBook::FindOrAddNeighbour(const NeighbourKey& key) {
  const auto found = neighbours_.find(key);
  if (found != neighbours_.end()) return &found->second;
  if (free_adjacencies_.empty()) return nullptr;
  const uint32_t index = free_adjacencies_.back();
  free_adjacencies_.pop_back();
  Adjacency& adjacency = adjacencies_[index];
  adjacency.port = key.port;
  adjacency.kind = Adjacency::Kind::kNeighbour;
  adjacency.address = key.address;
  SetMac(index, kNoMac);
  NeighbourEntry& entry = neighbours_[key];
  entry.adjacency = index;
  return &entry;
}

void RouteBook::Release(NeighbourMap::iterator neighbour) {
  if (neighbour->second.known || neighbour->second.routes != 0) return;
  retired_.Add(SlotKind::kAdjacency, neighbour->second.adjacency);
  neighbours_.erase(neighbour);
}

void RouteBook::SetMac(uint32_t index, const net::MacAddress& mac) {
  Adjacency& adjacency = adjacencies_[index];
  const net::MacAddress& source = ports_[adjacency.port].mac;
  std::array<uint8_t, 8> destination{};
  std::memcpy(destination.data(), mac.data(), 6);
  std::memcpy(destination.data() + 6, source.data(), 2);
  uint32_t tail;
  std::memcpy(&tail, source.data() + 2, sizeof(tail));
  uint64_t word;
  std::memcpy(&word, destination.data(), sizeof(word));
  adjacency.source_tail.store(tail, std::memory_order_relaxed);
  adjacency.destination.store(word, std::memory_order_release);
}

absl::Status RouteBook::UpsertNeighbour(const NeighbourConfig& neighbour) {
  if (neighbour.address.is_none()) return absl::InvalidArgumentError("neighbour without address");
  if (neighbour.port >= ports_.size()) {
    return absl::NotFoundError(absl::StrCat("no port ", neighbour.port));
  }
  if ((neighbour.mac[0] & 1) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a neighbour's MAC is not a group address: ", net::FormatMac(neighbour.mac)));
  }
  const NeighbourKey key = KeyOf(neighbour.address, neighbour.port);
  const auto present = neighbours_.find(key);
  const bool is_new = present == neighbours_.end() || !present->second.known;
  NeighbourEntry* entry =
      is_new && known_neighbours_ >= limits_.max_neighbours ? nullptr : FindOrAddNeighbour(key);
  if (entry == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("neighbour table is full (", known_neighbours_, ")"));
  }
  // What the operator set is not the kernel's to change.
  const bool fixed = entry->known && entry->config.origin == Origin::kApi;
  if (fixed && neighbour.origin == Origin::kKernel) return absl::OkStatus();
  if (is_new) ++known_neighbours_;
  entry->known = true;
  entry->stale = false;
  entry->config = neighbour;
  SetMac(entry->adjacency, neighbour.mac);
  Attach(key, *entry);
  return absl::OkStatus();
}

void RouteBook::RemoveNeighbour(const net::IpAddress& address, uint16_t port) {
  const auto found = neighbours_.find(KeyOf(address, port));
  if (found == neighbours_.end() || !found->second.known) return;
  found->second.known = false;
  --known_neighbours_;
  SetMac(found->second.adjacency, kNoMac);
  Attach(found->first, found->second);
  // Still needed: look for it again, rather than wait for a packet to miss it.
  if (found->second.routes != 0) Want(found->first);
  const VrfAddress peer{ports_[port].vrf, address};
  if (peers_.contains(KeyOf(peer))) WantPathTo(peer);
  Release(found);
}

bool RouteBook::IsOnLink(const NeighbourKey& key) const {
  const net::IpAddress& address = key.address;
  for (int length = address.bits(); length >= 0; --length) {
    const auto slot = slots_.find(Shortened(VrfOf(key), address, length));
    if (slot == slots_.end()) continue;
    const Slot& said = slot->second;
    if (said.is_ours()) return false;
    const std::optional<RouteEntry>& route = said.api ? said.api : said.kernel;
    if (route) return IsConnectedOn(route->config, key.port);
  }
  return false;
}

void RouteBook::Attach(const NeighbourKey& key, const NeighbourEntry& neighbour) {
  const VrfPrefix host = HostOf({VrfOf(key), key.address});
  const bool wanted = neighbour.known && IsOnLink(key);
  const auto slot = slots_.find(host);
  const bool there = slot != slots_.end() && slot->second.neighbour == neighbour.adjacency;
  if (wanted == there) return;
  if (wanted) {
    SlotOf(host).neighbour = neighbour.adjacency;
  } else {
    slot->second.neighbour.reset();
  }
  if (RefreshPrefix(host)) return;
  // Without room in the FIB the neighbour stays unknown to workers: its packets drop by name.
  SlotOf(host).neighbour.reset();
  RefreshPrefix(host);
}

void RouteBook::AttachAllIn(const VrfPrefix& where) {
  const net::IpPrefix& prefix = where.prefix;
  auto neighbour = neighbours_.lower_bound(KeyOf(prefix.address, 0));
  while (neighbour != neighbours_.end() && prefix.Contains(neighbour->first.address)) {
    if (VrfOf(neighbour->first) == where.vrf) Attach(neighbour->first, neighbour->second);
    ++neighbour;
  }
}

bool RouteBook::IsResolved(const net::IpAddress& address, uint16_t port) const {
  const auto found = neighbours_.find(KeyOf(address, port));
  return found != neighbours_.end() && found->second.known && found->second.config.mac != kNoMac;
}

void RouteBook::AddPeer(const VrfAddress& peer) {
  ++peers_[KeyOf(peer)];
  WantPathTo(peer);
}

void RouteBook::RemovePeer(const VrfAddress& peer) {
  const auto found = peers_.find(KeyOf(peer));
  LNS_CHECK(found != peers_.end());
  if (--found->second == 0) peers_.erase(found);
}

bool RouteBook::HasPeerIn(const VrfPrefix& where) const {
  const auto peer = peers_.lower_bound(KeyOf({where.vrf, where.prefix.address}));
  return peer != peers_.end() && peer->first.vrf == where.vrf &&
         where.prefix.Contains(peer->first.address);
}

uint16_t RouteBook::PathMtu(const VrfAddress& at) const {
  const net::IpAddress& address = at.address;
  const uint32_t to = fib_.Lookup(at.vrf, address.family(), address.raw().data());
  if (to < kFibAdjacency) return 0;
  if (to < kFibGroup) return ports_[adjacencies_[to - kFibAdjacency].port].mtu;
  // Any packet may take any of them.
  uint16_t least = 0xffff;
  for (const uint32_t adjacency : groups_.At(to - kFibGroup).adjacency) {
    least = std::min(least, ports_[adjacencies_[adjacency].port].mtu);
  }
  return least;
}

void RouteBook::Want(const NeighbourKey& key) {
  if (wanted_.size() < limits_.max_neighbours && !IsResolved(key.address, key.port)) {
    wanted_.insert(key);
  }
}

void RouteBook::WantPathTo(const VrfAddress& at) {
  const net::IpAddress& peer = at.address;
  for (int length = peer.bits(); length >= 0; --length) {
    const auto slot = slots_.find(Shortened(at.vrf, peer, length));
    if (slot == slots_.end()) continue;
    const Slot& said = slot->second;
    if (said.is_ours()) return;
    const std::optional<RouteEntry>& route = said.api ? said.api : said.kernel;
    if (!route) continue;
    ForEachPath(route->config, [&](const net::IpAddress& next_hop, uint16_t port, uint16_t) {
      Want(KeyOf(next_hop.is_none() ? peer : next_hop, port));
    });
    return;
  }
}

void RouteBook::WantPathsIn(const VrfPrefix& where) {
  auto peer = peers_.lower_bound(KeyOf({where.vrf, where.prefix.address}));
  while (peer != peers_.end() && peer->first.vrf == where.vrf &&
         where.prefix.Contains(peer->first.address)) {
    WantPathTo({where.vrf, peer->first.address});
    ++peer;
  }
}

std::vector<NextHop> RouteBook::TakeWanted() {
  std::vector<NextHop> result;
  for (const NeighbourKey& key : wanted_) {
    if (!IsResolved(key.address, key.port)) result.push_back({key.address, key.port});
  }
  wanted_.clear();
  return result;
}

}  // namespace lns::dataplane
