// Periodic work of many links that opened together must not come together for ever: a moment in the
// last quarter of an interval, at random.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/base/rng.h"
#include "lib/base/time.h"

namespace lns::ppp {

inline Duration Spread(Duration interval, Rng& rng) {
  const int64_t percent = 75 + static_cast<int64_t>(rng.Below(26));
  return interval * percent / 100;
}

}  // namespace lns::ppp
