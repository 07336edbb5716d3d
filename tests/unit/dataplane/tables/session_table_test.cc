// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "dataplane/tables/session_table.h"
#include "tests/unit/dataplane/tables/session_table_suite.h"

namespace lns::dataplane {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Ours, SessionTableSuite, SessionTable);

// Two buckets of 8 words and 64 words of overflow: what fits is found wherever it lies.
TEST(SessionTable, KeysThatFindBothBucketsFullAreFoundInTheOverflow) {
  HeapMemory memory;
  auto table = SessionTable::MakeWithBuckets(memory, 1000, 2);
  constexpr uint32_t kFits = 16 + SessionTable::kOverflowWords;
  for (uint32_t key = 1; key <= kFits; ++key) ASSERT_TRUE(table->Upsert(key, key + 1)) << key;
  EXPECT_FALSE(table->Upsert(kFits + 1, 1)) << "there is no word left";
  for (uint32_t key = 1; key <= kFits; ++key) ASSERT_EQ(table->Find(key), key + 1);
  // Erased in the order of insertion: the buckets become free first, the overflow stays in use.
  for (uint32_t gone = 1; gone <= kFits; ++gone) {
    ASSERT_TRUE(table->Erase(gone));
    EXPECT_EQ(table->Find(gone), kNotFound);
    for (uint32_t key = gone + 1; key <= kFits; ++key) ASSERT_EQ(table->Find(key), key + 1);
  }
}

TEST(SessionTable, AMillionKeysFitAtTheHighestLoad) {
  HeapMemory memory;
  constexpr uint32_t kKeys = 1u << 20;
  auto table = SessionTable::Make(memory, kKeys);
  for (uint32_t key = 0; key < kKeys; ++key) {
    ASSERT_TRUE(table->Upsert(key * 2654435761u, key)) << key;
  }
  for (uint32_t key = 0; key < kKeys; ++key) ASSERT_EQ(table->Find(key * 2654435761u), key);
}

TEST(SessionTable, WithoutMemoryThereIsNoTable) {
  class NoMemory final : public TableMemory {
    void* Allocate(size_t) override { return nullptr; }
  } none;
  EXPECT_EQ(SessionTable::Make(none, 8), nullptr);
}

}  // namespace
}  // namespace lns::dataplane
