// What the kernel's routes and neighbours are, as far as they matter to our ports, and what of it
// the forwarding tables should hold: of several routes to one prefix the one with the lowest
// metric. Knows no netlink (kernel/netlink_feed does) and no port set, so that it is tested with a
// fake writer. One thread at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "dataplane/tables/table_writer.h"
#include "lib/net/address.h"

namespace lns::dataplane {

struct KernelRoute {
  net::IpPrefix prefix;
  uint32_t metric = 0;
  uint16_t port = 0;
  net::IpAddress next_hop;  // none: directly connected
  auto operator<=>(const KernelRoute&) const = default;
};

struct KernelNeighbour {
  net::IpAddress address;
  uint16_t port = 0;
  net::MacAddress mac{};
  bool is_stale = false;  // usable, and not confirmed lately
};

class RouteMirror {
 public:
  // The writer outlives the mirror.
  explicit RouteMirror(TableWriter& writer) : writer_(writer) {}

  void AddRoute(const KernelRoute& route);
  // A route that replaced every other to its prefix with its metric.
  void ReplaceRoute(const KernelRoute& route);
  void RemoveRoute(const KernelRoute& route);
  // Every route to the prefix with this metric: one of another interface took its place.
  void RemoveRoutes(const net::IpPrefix& prefix, uint32_t metric);
  void SetNeighbour(const KernelNeighbour& neighbour);
  void RemoveNeighbour(const net::IpAddress& address, uint16_t port);

  // Everything the kernel has now: what is not named goes.
  void Resync(const std::vector<KernelRoute>& routes,
              const std::vector<KernelNeighbour>& neighbours);

  std::vector<KernelNeighbour> StaleNeighbours() const;
  size_t routes() const { return routes_.size(); }
  size_t neighbours() const { return neighbours_.size(); }
  // Updates that the table writer refused, and the last reason.
  uint64_t refused() const { return refused_; }
  const absl::Status& last_refusal() const { return last_refusal_; }

 private:
  using NeighbourKey = std::pair<net::IpAddress, uint16_t>;

  std::set<KernelRoute>::const_iterator Best(const net::IpPrefix& prefix) const;
  void Publish(const net::IpPrefix& prefix);
  void EraseMetric(const net::IpPrefix& prefix, uint32_t metric);
  void Note(const absl::Status& status);

  TableWriter& writer_;
  std::set<KernelRoute> routes_;  // by prefix, then metric
  std::map<net::IpPrefix, KernelRoute> published_;
  std::map<NeighbourKey, KernelNeighbour> neighbours_;
  uint64_t refused_ = 0;
  absl::Status last_refusal_;
};

}  // namespace lns::dataplane
