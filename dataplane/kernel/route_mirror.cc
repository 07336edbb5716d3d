// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/route_mirror.h"

namespace lns::dataplane {

void RouteMirror::Note(const absl::Status& status) {
  if (status.ok()) return;
  ++refused_;
  last_refusal_ = status;
}

std::set<KernelRoute>::const_iterator RouteMirror::Best(const net::IpPrefix& prefix) const {
  const auto it = routes_.lower_bound({.prefix = prefix});
  return it != routes_.end() && it->prefix == prefix ? it : routes_.end();
}

void RouteMirror::Publish(const net::IpPrefix& prefix) {
  const auto best = Best(prefix);
  const auto shown = published_.find(prefix);
  if (best == routes_.end()) {
    if (shown == published_.end()) return;
    published_.erase(shown);
    Note(writer_.RemoveRoute(prefix, Origin::kKernel));
    return;
  }
  if (shown != published_.end() && shown->second == *best) return;
  const absl::Status status = writer_.UpsertRoute({.prefix = prefix,
                                                   .next_hop = best->next_hop,
                                                   .port = best->port,
                                                   .origin = Origin::kKernel});
  Note(status);
  if (status.ok()) published_[prefix] = *best;
}

void RouteMirror::AddRoute(const KernelRoute& route) {
  routes_.insert(route);
  Publish(route.prefix);
}

void RouteMirror::EraseMetric(const net::IpPrefix& prefix, uint32_t metric) {
  auto it = routes_.lower_bound({.prefix = prefix, .metric = metric});
  while (it != routes_.end() && it->prefix == prefix && it->metric == metric) {
    it = routes_.erase(it);
  }
}

void RouteMirror::ReplaceRoute(const KernelRoute& route) {
  EraseMetric(route.prefix, route.metric);
  AddRoute(route);
}

void RouteMirror::RemoveRoute(const KernelRoute& route) {
  routes_.erase(route);
  Publish(route.prefix);
}

void RouteMirror::RemoveRoutes(const net::IpPrefix& prefix, uint32_t metric) {
  EraseMetric(prefix, metric);
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
  std::set<net::IpPrefix> touched;
  for (const KernelRoute& route : routes_) touched.insert(route.prefix);
  for (const KernelRoute& route : routes) touched.insert(route.prefix);
  routes_ = {routes.begin(), routes.end()};
  for (const net::IpPrefix& prefix : touched) Publish(prefix);

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

std::vector<KernelNeighbour> RouteMirror::StaleNeighbours() const {
  std::vector<KernelNeighbour> stale;
  for (const auto& [key, neighbour] : neighbours_) {
    if (neighbour.is_stale) stale.push_back(neighbour);
  }
  return stale;
}

}  // namespace lns::dataplane
