// One way from one worker to another: a ring with a single producer and a single consumer, each a
// worker's thread. What one side has written crosses to the other core line by line, so slots are
// small, neither side looks at the other's position more often than it must, and both can ask for
// lines before they need them. Positions count slots and wrap at 2^32. Pure C++: no DPDK.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>

#include "dataplane/core/prefetch.h"
#include "lib/base/check.h"

namespace lns::dataplane {

template <typename Slot>
class HandoffRing {
 public:
  // A power of two of slots, which outlive the ring.
  explicit HandoffRing(std::span<Slot> slots)
      : slots_(slots.data()), mask_(static_cast<uint32_t>(slots.size()) - 1) {
    LNS_CHECK(std::has_single_bit(slots.size()));
  }
  HandoffRing(const HandoffRing&) = delete;
  HandoffRing& operator=(const HandoffRing&) = delete;

  // The producer.

  // As many as there is room for; the consumer may see them at once.
  uint32_t Put(std::span<const Slot> items) {
    const auto wanted = static_cast<uint32_t>(items.size());
    if (room() < wanted) [[unlikely]] {
      producer_.returned = head_.load(std::memory_order_acquire);
    }
    const uint32_t count = std::min(room(), wanted);
    for (uint32_t i = 0; i < count; ++i) slots_[(producer_.next + i) & mask_] = items[i];
    producer_.next += count;
    tail_.store(producer_.next, std::memory_order_release);
    return count;
  }
  // Asks for what Put() of so many will write.
  void PrefetchRoom(uint32_t count) const {
    ForLines(producer_.next, count, PrefetchToWrite);
    PrefetchToWrite(&tail_);
  }

  // The consumer.

  // Sees what has been put in.
  void Look() { consumer_.seen = tail_.load(std::memory_order_acquire); }
  // Asks for what Look() will read.
  void PrefetchTail() const { __builtin_prefetch(&tail_); }
  // Of what it has seen and not taken.
  uint32_t size() const { return consumer_.seen - consumer_.next; }
  const Slot& operator[](uint32_t i) const { return slots_[(consumer_.next + i) & mask_]; }
  // Asks for the first `count`.
  void PrefetchSlots(uint32_t count) const {
    ForLines(consumer_.next, count, [](const void* line) { __builtin_prefetch(line); });
  }
  // The producer may write the first `count` again.
  void Take(uint32_t count) {
    LNS_DCHECK(count <= size());
    consumer_.next += count;
    head_.store(consumer_.next, std::memory_order_release);
  }

 private:
  // Neighbouring lines are fetched in pairs.
  static constexpr size_t kApart = 2 * kCacheLineBytes;

  uint32_t room() const { return mask_ + 1 - (producer_.next - producer_.returned); }

  // Of the slots from a position on.
  template <typename Do>
  void ForLines(uint32_t position, uint32_t count, Do action) const {
    constexpr uint32_t kSlotsInLine = kCacheLineBytes / sizeof(Slot);
    for (uint32_t i = 0; i < count; i += kSlotsInLine) action(&slots_[(position + i) & mask_]);
    if (count != 0) action(&slots_[(position + count - 1) & mask_]);
  }

  // Constant, for both.
  alignas(kApart) Slot* slots_;
  uint32_t mask_;
  struct alignas(kApart) Producer {
    uint32_t next = 0;
    uint32_t returned = 0;  // head_ as last seen
  } producer_;
  struct alignas(kApart) Consumer {
    uint32_t next = 0;
    uint32_t seen = 0;  // tail_ as last seen
  } consumer_;
  alignas(kApart) std::atomic<uint32_t> tail_{0};  // written by the producer
  alignas(kApart) std::atomic<uint32_t> head_{0};  // written by the consumer
};

}  // namespace lns::dataplane
