// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/route_book.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "dataplane/tables/masked.h"
#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

absl::Status BadPrefix(const net::IpPrefix& prefix) {
  return absl::InvalidArgumentError(absl::StrCat("not a prefix: ", prefix.ToString()));
}

absl::Status FibFull(const VrfPrefix& prefix) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no room in the FIB for ", prefix.prefix.ToString()));
}

VrfPrefix HostOf(const VrfAddress& address) {
  return {address.vrf, net::IpPrefix::Host(address.address)};
}

// The first `length` bits of the address.
VrfPrefix Shortened(VrfIndex vrf, const net::IpAddress& address, int length) {
  return {vrf, {Masked(address, length), static_cast<uint8_t>(length)}};
}

std::vector<VrfIndex> WithMain(std::vector<VrfIndex> vrfs) {
  vrfs.insert(vrfs.begin(), kMainVrf);
  return vrfs;
}

constexpr net::MacAddress kNoMac{};

// Destinations that no router forwards to, whatever routes say (RFC 1812 4.2.2.11 and 5.3.7, RFC
// 4291 2.5): this network, loopback, groups, reserved. Groups belong to multicast routing, which is
// not done here.
constexpr const char* kNowhere[] = {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4",
                                    "::/128",    "::1/128",     "ff00::/8"};

}  // namespace

RouteBook::RouteBook(Settings settings, const Tables& tables, RetiredSlots& retired)
    : limits_(settings.limits),
      ports_(std::move(settings.ports)),
      vrfs_(WithMain(std::move(settings.vrfs))),
      fib_(*tables.fib),
      adjacencies_(tables.adjacencies),
      groups_(tables.groups, retired),
      retired_(retired),
      steering_(settings.steering),
      journal_(settings.journal) {
  // The first adjacencies are the ports' own, for connected routes.
  for (size_t port = 0; port < ports_.size(); ++port) {
    adjacencies_[port].port = static_cast<uint16_t>(port);
    adjacencies_[port].kind = Adjacency::Kind::kConnected;
  }
  for (size_t i = adjacencies_.size(); i > ports_.size(); --i) {
    free_adjacencies_.push_back(static_cast<uint32_t>(i - 1));
  }
  for (const VrfIndex vrf : vrfs_) {
    for (const char* text : kNowhere) {
      const VrfPrefix prefix{vrf, *net::IpPrefix::Parse(text)};
      SlotOf(prefix).nowhere = true;
      LNS_CHECK(RefreshPrefix(prefix));
    }
  }
}

bool RouteBook::IsPrefix(const net::IpPrefix& prefix) {
  return !prefix.address.is_none() && prefix.length <= prefix.address.bits() &&
         Masked(prefix.address, prefix.length) == prefix.address;
}

bool RouteBook::HasVrf(VrfIndex vrf) const {
  return std::find(vrfs_.begin(), vrfs_.end(), vrf) != vrfs_.end();
}

absl::Status RouteBook::CheckVrf(VrfIndex vrf) const {
  if (HasVrf(vrf)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("no VRF ", vrf, " is configured"));
}

uint32_t RouteBook::Effective(const Slot& slot) {
  if (slot.local) return kFibLocal;
  if (slot.gateway) return kFibGateway;
  if (slot.subscriber || slot.session) return kFibSubscriber;
  if (slot.nowhere) return kFibUnreachable;
  if (slot.neighbour) return kFibAdjacency + *slot.neighbour;
  if (slot.api) return slot.api->target;
  if (slot.kernel) return slot.kernel->target;
  return kFibNoRoute;
}

bool RouteBook::Refresh(Slots::iterator slot) {
  const uint32_t wanted = Effective(slot->second);
  if (wanted != slot->second.installed) {
    if (wanted != kFibNoRoute) {
      if (!fib_.Upsert(slot->first, wanted)) return false;
    } else {
      const uint32_t entry = fib_.Erase(slot->first);
      if (entry != kNotFound) retired_.Add(SlotKind::kFibPrefix, entry);
    }
    slot->second.installed = wanted;
  }
  if (wanted == kFibNoRoute) slots_.erase(slot);
  return true;
}

absl::Status RouteBook::CheckPath(const net::IpPrefix& prefix, const net::IpAddress& next_hop,
                                  uint16_t port) const {
  if (port >= ports_.size()) return absl::NotFoundError(absl::StrCat("no port ", port));
  if (!next_hop.is_none() && next_hop.family() != prefix.address.family()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "next hop ", next_hop.ToString(), " is of another family than ", prefix.ToString()));
  }
  return absl::OkStatus();
}

