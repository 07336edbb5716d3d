// How long a server takes to answer: a histogram of fixed bounds, for metrics. Retransmissions
// count from the first transmission: it is the user who waits.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/time.h"

namespace lns::radius {

struct LatencyHistogram {
  // Upper bounds; one more bucket is above them all.
  static constexpr std::array<int64_t, 13> kBoundsMs = {1,   2,   5,    10,   20,   50,   100,
                                                        200, 500, 1000, 2000, 5000, 10000};

  std::array<uint64_t, kBoundsMs.size() + 1> counts{};
  uint64_t total = 0;
  Duration sum;

  void Add(Duration latency) {
    size_t bucket = 0;
    while (bucket < kBoundsMs.size() && latency > Duration::Milliseconds(kBoundsMs[bucket])) {
      ++bucket;
    }
    ++counts[bucket];
    ++total;
    sum = sum + latency;
  }
  Duration mean() const { return total == 0 ? Duration() : sum / static_cast<int64_t>(total); }
};

}  // namespace lns::radius
