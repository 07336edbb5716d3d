// Which routes to subscribers are announced to this machine's routing, as the operator wrote it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "dataplane/core/vrf.h"

namespace lns::dataplane {

enum class PoolRoutes : uint8_t {
  kUsed,    // while a session has an address or prefix of the pool
  kSticky,  // from the first such session on
  kAlways,  // while the pool is configured
  kNever,
};

enum class SessionRoutes : uint8_t {
  kUncovered,  // those that no announced pool contains
  kAll,
  kNone,
};

struct RouteExportPolicy {
  PoolRoutes pools = PoolRoutes::kUsed;
  // While the LNS takes no new subscribers its pools are not announced, so that another LNS can
  // take them over; the sessions that are left are then uncovered.
  bool keep_pools_when_draining = false;
  SessionRoutes hosts = SessionRoutes::kUncovered;     // single addresses
  SessionRoutes prefixes = SessionRoutes::kUncovered;  // link, delegated and framed prefixes
};

// How Linux is read and written.
struct KernelSettings {
  uint32_t table = 254;                     // the route table that is mirrored and written to: main
  std::map<VrfIndex, uint32_t> vrf_tables;  // the same of the other VRFs
  uint8_t protocol = 171;      // of our routes; marks them for others and for ourselves
  uint32_t metric = 0;         // of our routes
  RouteExportPolicy announce;  // kNever and kNone: nothing is written

  uint32_t TableOf(VrfIndex vrf) const { return vrf == kMainVrf ? table : vrf_tables.at(vrf); }
  // Whose routes are in this table; none: nobody's.
  std::optional<VrfIndex> VrfOf(uint32_t of_table) const {
    if (of_table == table) return kMainVrf;
    for (const auto& [vrf, its_table] : vrf_tables) {
      if (its_table == of_table) return vrf;
    }
    return std::nullopt;
  }
};

}  // namespace lns::dataplane
