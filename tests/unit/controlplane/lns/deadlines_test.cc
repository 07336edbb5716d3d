// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "controlplane/lns/deadlines.h"
#include "lib/base/rng.h"

namespace lns::controlplane {
namespace {

Instant At(int64_t seconds) { return Instant() + Duration::Seconds(seconds); }

TEST(DeadlinesTest, EarliestComesFirstAndMovesBothWays) {
  Deadlines deadlines;
  EXPECT_EQ(deadlines.earliest(), Instant::Never());
  deadlines.Set(7, At(30));
  deadlines.Set(3, At(20));
  deadlines.Set(5, At(40));
  EXPECT_EQ(deadlines.earliest_index(), 3u);
  deadlines.Set(3, At(50));
  EXPECT_EQ(deadlines.earliest_index(), 7u);
  deadlines.Set(5, At(10));
  EXPECT_EQ(deadlines.earliest_index(), 5u);
  EXPECT_EQ(deadlines.earliest(), At(10));
  EXPECT_EQ(deadlines.size(), 3u);
}

TEST(DeadlinesTest, NeverClears) {
  Deadlines deadlines;
  deadlines.Set(1, At(1));
  deadlines.Set(2, At(2));
  deadlines.Set(1, Instant::Never());
  EXPECT_EQ(deadlines.earliest_index(), 2u);
  deadlines.Clear(2);
  deadlines.Clear(2);
  deadlines.Clear(900);
  EXPECT_EQ(deadlines.size(), 0u);
  EXPECT_EQ(deadlines.earliest(), Instant::Never());
}

// Every operation against a plain map, the earliest compared after each.
TEST(DeadlinesTest, AgreesWithAModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRng rng(seed);
    Deadlines deadlines;
    std::map<uint32_t, Instant> model;
    for (int step = 0; step < 3000; ++step) {
      const uint32_t index = rng.Below(100);
      if (rng.Below(4) == 0) {
        deadlines.Clear(index);
        model.erase(index);
      } else {
        const Instant deadline = At(rng.Below(50));
        deadlines.Set(index, deadline);
        model[index] = deadline;
      }
      Instant earliest = Instant::Never();
      for (const auto& [unused, deadline] : model) earliest = std::min(earliest, deadline);
      ASSERT_EQ(deadlines.earliest(), earliest);
      ASSERT_EQ(deadlines.size(), model.size());
      if (!model.empty()) {
        ASSERT_EQ(model.at(deadlines.earliest_index()), earliest);
      }
    }
    // Drained, they come in order.
    Instant last;
    while (deadlines.size() > 0) {
      ASSERT_GE(deadlines.earliest(), last);
      last = deadlines.earliest();
      ASSERT_EQ(model.erase(deadlines.earliest_index()), 1u);
      deadlines.Clear(deadlines.earliest_index());
    }
    ASSERT_TRUE(model.empty());
  }
}

}  // namespace
}  // namespace lns::controlplane
