// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/crypto/constant_time_equal.h"

namespace lns::crypto {
namespace {

TEST(ConstantTimeEqual, ComparesLengthAndEveryByte) {
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("secret"), AsBytes("secret")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("secret"), AsBytes("secreT")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("secret"), AsBytes("Secret")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("secret"), AsBytes("secrets")));
  EXPECT_FALSE(ConstantTimeEqual({}, AsBytes("s")));
}

}  // namespace
}  // namespace lns::crypto
