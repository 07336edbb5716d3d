// Slots that were unpublished and may still be in a worker's hands. The table writer puts them here
// and takes them back, oldest first, once every worker has been quiescent since.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <deque>

#include "dataplane/tables/quiescence.h"

namespace lns::dataplane {

enum class SlotKind : uint8_t {
  kSession,
  kTunnel,
  kAdjacency,
  kSubscriberPrefix,
  kFibPrefix,
  kMeter,
  kShaper,
  kExtras,
  kFilter,
  kDscpProfile,
  kNextHopGroup,
};

class RetiredSlots {
 public:
  explicit RetiredSlots(Quiescence& quiescence) : quiescence_(quiescence) {}

  // After the slot was unpublished.
  void Add(SlotKind kind, uint32_t slot) {
    slots_.push_back({quiescence_.StartGracePeriod(), kind, slot});
  }
  // Calls free(kind, slot) for every slot whose grace period is over.
  template <typename Free>
  void Collect(Free&& free) {
    while (!slots_.empty() && quiescence_.IsOver(slots_.front().token)) {
      const Slot slot = slots_.front();
      slots_.pop_front();
      free(slot.kind, slot.index);
    }
  }
  // Waits, boundedly, until Collect() would free everything there is now.
  void Wait() {
    if (!slots_.empty()) quiescence_.Wait(slots_.back().token);
  }
  bool empty() const { return slots_.empty(); }

 private:
  struct Slot {
    uint64_t token;
    SlotKind kind;
    uint32_t index;
  };
  Quiescence& quiescence_;
  std::deque<Slot> slots_;
};

}  // namespace lns::dataplane
