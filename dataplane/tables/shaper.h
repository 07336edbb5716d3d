// Shaping state of a session, downlink only: what is beyond its rate waits (core/backlog.h) instead
// of being dropped. Apart from the session's own entries, so that sessions without have none; rates
// are profiles, shared by all sessions that have the same (tables/shaper_book.h). Configuration is
// constant while published; the rest belongs to the session's owner.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "dataplane/core/codel.h"
#include "dataplane/core/counters.h"
#include "dataplane/core/octet_clock.h"

namespace lns::dataplane {

struct ShaperProfile {
  OctetRate rate;
  uint64_t target = 0;         // cycles that packets may always wait (core/codel.h)
  uint32_t queue_octets = 0;   // that may wait
  int16_t overhead_bytes = 0;  // added to the length of each packet

  // As a packet counts.
  uint32_t OctetsOf(uint16_t length) const {
    return static_cast<uint32_t>(std::max(length + overhead_bytes, 0));
  }
};

inline constexpr uint32_t kNoShaper = 0;  // of SessionExtras

struct alignas(64) Shaper {
  uint32_t profile = 0;
  OctetClock clock;
  // What waits now, for whoever lists sessions; the worker itself goes by its backlog.
  std::atomic<uint32_t> queued_packets{0};
  std::atomic<uint32_t> queued_octets{0};
  // Of packets that waited or were to.
  Counter dropped_packets;
  Counter dropped_bytes;
  // Second line: only where packets wait.
  alignas(64) CodelState codel;

  void CountDrop(uint16_t octets) {
    dropped_packets.Add(1);
    dropped_bytes.Add(octets);
  }
  void ShowQueue(uint32_t packets, uint32_t octets) {
    queued_packets.store(packets, std::memory_order_relaxed);
    queued_octets.store(octets, std::memory_order_relaxed);
  }
};
static_assert(sizeof(Shaper) == 128 && alignof(Shaper) == 64);

}  // namespace lns::dataplane
