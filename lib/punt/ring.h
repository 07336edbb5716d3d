// The two ends of one punt or inject ring (lib/punt/layout.h), over memory the caller has mapped
// and checked (lib/punt/mapping.h). One producer and one consumer, each used by one thread at a
// time, usually in different processes; neither ever blocks, and neither believes the other.
//
// Producer: Push() writes a frame into the next free slot, Publish() shows all pushed frames at
// once (one release store per burst). A full ring drops and counts. Consumer: Poll() copies each
// frame out of the shared memory before it checks and hands it over, so a hostile producer that
// rewrites a slot meanwhile changes nothing that has been checked.
//
// Sleeping: the consumer calls PrepareWait() and sleeps on its eventfd only if that is true; a
// producer whose Publish() returns true writes that eventfd. Both sides store their own word and
// then load the other's, all four sequentially consistent, so one of them sees the other: no wakeup
// is lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/base/check.h"
#include "lib/punt/layout.h"

namespace lns::punt {

class Producer {
 public:
  Producer() = default;
  // `ring` points at a RingHeader followed by `slots` slots. Goes on where a predecessor stopped;
  // what that one pushed and did not publish is overwritten.
  Producer(uint8_t* ring, uint32_t slots)
      : header_(reinterpret_cast<RingHeader*>(ring)),
        slots_base_(ring + sizeof(RingHeader)),
        slots_(slots),
        head_(header_->head.load(std::memory_order_relaxed)),
        published_(head_) {}

  // Places one frame; payload_length and sequence of the header are filled in here. False: dropped
  // and counted, because the ring is full or the payload does not fit a slot.
  bool Push(const FrameHeader& header, ByteView payload) {
    if (payload.size() > kMaxPayload || !HasRoom()) {
      CountDrop();
      return false;
    }
    FrameHeader stamped = header;
    stamped.payload_length = static_cast<uint16_t>(payload.size());
    stamped.sequence = static_cast<uint32_t>(head_);
    uint8_t* slot = slots_base_ + (head_ & (slots_ - 1)) * kSlotSize;
    std::memcpy(slot, &stamped, sizeof(stamped));
    if (!payload.empty()) std::memcpy(slot + kFrameHeaderSize, payload.data(), payload.size());
    ++head_;
    return true;
  }

  // Makes every pushed frame visible. True: the consumer sleeps, write its eventfd (once; a second
  // burst before it wakes answers false).
  [[nodiscard]] bool Publish() {
    if (head_ == published_) return false;
    published_ = head_;
    header_->head.store(head_, std::memory_order_seq_cst);
    if (header_->consumer_waits.load(std::memory_order_seq_cst) == 0) return false;
    return header_->consumer_waits.exchange(0, std::memory_order_seq_cst) != 0;
  }

  uint64_t dropped() const { return header_->dropped.load(std::memory_order_relaxed); }
  uint64_t published() const { return published_; }
  bool attached() const { return header_ != nullptr; }

 private:
  bool HasRoom() {
    if (head_ - known_tail_ < slots_) return true;
    known_tail_ = header_->tail.load(std::memory_order_acquire);
    // A tail ahead of the head (a broken consumer) makes the difference huge: full, hence harmless.
    return head_ - known_tail_ < slots_;
  }
  void CountDrop() {
    header_->dropped.store(header_->dropped.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
  }

  RingHeader* header_ = nullptr;
  uint8_t* slots_base_ = nullptr;
  uint64_t slots_ = 0;
  uint64_t head_ = 0;
  uint64_t published_ = 0;
  // Last tail seen; starts such that the first Push looks at the real one.
  uint64_t known_tail_ = head_ - slots_;
};

enum class FrameFault : uint8_t {
  kNone,
  kBadLength,   // empty where it must not be, or longer than a slot
  kBadKind,     // not a FrameKind
  kBadClass,    // not a PuntClass
  kBadFamily,   // neither IPv4 nor IPv6 where an outer address is needed
  kBadSession,  // a frame of a session without one
};

// What can be told from the frame header alone.
constexpr FrameFault CheckFrame(const FrameHeader& header) {
  const bool may_be_empty = header.kind == FrameKind::kEchoTimeout;
  if ((header.payload_length == 0 && !may_be_empty) || header.payload_length > kMaxPayload) {
    return FrameFault::kBadLength;
  }
  if (header.punt_class >= kClassCount) return FrameFault::kBadClass;
  const bool has_family = header.family == 4 || header.family == 6;
  const bool has_session = header.local_tunnel_id != 0 && header.local_session_id != 0;
  switch (header.kind) {
    case FrameKind::kL2tpControl:
      return has_family ? FrameFault::kNone : FrameFault::kBadFamily;
    case FrameKind::kPpp:
      // An injected PPP frame is addressed by its session; the family may be left out.
      if (!has_family && header.family != 0) return FrameFault::kBadFamily;
      return has_session ? FrameFault::kNone : FrameFault::kBadSession;
    case FrameKind::kEchoTimeout:
      return has_session ? FrameFault::kNone : FrameFault::kBadSession;
  }
  return FrameFault::kBadKind;
}

class Consumer {
 public:
  Consumer() = default;
  // Goes on where a predecessor stopped.
  Consumer(uint8_t* ring, uint32_t slots)
      : header_(reinterpret_cast<RingHeader*>(ring)),
        slots_base_(ring + sizeof(RingHeader)),
        slots_(slots),
        tail_(header_->tail.load(std::memory_order_relaxed)) {}

