// A rate of octets with a burst, its state a time: when the next packet would be due if none had
// come early (the virtual scheduling form of a token bucket, ITU-T I.371, with packets of different
// lengths). No division per packet, and no rounding that adds up. Whoever counts with it owns the
// state; a new one is a full bucket.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>

namespace lns::dataplane {

// Shared by all clocks of the same rate, never changed.
class OctetRate {
 public:
  static constexpr uint32_t kFractionBits = 20;
  // Less would not fit the words of a long packet's time.
  static constexpr uint64_t kMinBps = 8000;

  OctetRate() = default;
  // `burst`: octets that may leave at once before a packet must wait.
  OctetRate(uint64_t cycles_per_second, uint64_t bps, uint64_t burst)
      : per_octet_(static_cast<uint64_t>(static_cast<double>(cycles_per_second) * 8 *
                                         (1u << kFractionBits) / static_cast<double>(bps))),
        tolerance_(static_cast<uint64_t>(static_cast<double>(burst) * 8 *
                                         static_cast<double>(cycles_per_second) /
                                         static_cast<double>(bps))) {}

  // In cycles, times 2^kFractionBits.
  uint64_t Cost(uint32_t octets) const { return octets * per_octet_; }
  uint64_t tolerance() const { return tolerance_; }

 private:
  uint64_t per_octet_ = 0;
  uint64_t tolerance_ = 0;  // cycles
};

struct OctetClock {
  uint64_t due = 0;       // cycles
  uint32_t fraction = 0;  // of a cycle

  // When the next packet may leave, however long it is.
  uint64_t Earliest(const OctetRate& rate) const { return due - std::min(due, rate.tolerance()); }
  bool IsDue(const OctetRate& rate, uint64_t now) const { return due <= now + rate.tolerance(); }
  // A packet leaves. One that was due and is late, by no more than `late` cycles, does not make
  // those behind it late as well.
  void Take(const OctetRate& rate, uint32_t octets, uint64_t now, uint64_t late = 0) {
    if (due + late < now) *this = {.due = now - late};
    const uint64_t cost = rate.Cost(octets) + fraction;
    due += cost >> OctetRate::kFractionBits;
    fraction = static_cast<uint32_t>(cost & ((1u << OctetRate::kFractionBits) - 1));
  }
};

}  // namespace lns::dataplane
