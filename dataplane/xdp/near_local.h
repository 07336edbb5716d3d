// The few local addresses that stand in steer_settings beside the flags: which of them are there.
// Steering keeps them in step with the map local_v4, which always has them all.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <iterator>

#include "dataplane/xdp/steer_maps.h"

namespace lns::dataplane {

// The address, in network order and not 0, if there is room.
inline void AddNear(steer_settings& settings, __be32 address) {
  auto& near = settings.near_v4;
  if (std::ranges::find(near, address) != std::end(near)) return;
  const auto free = std::ranges::find(near, __be32{0});
  if (free != std::end(near)) *free = address;
}

inline void RemoveNear(steer_settings& settings, __be32 address) {
  std::ranges::replace(settings.near_v4, address, __be32{0});
}

}  // namespace lns::dataplane
