// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>

#include "lib/crypto/system_rng.h"

namespace lns::crypto {
namespace {

TEST(SystemRng, DoesNotRepeatAcrossRefillsOrInstances) {
  SystemRng first;
  SystemRng second;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(first.Next()).second);
    EXPECT_TRUE(seen.insert(second.Next()).second);
  }
}

}  // namespace
}  // namespace lns::crypto
