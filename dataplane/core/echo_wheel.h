// When a worker looks at each of its sessions whose LCP echoes the data plane does: once in a
// second, all of them spread over it. The second is a wheel of places, one for each session slot;
// the worker goes round it by the clock and stops where a bit says that the session is its own. So
// there is no list to keep and nothing to tell a worker when sessions come and go: the table writer
// sets and clears bits (EchoMembers), and slots are reused through quiescence as everywhere.
// Needs no DPDK.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>

#include "lib/base/check.h"

namespace lns::dataplane {

// Which place a slot has. Slots are given out one after the other, so the steps from one to the
// next are the golden section of the wheel: any run of slots lies evenly around it.
class EchoPlaces {
 public:
  static constexpr uint32_t kMinLog2 = 6;  // a word of bits
  static constexpr uint32_t kMaxLog2 = 24;

  EchoPlaces() = default;
  explicit EchoPlaces(uint32_t slots)
      : log2_(std::max<uint32_t>(kMinLog2, static_cast<uint32_t>(std::bit_width(slots - 1)))) {
    LNS_CHECK(slots != 0 && log2_ <= kMaxLog2);
    constexpr uint64_t kGolden = 0x9e3779b9;  // of 2^32
    step_ = static_cast<uint32_t>(kGolden >> (32 - log2_)) | 1;
    // Newton's iteration for the inverse modulo 2^32; each round doubles the bits that are right,
    // and an odd number is its own inverse in the lowest three.
    back_ = step_;
    for (int round = 0; round < 4; ++round) back_ *= 2 - step_ * back_;
  }

  uint32_t log2() const { return log2_; }
  uint32_t count() const { return 1u << log2_; }
  uint32_t PlaceOf(uint32_t slot) const { return slot * step_ & (count() - 1); }
  uint32_t SlotOf(uint32_t place) const { return place * back_ & (count() - 1); }

 private:
  uint32_t log2_ = kMinLog2;
  uint32_t step_ = 1;
  uint32_t back_ = 1;
};

// The sessions of one worker that have echoes. Written by the table writer alone.
class alignas(64) EchoMembers {
 public:
  static size_t WordsFor(const EchoPlaces& places) { return places.count() / 64; }

  // Before anybody reads. `words` are zero.
  void Attach(const EchoPlaces& places, std::span<std::atomic<uint64_t>> words) {
    LNS_CHECK(words.size() == WordsFor(places));
    places_ = places;
    words_ = words;
  }

  bool Has(uint32_t slot) const {
    const uint32_t place = places_.PlaceOf(slot);
    return (WordAt(place) >> place % 64 & 1) != 0;
  }
  // What is told of the session must stand there before.
  void Add(uint32_t slot) {
    if (Has(slot)) return;
    const uint32_t place = places_.PlaceOf(slot);
    words_[place / 64].fetch_or(Bit(place), std::memory_order_release);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  void Remove(uint32_t slot) {
    if (!Has(slot)) return;
    const uint32_t place = places_.PlaceOf(slot);
    words_[place / 64].fetch_and(~Bit(place), std::memory_order_release);
    count_.fetch_sub(1, std::memory_order_relaxed);
  }

  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  uint32_t size() const { return count_.load(std::memory_order_relaxed); }
  const EchoPlaces& places() const { return places_; }
  // The 64 places around this one, the lowest in the lowest bit.
  uint64_t WordAt(uint32_t place) const {
    return words_[place / 64].load(std::memory_order_acquire);
  }

 private:
  static uint64_t Bit(uint32_t place) { return uint64_t{1} << place % 64; }

  std::span<std::atomic<uint64_t>> words_;
  EchoPlaces places_;
  std::atomic<uint32_t> count_{0};
};

// Where one worker stands.
class EchoWheel {
 public:
  // Words looked at and sessions visited in one turn of the worker's loop. What is left over comes
  // in the next turns.
  static constexpr uint32_t kMaxSteps = 128;

  explicit EchoWheel(uint64_t cycles_per_second)
      : cycles_per_second_(cycles_per_second),
        angle_per_cycle_((uint64_t{1} << (kAngleLog2 + 32)) / cycles_per_second) {}

  uint64_t cycles_per_second() const { return cycles_per_second_; }
  // Seconds as the wheel counts them, at the latest visit.
  uint32_t round() const { return round_; }

  // Calls visit(slot, round) for the members whose time has come since the last call. A visit that
  // returns false has not taken place; it is tried again the next time. A worker that has not come
  // here for a second leaves out what it has missed: nobody is asked twice at once.
  template <typename Visit>
  void Turn(const EchoMembers& members, uint64_t now, Visit&& visit) {
    const EchoPlaces& places = members.places();
    const uint64_t reached = Reached(places, now);
    if (reached - visited_ > places.count()) visited_ = reached;
    for (uint32_t step = 0; step < kMaxSteps && visited_ != reached; ++step) {
      round_ = static_cast<uint32_t>(visited_ >> places.log2());
      const auto place = static_cast<uint32_t>(visited_) & (places.count() - 1);
      const uint64_t ahead = std::min<uint64_t>(reached - visited_, 64 - place % 64);
      const uint64_t word = members.WordAt(place) >> place % 64;
      const auto empty = static_cast<uint64_t>(std::countr_zero(word));
      if (empty >= ahead) {
        visited_ += ahead;
        continue;
      }
      visited_ += empty;
      if (!visit(places.SlotOf(static_cast<uint32_t>(place + empty)), round_)) return;
      ++visited_;
    }
  }

 private:
  static constexpr uint32_t kAngleLog2 = EchoPlaces::kMaxLog2;

  // How many places have gone by since the wheel began to turn.
  uint64_t Reached(const EchoPlaces& places, uint64_t now) {
    if (!turning_) {
      turning_ = true;
      second_at_ = now;
    }
    if (now - second_at_ >= cycles_per_second_) {
      const uint64_t seconds = (now - second_at_) / cycles_per_second_;
      seconds_ += seconds;
      second_at_ += seconds * cycles_per_second_;
    }
    const uint64_t angle = (now - second_at_) * angle_per_cycle_ >> 32;
    return (seconds_ << places.log2()) + (angle >> (kAngleLog2 - places.log2()));
  }

  const uint64_t cycles_per_second_;
  const uint64_t angle_per_cycle_;  // of 2^24 in a second, times 2^32
  bool turning_ = false;
  uint64_t second_at_ = 0;  // cycles
  uint64_t seconds_ = 0;
  uint64_t visited_ = 0;  // places, in all
  uint32_t round_ = 0;
};

}  // namespace lns::dataplane
