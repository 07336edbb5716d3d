// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/route_mirror.h"

#include <algorithm>

namespace lns::dataplane {
namespace {

RouteConfig ConfigOf(const KernelRoute& route) {
  RouteConfig config{.prefix = route.prefix.prefix,
                     .origin = Origin::kKernel,
                     .kind = route.kind,
                     .vrf = route.prefix.vrf};
  if (route.paths.empty()) return config;
  config.next_hop = route.paths.front().next_hop;
  config.port = route.paths.front().port;
  config.weight = route.paths.front().weight;
  const size_t end = std::min(route.paths.size(), RouteMirror::kMaxPaths);
  config.more_paths.assign(route.paths.begin() + 1,
                           route.paths.begin() + static_cast<ptrdiff_t>(end));
  return config;
}

}  // namespace

bool KernelRoute::HasGateway() const {
  return std::any_of(paths.begin(), paths.end(),
                     [](const RoutePath& path) { return !path.next_hop.is_none(); });
}

void RouteMirror::Note(const absl::Status& status) {
  if (status.ok()) return;
  ++refused_;
  last_refusal_ = status;
}

std::set<KernelRoute>::const_iterator RouteMirror::Best(const VrfPrefix& prefix) const {
  const auto it = routes_.lower_bound({.prefix = prefix});
  return it != routes_.end() && it->prefix == prefix ? it : routes_.end();
}

void RouteMirror::Publish(const VrfPrefix& prefix) {
  const auto best = Best(prefix);
  const auto shown = published_.find(prefix);
  if (best == routes_.end()) {
    if (shown == published_.end()) return;
    published_.erase(shown);
    Note(writer_.RemoveRoute(prefix, Origin::kKernel));
    return;
  }
  if (shown != published_.end() && shown->second == *best) return;
  const absl::Status status = writer_.UpsertRoute(ConfigOf(*best));
  Note(status);
  if (status.ok()) published_[prefix] = *best;
}

void RouteMirror::AddRoute(const KernelRoute& route) {
  routes_.insert(route);
  Publish(route.prefix);
}

template <typename Which>
void RouteMirror::EraseMetric(const VrfPrefix& prefix, uint32_t metric, Which&& erase) {
  auto it = routes_.lower_bound({.prefix = prefix, .metric = metric});
  while (it != routes_.end() && it->prefix == prefix && it->metric == metric) {
    it = erase(*it) ? routes_.erase(it) : std::next(it);
  }
}

void RouteMirror::ReplaceRoute(const KernelRoute& route) {
  EraseMetric(route.prefix, route.metric, [](const KernelRoute&) { return true; });
  AddRoute(route);
}

void RouteMirror::ReplaceGateways(const KernelRoute& route) {
  EraseMetric(route.prefix, route.metric, [](const KernelRoute& r) { return r.HasGateway(); });
  AddRoute(route);
}

bool RouteMirror::RemoveRoute(const KernelRoute& route) {
  const bool known = routes_.erase(route) != 0;
  Publish(route.prefix);
  return known;
}

bool RouteMirror::RemovePaths(const KernelRoute& gone) {
  std::vector<KernelRoute> left;
  bool known = false;
  EraseMetric(gone.prefix, gone.metric, [&](const KernelRoute& route) {
    if (route.kind != gone.kind) return false;
    KernelRoute rest = route;
    std::erase_if(rest.paths, [&](const RoutePath& path) {
      return std::find(gone.paths.begin(), gone.paths.end(), path) != gone.paths.end();
    });
    const bool is_meant = rest.paths.size() != route.paths.size() || route.paths == gone.paths;
    known = known || is_meant;
    if (is_meant && !rest.paths.empty()) left.push_back(std::move(rest));
    return is_meant;
  });
  routes_.insert(left.begin(), left.end());
  Publish(gone.prefix);
  return known;
}

void RouteMirror::RemoveRoutes(const VrfPrefix& prefix, uint32_t metric) {
  EraseMetric(prefix, metric, [](const KernelRoute&) { return true; });
  Publish(prefix);
}

void RouteMirror::SetNeighbour(const KernelNeighbour& neighbour) {
  const auto [it, is_new] = neighbours_.try_emplace({neighbour.address, neighbour.port}, neighbour);
  const bool is_moved = it->second.mac != neighbour.mac;
  it->second = neighbour;
  if (!is_new && !is_moved) return;
  Note(writer_.UpsertNeighbour({.address = neighbour.address,
                                .port = neighbour.port,
                                .mac = neighbour.mac,
                                .origin = Origin::kKernel}));
}

void RouteMirror::RemoveNeighbour(const net::IpAddress& address, uint16_t port) {
  if (neighbours_.erase({address, port}) == 0) return;
  Note(writer_.RemoveNeighbour(address, port));
}

void RouteMirror::Resync(const std::vector<KernelRoute>& routes,
                         const std::vector<KernelNeighbour>& neighbours) {
  std::set<VrfPrefix> touched;
  for (const KernelRoute& route : routes_) touched.insert(route.prefix);
  for (const KernelRoute& route : routes) touched.insert(route.prefix);
  routes_ = {routes.begin(), routes.end()};
  for (const VrfPrefix& prefix : touched) Publish(prefix);

  std::set<NeighbourKey> present;
  for (const KernelNeighbour& neighbour : neighbours) {
    present.emplace(neighbour.address, neighbour.port);
    SetNeighbour(neighbour);
  }
  std::vector<NeighbourKey> gone;
  for (const auto& [key, neighbour] : neighbours_) {
    if (!present.contains(key)) gone.push_back(key);
  }
  for (const NeighbourKey& key : gone) RemoveNeighbour(key.first, key.second);
}

std::vector<KernelNeighbour> RouteMirror::StaleNeighbours(size_t limit) {
  std::vector<KernelNeighbour> stale;
  auto it = neighbours_.upper_bound(last_stale_);
  for (size_t seen = 0; seen < neighbours_.size() && stale.size() < limit; ++seen, ++it) {
    if (it == neighbours_.end()) it = neighbours_.begin();
    if (it->second.is_stale) stale.push_back(it->second);
    last_stale_ = it->first;
  }
  return stale;
}

}  // namespace lns::dataplane