  // Hands at most `budget` frames to visit(const FrameHeader&, ByteView payload); both are copies
  // that live until the visit returns. Frames that fail CheckFrame are skipped and counted, and
  // use up budget like any other. Returns the slots consumed.
  template <typename Visit>
  size_t Poll(size_t budget, Visit&& visit) {
    const uint64_t head = header_->head.load(std::memory_order_acquire);
    uint64_t waiting = head - tail_;
    if (waiting == 0) return 0;
    if (waiting > slots_) {
      // No producer of ours is ever more than a ring ahead, or behind: nothing in the slots can be
      // told from garbage, so leave all of it.
      ++head_jumps_;
      tail_ = head;
      header_->tail.store(tail_, std::memory_order_release);
      return 0;
    }
    if (waiting > budget) waiting = budget;
    for (uint64_t i = 0; i < waiting; ++i) VisitSlot(tail_ + i, visit);
    tail_ += waiting;
    header_->tail.store(tail_, std::memory_order_release);
    return static_cast<size_t>(waiting);
  }

  // Announces that the consumer is going to sleep. False: a frame has arrived, do not.
  [[nodiscard]] bool PrepareWait() {
    header_->consumer_waits.store(1, std::memory_order_seq_cst);
    if (header_->head.load(std::memory_order_seq_cst) == tail_) return true;
    CancelWait();
    return false;
  }
  // Awake again for another reason than the eventfd.
  void CancelWait() { header_->consumer_waits.store(0, std::memory_order_relaxed); }

  // Frames published and not consumed; a corrupt head answers the ring's size.
  uint64_t backlog() const {
    const uint64_t waiting = header_->head.load(std::memory_order_relaxed) - tail_;
    return waiting > slots_ ? slots_ : waiting;
  }
  // Frames the producer could not place, by its own word.
  uint64_t producer_dropped() const { return header_->dropped.load(std::memory_order_relaxed); }
  uint64_t bad_frames() const { return bad_frames_; }
  uint64_t head_jumps() const { return head_jumps_; }
  bool attached() const { return header_ != nullptr; }

 private:
  template <typename Visit>
  void VisitSlot(uint64_t position, Visit& visit) {
    const uint8_t* slot = slots_base_ + (position & (slots_ - 1)) * kSlotSize;
    FrameHeader header;
    std::memcpy(&header, slot, sizeof(header));
    if (CheckFrame(header) != FrameFault::kNone) {
      ++bad_frames_;
      return;
    }
    std::array<uint8_t, kMaxPayload> payload;
    std::memcpy(payload.data(), slot + kFrameHeaderSize, header.payload_length);
    visit(static_cast<const FrameHeader&>(header), ByteView(payload.data(), header.payload_length));
  }

  RingHeader* header_ = nullptr;
  const uint8_t* slots_base_ = nullptr;
  uint64_t slots_ = 0;
  uint64_t tail_ = 0;
  uint64_t bad_frames_ = 0;
  uint64_t head_jumps_ = 0;
};

}  // namespace lns::punt
