// The ring between two workers while both use it: what one thread puts in the other takes, each
// once and in order, and nothing is written again before it has been read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <thread>
#include <vector>

#include "dataplane/core/handoff_ring.h"
#include "lib/base/rng.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kSlots = 64;
constexpr uint32_t kBurst = 32;
constexpr uint32_t kNumbers = 200'000;

TEST(HandoffRingStress, TwoThreadsPassEveryNumberOnceAndInOrder) {
  std::vector<uint32_t> slots(kSlots);
  HandoffRing<uint32_t> ring{std::span(slots)};
  std::atomic<bool> given_up{false};
  std::thread producer([&] {
    SeededRng rng(1);
    std::array<uint32_t, kBurst> burst{};
    for (uint32_t next = 0; next < kNumbers && !given_up.load();) {
      const uint32_t count = std::min(1 + rng.Below(kBurst), kNumbers - next);
      for (uint32_t i = 0; i < count; ++i) burst[i] = next + i;
      const uint32_t done = ring.Put(std::span(burst).first(count));
      next += done;
      if (done < count) std::this_thread::yield();
    }
  });
  SeededRng rng(2);
  for (uint32_t next = 0; next < kNumbers && !given_up.load();) {
    ring.Look();
    const uint32_t count = std::min(1 + rng.Below(kBurst), ring.size());
    if (count == 0) std::this_thread::yield();
    for (uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(ring[i], next + i);
      if (ring[i] != next + i) given_up.store(true);
    }
    ring.Take(count);
    next += count;
  }
  producer.join();
  ring.Look();
  EXPECT_EQ(ring.size(), 0u);
}

}  // namespace
}  // namespace lns::dataplane