absl::Status RouteBook::CheckRoute(const RouteConfig& route) const {
  if (!IsPrefix(route.prefix)) return BadPrefix(route.prefix);
  if (absl::Status status = CheckVrf(route.vrf); !status.ok()) return status;
  if (route.more_paths.size() >= kMaxPaths) {
    return absl::InvalidArgumentError(absl::StrCat(route.prefix.ToString(), " has ",
                                                   1 + route.more_paths.size(), " paths, at most ",
                                                   kMaxPaths));
  }
  absl::Status status = absl::OkStatus();
  ForEachPath(route, [&](const net::IpAddress& next_hop, uint16_t port, uint16_t weight) {
    if (weight == 0) status.Update(absl::InvalidArgumentError("a path of weight 0"));
    status.Update(CheckPath(route.prefix, next_hop, port));
  });
  return status;
}

bool RouteBook::IsConnectedOn(const RouteConfig& route, uint16_t port) {
  bool connected = false;
  ForEachPath(route, [&](const net::IpAddress& next_hop, uint16_t on, uint16_t) {
    connected = connected || (next_hop.is_none() && on == port);
  });
  return connected;
}

uint32_t RouteBook::TakeTarget(const RouteConfig& route) {
  if (route.kind == RouteKind::kLinux) return kFibLinux;
  if (route.kind == RouteKind::kUnreachable) return kFibUnreachable;
  std::vector<NextHopGroups::Way> ways;
  std::vector<NeighbourKey> taken;
  bool complete = true;
  ForEachPath(route, [&](const net::IpAddress& next_hop, uint16_t port, uint16_t weight) {
    if (next_hop.is_none()) {
      ways.push_back({port, weight});
      return;
    }
    const NeighbourKey key = KeyOf(next_hop, port);
    NeighbourEntry* neighbour = FindOrAddNeighbour(key);
    if (neighbour == nullptr) {
      complete = false;
      return;
    }
    ++neighbour->routes;
    taken.push_back(key);
    ways.push_back({neighbour->adjacency, weight});
  });
  if (!complete) {
    for (const NeighbourKey& key : taken) ReleaseNextHop(key);
    return kFibNoRoute;
  }
  const uint32_t group = ways.size() > 1 ? groups_.Acquire(ways) : kNotFound;
  return group != kNotFound ? kFibGroup + group : kFibAdjacency + ways.front().adjacency;
}

absl::Status RouteBook::UpsertRoute(const RouteConfig& route) {
  if (absl::Status status = CheckRoute(route); !status.ok()) return status;
  const VrfPrefix at{route.vrf, route.prefix};
  Slot& slot = SlotOf(at);
  std::optional<RouteEntry>& place = RouteOf(slot, route.origin);
  if (!place && routes_ >= limits_.max_routes) {
    RefreshPrefix(at);
    return absl::ResourceExhaustedError(absl::StrCat("route table is full (", routes_, ")"));
  }
  const RouteEntry entry{.config = route, .target = TakeTarget(route)};
  if (entry.target == kFibNoRoute) {
    RefreshPrefix(at);
    return absl::ResourceExhaustedError("no adjacency is free");
  }
  const std::optional<RouteEntry> before = place;
  place = entry;
  if (!RefreshPrefix(at)) {
    ReleaseRoute(entry);
    place = before;
    RefreshPrefix(at);
    return FibFull(at);
  }
  if (before) {
    ReleaseRoute(*before);
  } else {
    ++routes_;
  }
  AttachAllIn(at);
  ForEachPath(route, [&](const net::IpAddress& next_hop, uint16_t port, uint16_t) {
    if (!next_hop.is_none()) Want(KeyOf(next_hop, port));
  });
  WantPathsIn(at);
  return absl::OkStatus();
}

void RouteBook::RemoveRoute(const VrfPrefix& prefix, Origin origin) {
  const auto slot = slots_.find(prefix);
  if (slot == slots_.end()) return;
  std::optional<RouteEntry>& place = RouteOf(slot->second, origin);
  if (!place) return;
  const RouteEntry entry = *place;
  place.reset();
  --routes_;
  Refresh(slot);
  ReleaseRoute(entry);
  AttachAllIn(prefix);
  WantPathsIn(prefix);
}

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

