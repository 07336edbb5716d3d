// What the kernel's routes and neighbours are, as far as they matter to our ports, and what of it
// the forwarding tables should hold: of several routes to one prefix the one with the lowest
// metric. Knows no netlink (kernel/netlink_feed does) and no port set, so that it is tested with a
// fake writer. One thread at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dataplane/tables/table_writer.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// `paths` are those through our ports that are alive; empty unless the route forwards.
struct KernelRoute {
  VrfPrefix prefix;
  uint32_t metric = 0;
  RouteKind kind = RouteKind::kForward;
  std::vector<RoutePath> paths;
  auto operator<=>(const KernelRoute&) const = default;

  bool HasGateway() const;
};

struct KernelNeighbour {
  net::IpAddress address;
  uint16_t port = 0;
  net::MacAddress mac{};
  bool is_stale = false;  // usable, and not confirmed lately
};

class RouteMirror {
 public:
  // More paths of a route than this are left out.
  static constexpr size_t kMaxPaths = 32;

  // The writer outlives the mirror.
  explicit RouteMirror(TableWriter& writer) : writer_(writer) {}

  void AddRoute(const KernelRoute& route);
  // A route that replaced every other to its prefix with its metric.
  void ReplaceRoute(const KernelRoute& route);
  // One of IPv6 through gateways: the kernel always names all gateways of a prefix and metric.
  void ReplaceGateways(const KernelRoute& route);
  // False: no such route is known, so something was missed.
  bool RemoveRoute(const KernelRoute& route);
  // Of IPv6: these paths of the routes with its prefix and metric are gone, maybe not all.
  bool RemovePaths(const KernelRoute& route);
  // Every route to the prefix with this metric: one of another interface took its place.
  void RemoveRoutes(const VrfPrefix& prefix, uint32_t metric);
  void SetNeighbour(const KernelNeighbour& neighbour);
  void RemoveNeighbour(const net::IpAddress& address, uint16_t port);

  // Everything the kernel has now: what is not named goes.
  void Resync(const std::vector<KernelRoute>& routes,
              const std::vector<KernelNeighbour>& neighbours);

  // At most `limit` neighbours that were not confirmed lately, going on where the last call ended.
  std::vector<KernelNeighbour> StaleNeighbours(size_t limit);
  size_t routes() const { return routes_.size(); }
  size_t neighbours() const { return neighbours_.size(); }
  // Updates that the table writer refused, and the last reason.
  uint64_t refused() const { return refused_; }
  const absl::Status& last_refusal() const { return last_refusal_; }

 private:
  using NeighbourKey = std::pair<net::IpAddress, uint16_t>;

  std::set<KernelRoute>::const_iterator Best(const VrfPrefix& prefix) const;
  void Publish(const VrfPrefix& prefix);
  // Those with this prefix and metric for which erase(route) says so.
  template <typename Which>
  void EraseMetric(const VrfPrefix& prefix, uint32_t metric, Which&& erase);
  void Note(const absl::Status& status);

  TableWriter& writer_;
  std::set<KernelRoute> routes_;  // by VRF, prefix, metric
  std::map<VrfPrefix, KernelRoute> published_;
  std::map<NeighbourKey, KernelNeighbour> neighbours_;
  NeighbourKey last_stale_;
  uint64_t refused_ = 0;
  absl::Status last_refusal_;
};

}  // namespace lns::dataplane
