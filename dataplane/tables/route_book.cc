// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/route_book.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/tables/masked.h"
#include "dataplane/tables/route_book_keys.h"
#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

std::vector<VrfIndex> WithMain(std::vector<VrfIndex> vrfs) {
  vrfs.insert(vrfs.begin(), kMainVrf);
  return vrfs;
}

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
