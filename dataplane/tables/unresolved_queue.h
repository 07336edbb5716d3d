// Next hops whose MAC address a worker missed, on their way to the table writer (and from there to
// the kernel, which resolves them). One worker produces, the table writer consumes; when it is full
// a miss is forgotten; the worker reports it again while packets wait for it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/core/hold.h"

namespace lns::dataplane {

class UnresolvedQueue {
 public:
  static constexpr uint32_t kSlots = 64;

  // False: full.
  bool Push(const NextHop& neighbour) {
    const uint32_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kSlots) return false;
    slots_[head % kSlots] = neighbour;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  bool Pop(NextHop& neighbour) {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    neighbour = slots_[tail % kSlots];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

 private:
  alignas(64) std::atomic<uint32_t> head_{0};
  alignas(64) std::atomic<uint32_t> tail_{0};
  std::array<NextHop, kSlots> slots_;
};

}  // namespace lns::dataplane