absl::Status RouteBook::AddLocalAddress(const VrfAddress& address) {
  if (address.address.is_none()) return absl::InvalidArgumentError("no address");
  if (absl::Status status = CheckVrf(address.vrf); !status.ok()) return status;
  const VrfPrefix host = HostOf(address);
  if (const auto slot = slots_.find(host); slot != slots_.end() && slot->second.local) {
    slot->second.local_stale = false;
    return absl::OkStatus();
  }
  if (local_addresses_ >= kMaxLocalAddresses) {
    return absl::ResourceExhaustedError("too many local addresses");
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddLocalAddress(address); !status.ok()) return status;
  }
  SlotOf(host).local = true;
  if (!RefreshPrefix(host)) {
    SlotOf(host).local = false;
    RefreshPrefix(host);
    return FibFull(host);
  }
  ++local_addresses_;
  return absl::OkStatus();
}

absl::Status RouteBook::RemoveLocalAddress(const VrfAddress& address) {
  if (address.address.is_none()) return absl::OkStatus();
  const auto slot = slots_.find(HostOf(address));
  if (slot == slots_.end() || !slot->second.local) return absl::OkStatus();
  slot->second.local = slot->second.local_stale = false;
  --local_addresses_;
  Refresh(slot);
  return steering_ != nullptr ? steering_->RemoveLocalAddress(address) : absl::OkStatus();
}

absl::Status RouteBook::AddGateway(const VrfAddress& address) {
  if (const auto known = gateways_.find(address); known != gateways_.end()) {
    ++known->second;
    return absl::OkStatus();
  }
  if (gateways_.size() >= kMaxGateways) {
    return absl::ResourceExhaustedError(absl::StrCat("too many gateways (", gateways_.size(), ")"));
  }
  const VrfPrefix host = HostOf(address);
  SlotOf(host).gateway = true;
  if (!RefreshPrefix(host)) {
    SlotOf(host).gateway = false;
    RefreshPrefix(host);
    return FibFull(host);
  }
  gateways_[address] = 1;
  return absl::OkStatus();
}

void RouteBook::RemoveGateway(const VrfAddress& address) {
  const auto known = gateways_.find(address);
  LNS_CHECK(known != gateways_.end());
  if (--known->second != 0) return;
  gateways_.erase(known);
  const auto slot = slots_.find(HostOf(address));
  slot->second.gateway = false;
  Refresh(slot);
}

absl::Status RouteBook::AddSubscriberPrefix(const VrfPrefix& prefix) {
  if (!IsPrefix(prefix.prefix)) return BadPrefix(prefix.prefix);
  if (absl::Status status = CheckVrf(prefix.vrf); !status.ok()) return status;
  if (const auto slot = slots_.find(prefix); slot != slots_.end() && slot->second.subscriber) {
    slot->second.subscriber_stale = false;
    return absl::OkStatus();
  }
  if (subscriber_prefixes_ >= kMaxSubscriberPrefixes) {
    return absl::ResourceExhaustedError("too many subscriber prefixes");
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddSubscriberPrefix(prefix); !status.ok()) return status;
  }
  SlotOf(prefix).subscriber = true;
  if (!RefreshPrefix(prefix)) {
    SlotOf(prefix).subscriber = false;
    RefreshPrefix(prefix);
    return FibFull(prefix);
  }
  ++subscriber_prefixes_;
  ++subscriber_lengths_[IndexOf(prefix.prefix.address.family())][prefix.prefix.length];
  AttachAllIn(prefix);
  NoteSubscribers(SubscriberChange::Kind::kPool, true, prefix);
  return absl::OkStatus();
}

absl::Status RouteBook::RemoveSubscriberPrefix(const VrfPrefix& prefix) {
  const auto slot = slots_.find(prefix);
  if (slot == slots_.end() || !slot->second.subscriber) return absl::OkStatus();
  slot->second.subscriber = slot->second.subscriber_stale = false;
  const bool still_steered = slot->second.session;
  --subscriber_prefixes_;
  --subscriber_lengths_[IndexOf(prefix.prefix.address.family())][prefix.prefix.length];
  NoteSubscribers(SubscriberChange::Kind::kPool, false, prefix);
  Refresh(slot);
  AttachAllIn(prefix);
  if (steering_ == nullptr || still_steered) return absl::OkStatus();
  return steering_->RemoveSubscriberPrefix(prefix);
}

bool RouteBook::IsCovered(const VrfPrefix& where) const {
  const net::IpPrefix& prefix = where.prefix;
  const auto& lengths = subscriber_lengths_[IndexOf(prefix.address.family())];
  for (int length = prefix.length; length >= 0; --length) {
    if (lengths[static_cast<size_t>(length)] == 0) continue;
    const auto slot = slots_.find(Shortened(where.vrf, prefix.address, length));
    if (slot != slots_.end() && slot->second.subscriber) return true;
  }
  return false;
}

