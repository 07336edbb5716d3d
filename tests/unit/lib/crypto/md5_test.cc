// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "lib/crypto/md5.h"

namespace lns::crypto {
namespace {

std::string Hex(const Md5Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    char pair[3];
    std::snprintf(pair, sizeof(pair), "%02x", byte);
    text += pair;
  }
  return text;
}

// RFC 1321 A.5.
TEST(Md5, MatchesTheRfcTestSuite) {
  EXPECT_EQ(Hex(Md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Hex(Md5({AsBytes("a")})), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(Hex(Md5({AsBytes("message digest")})), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(Hex(Md5({AsBytes("1234567890123456789012345678901234567890"
                             "1234567890123456789012345678901234567890")})),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, JoinsItsPartsWithoutSeparators) {
  EXPECT_EQ(Md5({AsBytes("mess"), {}, AsBytes("age digest")}), Md5({AsBytes("message digest")}));
}

}  // namespace
}  // namespace lns::crypto
