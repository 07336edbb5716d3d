// Readers beside the writer, to be run under thread sanitiser as well: a key that stays must be
// found by every lookup with its own value, whatever is inserted and erased around it, in its
// buckets and in the overflow area.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "dataplane/tables/prefix_table.h"
#include "dataplane/tables/session_table.h"
#include "lib/base/rng.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kRounds = 200000;

TEST(SessionTableStress, PinnedKeysAreAlwaysFoundWhileOthersComeAndGo) {
  // Small, so that pinned and passing keys share every bucket and the overflow.
  constexpr uint32_t kCapacity = 96;
  constexpr uint32_t kPinned = 48;
  HeapMemory memory;
  auto table = SessionTable::MakeWithBuckets(memory, kCapacity, 4);
  for (uint32_t key = 1; key <= kPinned; ++key) ASSERT_TRUE(table->Upsert(key, key + 1000));

  std::atomic<bool> done{false};
  std::atomic<uint32_t> reading{0};
  std::atomic<uint64_t> missed{0};
  const auto read = [&] {
    std::array<uint32_t, kPinned> keys;
    std::array<uint32_t, kPinned> values;
    for (uint32_t i = 0; i < kPinned; ++i) keys[i] = i + 1;
    reading.fetch_add(1);
    while (!done.load(std::memory_order_relaxed)) {
      table->FindBurst(keys, values);
      for (uint32_t i = 0; i < kPinned; ++i) {
        if (values[i] != keys[i] + 1000) missed.fetch_add(1);
      }
    }
  };
  std::thread first(read);
  std::thread second(read);
  while (reading.load() < 2) std::this_thread::yield();
  SeededRng rng(7);
  for (uint32_t round = 0; round < kRounds; ++round) {
    const uint32_t key = 1000 + rng.Below(200);
    if (rng.Below(2) == 0) {
      table->Upsert(key, key);
    } else {
      table->Erase(key);
    }
  }
  done.store(true);
  first.join();
  second.join();
  EXPECT_EQ(missed.load(), 0u);
}

// A passing key may be absent, but its value is never another key's, nor half of two.
TEST(SessionTableStress, ValuesAreNeverTorn) {
  HeapMemory memory;
  auto table = SessionTable::MakeWithBuckets(memory, 40, 2);
  std::atomic<bool> done{false};
  std::atomic<bool> reading{false};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&] {
    reading.store(true);
    while (!done.load(std::memory_order_relaxed)) {
      for (uint32_t key = 1; key <= 48; ++key) {
        const uint32_t value = table->Find(key);
        if (value != kNotFound && (value & 0xff) != key) wrong.fetch_add(1);
      }
    }
  });
  while (!reading.load()) std::this_thread::yield();
  SeededRng rng(11);
  for (uint32_t round = 0; round < kRounds; ++round) {
    const uint32_t key = 1 + rng.Below(48);
    if (rng.Below(3) != 0) {
      table->Upsert(key, (round & 0xffff) << 8 | key);
    } else {
      table->Erase(key);
    }
  }
  done.store(true);
  reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(PrefixTableStress, APinnedPrefixIsFoundWhileLongerOnesComeAndGo) {
  HeapMemory memory;
  constexpr uint32_t kCapacity = 4096;
  auto table = PrefixTable::Make(memory, kCapacity);
  ASSERT_TRUE(table->Upsert(*net::IpPrefix::Parse("2001:db8::/32"), 1));
  const net::IpAddress inside = *net::IpAddress::Parse("2001:db8:5:6::1");
  std::atomic<bool> done{false};
  std::atomic<bool> reading{false};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&] {
    reading.store(true);
    while (!done.load(std::memory_order_relaxed)) {
      const uint32_t value = table->Find(kMainVrf, net::Family::kIpv6, inside.raw().data());
      if (value != 1 && value != 2) wrong.fetch_add(1);
    }
  });
  while (!reading.load()) std::this_thread::yield();
  const net::IpPrefix longer = *net::IpPrefix::Parse("2001:db8:5::/48");
  // Each entry is used once: reuse waits for a grace period, which is the table writer's business.
  for (uint32_t round = 0; round + 2 < kCapacity; ++round) {
    ASSERT_TRUE(table->Upsert(longer, 2));
    ASSERT_NE(table->Erase(longer), kNotFound);
  }
  done.store(true);
  reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

}  // namespace
}  // namespace lns::dataplane
