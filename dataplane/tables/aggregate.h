// A limit on all sessions of a tunnel, or of all tunnels of a peer, together: one for each
// direction, shared by the workers. What is beyond is dropped.
//
// A packet must not cost a line that all workers write. So each worker has a share: octets that it
// has taken from the common clock in advance, a quantum at a time, and uses up by itself; only for
// the next quantum does it go to the clock. Where the clock has none, it says until when there will
// be none, and until then the worker does not ask again. Together the workers hold a quantum each
// at most, and that is how far what passes may be off, once.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/core/counters.h"
#include "dataplane/core/octet_clock.h"

namespace lns::dataplane {

inline constexpr uint32_t kNoAggregate = 0;  // of TunnelEntry
// Directions.
inline constexpr size_t kUp = 0;
inline constexpr size_t kDown = 1;

struct AggregateRate {
  OctetRate rate;
  uint32_t quantum = 0;  // octets; 0: this direction has no limit
  int16_t overhead_bytes = 0;
};

// When the workers' next quantum is due, whoever takes it.
struct alignas(64) AggregateClock {
  std::atomic<uint64_t> due{0};  // cycles
};

struct alignas(64) Aggregate {
  std::array<AggregateRate, 2> rates;  // constant while published
  std::array<AggregateClock, 2> clocks;
};
static_assert(sizeof(Aggregate) == 192);

struct AggregateCredit {
  uint32_t octets = 0;
  uint64_t none_before = 0;  // cycles
  Counter dropped_packets;
  Counter dropped_bytes;
};

// One worker's.
struct alignas(64) AggregateShare {
  std::array<AggregateCredit, 2> credits;
};
static_assert(sizeof(AggregateShare) == 64);

// The worker's next quantum. False: there is none.
inline bool TakeQuantum(Aggregate& aggregate, size_t direction, AggregateCredit& credit,
                        uint32_t at_least, uint64_t now) {
  constexpr int kMaxAttempts = 64;  // each that fails has seen another worker succeed
  const AggregateRate& limit = aggregate.rates[direction];
  const uint32_t octets = std::max(limit.quantum, at_least);
  const uint64_t cost = limit.rate.Cost(octets) >> OctetRate::kFractionBits;
  std::atomic<uint64_t>& clock = aggregate.clocks[direction].due;
  uint64_t due = clock.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (due > now + limit.rate.tolerance()) {
      credit.none_before = due - limit.rate.tolerance();
      return false;
    }
    if (clock.compare_exchange_weak(due, std::max(due, now) + cost, std::memory_order_relaxed)) {
      credit.octets += octets;
      return true;
    }
  }
  return false;
}

// Whether a packet passes.
inline bool TakeFromAggregate(Aggregate& aggregate, size_t direction, AggregateCredit& credit,
                              uint16_t length, uint64_t now) {
  const AggregateRate& limit = aggregate.rates[direction];
  if (limit.quantum == 0) return true;
  const auto octets = static_cast<uint32_t>(std::max(length + limit.overhead_bytes, 0));
  if (credit.octets < octets &&
      (now < credit.none_before || !TakeQuantum(aggregate, direction, credit, octets, now))) {
    credit.dropped_packets.Add(1);
    credit.dropped_bytes.Add(length);
    return false;
  }
  credit.octets -= octets;
  return true;
}

}  // namespace lns::dataplane
