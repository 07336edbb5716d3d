// Policing state of a session: one cache line for each direction, apart from the session's own
// entries, so that sessions without a rate have none. Rates are profiles, shared by all sessions
// that have the same (tables/meter_book.h). RFC 2697 (single rate) and RFC 2698 (two rates), by
// rte_meter. Configuration is constant while published; buckets and counters belong to the
// session's owner.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_meter.h>

#include <cstdint>

#include "dataplane/core/counters.h"

namespace lns::dataplane {

struct MeterProfile {
  bool two_rates = false;
  int16_t overhead_bytes = 0;  // added to the length of each packet
  rte_meter_srtcm_profile one{};
  rte_meter_trtcm_profile two{};
};

inline constexpr uint32_t kNoProfile = 0;  // this direction is not metered

struct alignas(64) Meter {
  uint32_t profile = kNoProfile;
  union {
    rte_meter_srtcm one{};
    rte_meter_trtcm two;
  };
  Counter dropped_packets;
  Counter dropped_bytes;
};
static_assert(sizeof(Meter) == 64 && alignof(Meter) == 64);

// The first is nobody's (SessionExtras::meters).
struct SessionMeters {
  Meter uplink;
  Meter downlink;
};

}  // namespace lns::dataplane
