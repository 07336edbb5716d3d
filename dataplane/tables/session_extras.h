// What only sessions with a policy of their own (kHasExtras) have: where each policy's state
// stands. Constant while published: a change makes a new record. A worker may hold flags of before
// with the record of after, so zero means none in every word.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lns::dataplane {

inline constexpr size_t kMaxSessionFilters = 4;  // in one direction

struct alignas(64) SessionExtras {
  uint32_t meters = 0;  // of Tables::meters, both directions
  uint32_t shaper = 0;  // of Tables::shapers
  // Of Tables::filters, in order, up to the first zero.
  std::array<uint16_t, kMaxSessionFilters> uplink_filters{};
  std::array<uint16_t, kMaxSessionFilters> downlink_filters{};
  uint16_t dscp_profile = 0;  // of Tables::dscp_profiles
  bool operator==(const SessionExtras&) const = default;
};
static_assert(sizeof(SessionExtras) == 64);

}  // namespace lns::dataplane
