// What every session table must do, whichever way it is built: run over our own table without an
// EAL (unit) and over both in the stage tests, where rte_hash has one.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "dataplane/tables/session_table.h"
#include "lib/base/rng.h"

namespace lns::dataplane {

template <typename Table>
class SessionTableSuite : public testing::Test {
 protected:
  HeapMemory memory_;
};
TYPED_TEST_SUITE_P(SessionTableSuite);

TYPED_TEST_P(SessionTableSuite, FindsWhatIsThereAndNothingElse) {
  auto table = TypeParam::Make(this->memory_, 100);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->Find(0x00070064), kNotFound);
  EXPECT_TRUE(table->Upsert(0x00070064, 5));
  EXPECT_TRUE(table->Upsert(0x00640007, 6));
  EXPECT_EQ(table->Find(0x00070064), 5u);
  EXPECT_EQ(table->Find(0x00640007), 6u);
  EXPECT_EQ(table->Find(0x00070065), kNotFound);
  EXPECT_EQ(table->size(), 2u);
}

TYPED_TEST_P(SessionTableSuite, KeyZeroAndValueZeroAreLikeAnyOther) {
  auto table = TypeParam::Make(this->memory_, 100);
  EXPECT_EQ(table->Find(0), kNotFound);
  EXPECT_TRUE(table->Upsert(0, 0));
  EXPECT_EQ(table->Find(0), 0u);
  EXPECT_TRUE(table->Erase(0));
  EXPECT_EQ(table->Find(0), kNotFound);
}

TYPED_TEST_P(SessionTableSuite, UpsertChangesTheValueInPlace) {
  auto table = TypeParam::Make(this->memory_, 100);
  EXPECT_TRUE(table->Upsert(1, 10));
  EXPECT_TRUE(table->Upsert(1, 11));
  EXPECT_EQ(table->Find(1), 11u);
  EXPECT_EQ(table->size(), 1u);
}

TYPED_TEST_P(SessionTableSuite, EraseTellsWhetherItWasThere) {
  auto table = TypeParam::Make(this->memory_, 100);
  EXPECT_FALSE(table->Erase(1));
  EXPECT_TRUE(table->Upsert(1, 10));
  EXPECT_TRUE(table->Erase(1));
  EXPECT_FALSE(table->Erase(1));
  EXPECT_EQ(table->Find(1), kNotFound);
  EXPECT_EQ(table->size(), 0u);
}

// Up to the capacity every key fits, whatever the keys; beyond it none does, until one goes.
TYPED_TEST_P(SessionTableSuite, TakesItsCapacityAndNoMore) {
  for (const uint32_t capacity : {1u, 7u, 64u, 1000u, 65536u}) {
    auto table = TypeParam::Make(this->memory_, capacity);
    for (uint32_t i = 0; i < capacity; ++i) ASSERT_TRUE(table->Upsert(i << 16 | (i ^ 0x55), i));
    EXPECT_FALSE(table->Upsert(0xffffffff, 1));
    EXPECT_TRUE(table->Upsert(0 << 16 | 0x55, 99)) << "a key that is there can change when full";
    for (uint32_t i = 1; i < capacity; ++i) ASSERT_EQ(table->Find(i << 16 | (i ^ 0x55)), i);
    EXPECT_TRUE(table->Erase(0 << 16 | 0x55));
    EXPECT_TRUE(table->Upsert(0xffffffff, 1));
  }
}

TYPED_TEST_P(SessionTableSuite, BurstsFindWhatSinglesFind) {
  auto table = TypeParam::Make(this->memory_, 4096);
  for (uint32_t i = 0; i < 4096; ++i) ASSERT_TRUE(table->Upsert(i * 0x10001, i));
  SeededRng rng(1);
  for (const size_t length : {1u, 2u, 31u, 32u, 100u}) {
    std::vector<uint32_t> keys(length);
    for (uint32_t& key : keys) key = rng.Below(8192) * 0x10001;
    std::vector<uint32_t> values(length);
    table->FindBurst(keys, values);
    for (size_t i = 0; i < length; ++i) EXPECT_EQ(values[i], table->Find(keys[i]));
  }
}

TYPED_TEST_P(SessionTableSuite, AgreesWithAMapThroughChurn) {
  constexpr uint32_t kCapacity = 512;
  constexpr uint32_t kKeys = 2000;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    auto table = TypeParam::Make(this->memory_, kCapacity);
    std::unordered_map<uint32_t, uint32_t> truth;
    SeededRng rng(seed);
    for (uint32_t step = 0; step < 50000; ++step) {
      const uint32_t key = rng.Below(kKeys) * 0x9e37;
      if (rng.Below(2) == 0) {
        const bool fits = truth.contains(key) || truth.size() < kCapacity;
        ASSERT_EQ(table->Upsert(key, step), fits);
        if (fits) truth[key] = step;
      } else {
        ASSERT_EQ(table->Erase(key), truth.erase(key) == 1);
      }
      const uint32_t other = rng.Below(kKeys) * 0x9e37;
      const auto found = truth.find(other);
      ASSERT_EQ(table->Find(other), found == truth.end() ? kNotFound : found->second);
    }
    ASSERT_EQ(table->size(), truth.size());
  }
}

REGISTER_TYPED_TEST_SUITE_P(SessionTableSuite, FindsWhatIsThereAndNothingElse,
                            KeyZeroAndValueZeroAreLikeAnyOther, UpsertChangesTheValueInPlace,
                            EraseTellsWhetherItWasThere, TakesItsCapacityAndNoMore,
                            BurstsFindWhatSinglesFind, AgreesWithAMapThroughChurn);

}  // namespace lns::dataplane