absl::Status RouteBook::AddSessionPrefix(const VrfPrefix& prefix) {
  if (!IsPrefix(prefix.prefix)) return BadPrefix(prefix.prefix);
  if (absl::Status status = SteerSessionPrefix(prefix); !status.ok()) return status;
  NoteSubscribers(SubscriberChange::Kind::kSession, true, prefix);
  return absl::OkStatus();
}

absl::Status RouteBook::SteerSessionPrefix(const VrfPrefix& prefix) {
  if (IsCovered(prefix)) return absl::OkStatus();
  const auto present = slots_.find(prefix);
  if (present != slots_.end() && present->second.session) return absl::OkStatus();
  if (session_prefixes_ >= limits_.max_routes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("too many session prefixes outside every subscriber prefix (",
                     session_prefixes_, "), no room for ", prefix.prefix.ToString()));
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddSubscriberPrefix(prefix); !status.ok()) return status;
  }
  SlotOf(prefix).session = true;
  if (RefreshPrefix(prefix)) {
    ++session_prefixes_;
    return absl::OkStatus();
  }
  SlotOf(prefix).session = false;
  RefreshPrefix(prefix);
  return FibFull(prefix);
}

void RouteBook::RemoveSessionPrefix(const VrfPrefix& prefix) {
  NoteSubscribers(SubscriberChange::Kind::kSession, false, prefix);
  const auto slot = slots_.find(prefix);
  if (slot == slots_.end() || !slot->second.session) return;
  slot->second.session = false;
  --session_prefixes_;
  const bool still_steered = slot->second.subscriber;
  Refresh(slot);
  // An entry too many in the steering map only brings packets that are then dropped by name.
  if (steering_ != nullptr && !still_steered) (void)steering_->RemoveSubscriberPrefix(prefix);
}

void RouteBook::MarkStale() {
  for (auto& [prefix, slot] : slots_) {
    slot.local_stale = slot.local;
    slot.subscriber_stale = slot.subscriber;
    if (slot.api) slot.api->stale = true;
  }
  for (auto& [key, neighbour] : neighbours_) {
    neighbour.stale = neighbour.known && neighbour.config.origin == Origin::kApi;
  }
}

uint32_t RouteBook::Sweep() {
  std::vector<VrfAddress> addresses;
  std::vector<VrfPrefix> prefixes;
  std::vector<VrfPrefix> routes;
  for (const auto& [prefix, slot] : slots_) {
    if (slot.local && slot.local_stale) addresses.push_back({prefix.vrf, prefix.prefix.address});
    if (slot.subscriber && slot.subscriber_stale) prefixes.push_back(prefix);
    if (slot.api && slot.api->stale) routes.push_back(prefix);
  }
  std::vector<NeighbourKey> neighbours;
  for (const auto& [key, neighbour] : neighbours_) {
    if (neighbour.known && neighbour.stale) neighbours.push_back(key);
  }
  // A steering map that refuses a removal leaves an entry too many, as above.
  for (const VrfAddress& address : addresses) (void)RemoveLocalAddress(address);
  for (const VrfPrefix& prefix : prefixes) (void)RemoveSubscriberPrefix(prefix);
  for (const VrfPrefix& prefix : routes) RemoveRoute(prefix, Origin::kApi);
  for (const NeighbourKey& key : neighbours) RemoveNeighbour(key.address, key.port);
  return static_cast<uint32_t>(addresses.size() + prefixes.size() + routes.size() +
                               neighbours.size());
}

std::vector<RouteConfig> RouteBook::Routes() const {
  std::vector<RouteConfig> result;
  for (const auto& [prefix, slot] : slots_) {
    if (slot.api) result.push_back(slot.api->config);
    if (slot.kernel) result.push_back(slot.kernel->config);
  }
  return result;
}

std::vector<NeighbourConfig> RouteBook::Neighbours() const {
  std::vector<NeighbourConfig> result;
  for (const auto& [key, neighbour] : neighbours_) {
    if (neighbour.known) result.push_back(neighbour.config);
  }
  return result;
}

std::vector<VrfAddress> RouteBook::LocalAddresses() const {
  std::vector<VrfAddress> result;
  for (const auto& [prefix, slot] : slots_) {
    if (slot.local) result.emplace_back(prefix.vrf, prefix.prefix.address);
  }
  return result;
}

std::vector<VrfPrefix> RouteBook::SubscriberPrefixes() const {
  std::vector<VrfPrefix> result;
  for (const auto& [prefix, slot] : slots_) {
    if (slot.subscriber) result.push_back(prefix);
  }
  return result;
}

}  // namespace lns::dataplane
