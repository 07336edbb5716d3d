// Frames on their way between a worker and Linux' side of a port: one producer, one consumer,
// copies in slots of fixed size. No packet buffer is ever in another thread's hands, so one that
// does not run for a while costs the workers none. A full ring refuses and counts.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>

#include "lib/base/bytes.h"
#include "lib/base/check.h"

namespace lns::dataplane {

class FrameRing {
 public:
  // `slots`: a power of two; `room`: the longest frame.
  FrameRing(uint32_t slots, uint32_t room)
      : slots_(slots),
        room_(room),
        stride_((room + kLengthSize + kLine - 1) / kLine * kLine),
        memory_(std::make_unique_for_overwrite<uint8_t[]>(size_t{slots} * stride_)) {
    LNS_CHECK(slots != 0 && (slots & (slots - 1)) == 0);
  }
  FrameRing(const FrameRing&) = delete;
  FrameRing& operator=(const FrameRing&) = delete;

  uint32_t room() const { return room_; }

  // The producer. False: full, or the frame is longer than there is room.
  bool Push(ByteView frame) {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (frame.size() > room_ || head - tail_.load(std::memory_order_acquire) == slots_) {
      Refuse();
      return false;
    }
    uint8_t* slot = Slot(head);
    const auto length = static_cast<uint32_t>(frame.size());
    std::memcpy(slot, &length, kLengthSize);
    if (length != 0) std::memcpy(slot + kLengthSize, frame.data(), length);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  // A frame that the producer could not even offer.
  void Refuse() {
    refused_.store(refused_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // The consumer: take(frame) for each, at most `limit`; how many there were.
  template <typename Take>
  uint32_t Poll(uint32_t limit, Take&& take) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    const uint64_t waiting = head_.load(std::memory_order_acquire) - tail;
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(waiting, limit));
    for (uint32_t i = 0; i < count; ++i) {
      const uint8_t* slot = Slot(tail + i);
      uint32_t length;
      std::memcpy(&length, slot, kLengthSize);
      take(ByteView(slot + kLengthSize, length));
      tail_.store(tail + i + 1, std::memory_order_release);
    }
    return count;
  }
  bool empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_relaxed);
  }

  // Anyone.
  uint64_t taken() const { return tail_.load(std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kLine = 64;
  static constexpr uint32_t kLengthSize = sizeof(uint32_t);

  uint8_t* Slot(uint64_t position) const {
    return memory_.get() + (position & (slots_ - 1)) * stride_;
  }

  const uint32_t slots_;
  const uint32_t room_;
  const uint32_t stride_;
  const std::unique_ptr<uint8_t[]> memory_;
  alignas(kLine) std::atomic<uint64_t> head_{0};  // written by the producer, as refused_
  std::atomic<uint64_t> refused_{0};
  alignas(kLine) std::atomic<uint64_t> tail_{0};  // by the consumer
};

}  // namespace lns::dataplane
