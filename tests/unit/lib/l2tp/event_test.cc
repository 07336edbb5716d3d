// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lib/l2tp/event.h"

namespace lns::l2tp {
namespace {

TEST(Event, NamesAreUniqueAndMeaningsGiven) {
  std::set<std::string> names;
  for (size_t i = 0; i < kL2tpEventCount; ++i) {
    const auto event = static_cast<L2tpEvent>(i);
    EXPECT_TRUE(names.insert(ToString(event)).second) << ToString(event);
    EXPECT_GT(std::string(Meaning(event)).size(), 10u);
  }
}

TEST(Event, ASetCountsEachOnce) {
  EventSet set;
  EXPECT_TRUE(set.empty());
  set.Add(L2tpEvent::kDuplicate);
  set.Add(L2tpEvent::kDuplicate);
  set.Add(L2tpEvent::kSetLinkInfo);
  Actions out;
  set.Count(out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(std::get<CountEvent>(out[0]).event, L2tpEvent::kDuplicate);
  EXPECT_EQ(std::get<CountEvent>(out[1]).event, L2tpEvent::kSetLinkInfo);
}

}  // namespace
}  // namespace lns::l2tp
