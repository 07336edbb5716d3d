// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <vector>

#include "controlplane/lns/id_allocator.h"

namespace lns::controlplane {
namespace {

TEST(IdAllocatorTest, GivesEveryIdOnceThenNone) {
  SeededRng rng(1);
  IdAllocator ids;
  std::vector<bool> seen(65536, false);
  for (uint32_t i = 0; i < IdAllocator::kIds; ++i) {
    const auto id = ids.Allocate(rng);
    ASSERT_TRUE(id) << i;
    ASSERT_NE(*id, 0);
    ASSERT_FALSE(seen[*id]);
    seen[*id] = true;
  }
  EXPECT_EQ(ids.taken_count(), IdAllocator::kIds);
  EXPECT_EQ(ids.Allocate(rng), std::nullopt);
}

TEST(IdAllocatorTest, LastFreeIdIsFoundWherever) {
  SeededRng rng(2);
  IdAllocator ids;
  while (ids.Allocate(rng)) continue;
  for (const uint16_t id :
       std::initializer_list<uint16_t>{1, 63, 64, 1023, 1024, 32768, 65534, 65535}) {
    ids.Release(id);
    EXPECT_FALSE(ids.taken(id));
    EXPECT_EQ(ids.Allocate(rng), id);
    EXPECT_TRUE(ids.taken(id));
  }
}

TEST(IdAllocatorTest, IdsAreSpreadAndFollowNoPattern) {
  SeededRng rng(3);
  IdAllocator ids;
  std::set<uint16_t> quarters;
  std::set<int> steps;
  int last = 0;
  for (int i = 0; i < 64; ++i) {
    const int id = *ids.Allocate(rng);
    quarters.insert(static_cast<uint16_t>(id / 16384));
    steps.insert(id - last);
    last = id;
  }
  EXPECT_EQ(quarters.size(), 4u);
  EXPECT_GT(steps.size(), 60u);
}

TEST(IdAllocatorTest, WalksTakenIdsInOrder) {
  SeededRng rng(4);
  IdAllocator ids;
  std::set<uint16_t> taken;
  EXPECT_EQ(ids.NextTaken(0), 0);
  for (int i = 0; i < 500; ++i) taken.insert(*ids.Allocate(rng));
  std::set<uint16_t> walked;
  uint16_t last = 0;
  while (const uint16_t id = ids.NextTaken(last)) {
    ASSERT_GT(id, last);
    walked.insert(id);
    last = id;
  }
  EXPECT_EQ(walked, taken);
  for (const uint16_t id : taken) ids.Release(id);
  EXPECT_EQ(ids.NextTaken(0), 0);
  EXPECT_EQ(ids.taken_count(), 0u);
}

TEST(RestQueueTest, KeysComeBackAfterTheirRestInOrder) {
  const auto at = [](int64_t seconds) { return Instant() + Duration::Seconds(seconds); };
  RestQueue<int> resting;
  EXPECT_EQ(resting.earliest(), Instant::Never());
  resting.Add(7, at(31));
  resting.Add(8, at(32));
  EXPECT_EQ(resting.TakeRested(at(30)), std::nullopt);
  EXPECT_EQ(resting.TakeRested(at(31)), 7);
  EXPECT_EQ(resting.TakeRested(at(31)), std::nullopt);
  EXPECT_EQ(resting.earliest(), at(32));
  EXPECT_EQ(resting.TakeRested(at(60)), 8);
  EXPECT_EQ(resting.size(), 0u);
}

}  // namespace
}  // namespace lns::controlplane
