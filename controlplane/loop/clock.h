// The only place where lns-controlplane reads a clock: CLOCK_MONOTONIC as an Instant. The same
// clock stamps punted frames in the data plane, so the two can be compared.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <time.h>

#include "lib/base/time.h"

namespace lns::controlplane {

inline Instant MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant::FromNanoseconds(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

}  // namespace lns::controlplane
