// How far routers on the way to LACs are believed (kernel/path_errors).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/time.h"

namespace lns::dataplane {

struct PathPolicy {
  bool listen = true;
  uint16_t least_mtu = 1280;                   // what says less is taken to say this
  Duration keep = Duration::Seconds(10 * 60);  // RFC 1191 6.3, RFC 8201 5.3
};

}  // namespace lns::dataplane
