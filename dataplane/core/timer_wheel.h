// Whose time comes when: numbers below a capacity, each in it at most once, in slots of a tick. To
// add one, and to take one whose time has come, costs the same however many there are. All memory
// is taken at the start. One thread's.
//
// Nothing comes before its time; it may come a tick later. What lies beyond the wheel's turn comes
// too early, at the end of the turn, and its owner adds it again.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "lib/base/check.h"

namespace lns::dataplane {

class TimerWheel {
 public:
  static constexpr uint32_t kNone = 0xffffffffu;
  static constexpr uint32_t kSlots = 4096;

  // Ticks are powers of two, the longest that is no longer than `tick`.
  TimerWheel(uint32_t capacity, uint64_t tick)
      : shift_(static_cast<uint32_t>(std::bit_width(std::max<uint64_t>(tick, 1)) - 1)),
        next_(capacity, kNone),
        slots_(kSlots) {}

  bool empty() const { return size_ == 0; }
  uint64_t tick() const { return uint64_t{1} << shift_; }

  void Add(uint32_t number, uint64_t at, uint64_t now) {
    if (size_ == 0) current_ = now >> shift_;
    ++size_;
    const uint64_t tick_of = (at + tick() - 1) >> shift_;
    if (tick_of <= current_) {
      Append(ready_, number);
    } else {
      Append(slots_[std::min(tick_of, current_ + kSlots - 1) % kSlots], number);
    }
  }
  // Behind all whose time has come.
  void AddReady(uint32_t number) {
    ++size_;
    Append(ready_, number);
  }

  void Advance(uint64_t now) {
    const uint64_t target = now >> shift_;
    if (target <= current_) return;
    const uint64_t steps = std::min<uint64_t>(target - current_, kSlots);
    for (uint64_t i = 1; i <= steps; ++i) {
      List& slot = slots_[(current_ + i) % kSlots];
      if (slot.first != kNone) Splice(slot);
    }
    current_ = target;
  }
  // Of those whose time has come by the last Advance, the one that has waited longest; kNone: none.
  uint32_t TakeReady() {
    const uint32_t number = ready_.first;
    if (number == kNone) return kNone;
    ready_.first = next_[number];
    --size_;
    return number;
  }

 private:
  struct List {
    uint32_t first = kNone;
    uint32_t last = kNone;  // of one that is not empty
  };

  void Append(List& list, uint32_t number) {
    LNS_DCHECK(number < next_.size());
    next_[number] = kNone;
    (list.first == kNone ? list.first : next_[list.last]) = number;
    list.last = number;
  }
  void Splice(List& slot) {
    (ready_.first == kNone ? ready_.first : next_[ready_.last]) = slot.first;
    ready_.last = slot.last;
    slot.first = kNone;
  }

  const uint32_t shift_;
  uint64_t current_ = 0;  // tick; its slot and all before it are empty
  uint32_t size_ = 0;
  List ready_;
  std::vector<uint32_t> next_;  // of a list, by number
  std::vector<List> slots_;
};

}  // namespace lns::dataplane
