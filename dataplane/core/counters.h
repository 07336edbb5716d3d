// One worker's counters. Each word has one writer, the worker itself; anyone may read at any time
// (gRPC threads sum over workers), so words are relaxed atomics written by load, add and store:
// the plain instructions, no locked ones.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/core/drop_reason.h"
#include "dataplane/core/router_counter.h"
#include "dataplane/core/stage_id.h"
#include "lib/punt/punt_reason.h"

namespace lns::dataplane {

class Counter {
 public:
  void Add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // By the table writer only, before the entry the counter lives in is published.
  void Reset() { value_.store(0, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};
static_assert(sizeof(Counter) == 8);

struct StageCounters {
  Counter packets;
  Counter cycles;  // TSC
};

// What came down the inject ring and was sent on; what failed is a drop by name.
struct InjectCounters {
  Counter control;
  Counter ppp;
};

// Inner IP packets and octets, as accepted from or sent to subscribers.
struct TrafficCounters {
  Counter uplink_packets;
  Counter uplink_bytes;
  Counter downlink_packets;
  Counter downlink_bytes;
};

struct alignas(64) WorkerCounters {
  TrafficCounters traffic;
  Counter rx_packets;
  Counter tx_packets;
  Counter rx_bursts;  // polls of a queue or ring that found work
  Counter handoff_in;
  Counter handoff_out;
  Counter busy_cycles;  // in polls that found work
  Counter idle_cycles;
  InjectCounters inject;
  std::array<Counter, kDropReasonCount> drops;
  std::array<Counter, punt::kPuntReasonCount> punts;
  std::array<Counter, punt::kClassCount> punt_overflows;
  std::array<StageCounters, kStageCount> stages;
  std::array<Counter, kRouterCounterCount> router;
};

}  // namespace lns::dataplane
