// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/crypto/sha1.h"

namespace lns::crypto {
namespace {

// RFC 3174 7.3, TEST1.
TEST(Sha1, MatchesTheRfcTestAndJoinsItsParts) {
  const Sha1Digest expected = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                               0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
  EXPECT_EQ(Sha1({AsBytes("abc")}), expected);
  EXPECT_EQ(Sha1({AsBytes("a"), {}, AsBytes("bc")}), expected);
}

}  // namespace
}  // namespace lns::crypto
