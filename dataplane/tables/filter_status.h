// A filter as it is in force, for whoever lists them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <vector>

#include "lib/net/filter.h"

namespace lns::dataplane {

struct MatchCounts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

struct FilterStatus {
  net::Filter filter;
  std::vector<MatchCounts> counts;  // of each rule, and of the rest
  uint32_t sessions = 0;            // once for each place in which a session has it
};

}  // namespace lns::dataplane
