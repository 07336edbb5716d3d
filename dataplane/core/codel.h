// Controlled delay (RFC 8289): when packets at the head of a queue must be dropped, so that senders
// slow down before the queue becomes long. It goes by how long packets have waited, so one target
// fits every rate. The caller takes packets from its queue and asks for each; the state belongs to
// the queue's owner.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace lns::dataplane {

struct CodelState {
  uint64_t first_above = 0;  // when dropping may begin; 0: the last packet had not waited too long
  uint64_t drop_next = 0;
  uint32_t count = 0;       // drops since dropping began
  uint32_t last_count = 0;  // what it began with
  bool dropping = false;
};

class Codel {
 public:
  static constexpr uint64_t kTargetMs = 5;
  static constexpr uint64_t kIntervalMs = 100;
  // With no more than this behind it a packet is never dropped.
  static constexpr uint32_t kOnePacket = 1514;

  explicit Codel(uint64_t cycles_per_second) : interval_(cycles_per_second * kIntervalMs / 1000) {
    for (uint32_t count = 1; count <= kMaxCount; ++count) {
      steps_[count] = static_cast<uint64_t>(static_cast<double>(interval_) / std::sqrt(count));
    }
  }

  // True: the packet that was taken from the queue goes no further. `waited` and `target` in
  // cycles; `octets` are those behind it.
  bool MustDrop(CodelState& state, uint64_t waited, uint64_t target, uint64_t octets,
                uint64_t now) const {
    if (!MayDrop(state, waited, target, octets, now)) {
      state.dropping = false;
      return false;
    }
    if (!state.dropping) {
      Begin(state, now);
      return true;
    }
    if (now < state.drop_next) return false;
    ++state.count;
    state.drop_next += Step(state.count);
    return true;
  }

 private:
  // From here on the steps stay as they are: a thirty-second of the interval.
  static constexpr uint32_t kMaxCount = 1024;

  uint64_t Step(uint32_t count) const { return steps_[count < kMaxCount ? count : kMaxCount]; }

  // Whether packets have waited too long for a whole interval.
  bool MayDrop(CodelState& state, uint64_t waited, uint64_t target, uint64_t octets,
               uint64_t now) const {
    if (waited < target || octets <= kOnePacket) {
      state.first_above = 0;
      return false;
    }
    if (state.first_above == 0) {
      state.first_above = now + interval_;
      return false;
    }
    return now >= state.first_above;
  }

  // Goes on near the rate of drops that was right a moment ago (RFC 8289 5.5).
  void Begin(CodelState& state, uint64_t now) const {
    const uint32_t before = state.count - state.last_count;
    const bool lately = now < state.drop_next + 16 * interval_;
    state.count = before > 1 && lately ? before : 1;
    state.last_count = state.count;
    state.drop_next = now + Step(state.count);
    state.dropping = true;
  }

  uint64_t interval_;
  std::array<uint64_t, kMaxCount + 1> steps_{};  // interval / sqrt(count)
};

}  // namespace lns::dataplane
