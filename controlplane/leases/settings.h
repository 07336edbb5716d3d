// What users had of the pools, over a restart, as configured: made by controlplane/config, every
// default filled in and checked.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/time.h"

namespace lns::controlplane {

struct LeaseSettings {
  std::string path;                                   // of the database
  Duration remember = Duration::Seconds(7 * 86'400);  // after it was given back; zero: not at all
  uint64_t max_leases = 1'000'000;
  // In the order of RememberedLease::pool. A row names its pool, so they may change their places.
  std::vector<std::string> pools;

  bool used() const { return remember > Duration() && !pools.empty(); }
};

}  // namespace lns::controlplane
