// CLOCK_MONOTONIC as an Instant: the one clock by which both processes time what they do. It stamps
// punted frames in the data plane too, so that instants of the two can be compared.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <time.h>

#include "lib/base/time.h"

namespace lns {

inline Instant MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant::FromNanoseconds(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

}  // namespace lns
