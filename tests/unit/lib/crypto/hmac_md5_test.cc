// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>

#include "lib/base/text.h"
#include "lib/crypto/hmac_md5.h"

namespace lns::crypto {
namespace {

std::string Hex(const Md5Digest& digest) {
  std::string text;
  AppendHex(text, digest);
  return text;
}

// RFC 2202 2.
TEST(HmacMd5, MatchesTheRfcTestCases) {
  EXPECT_EQ(Hex(HmacMd5(Bytes(16, 0x0b), {AsBytes("Hi There")})),
            "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(Hex(HmacMd5(AsBytes("Jefe"), {AsBytes("what do ya want for nothing?")})),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(Hex(HmacMd5(Bytes(80, 0xaa),
                        {AsBytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

TEST(HmacMd5, JoinsItsPartsWithoutSeparators) {
  EXPECT_EQ(HmacMd5(AsBytes("Jefe"), {AsBytes("what do ya "), {}, AsBytes("want for nothing?")}),
            HmacMd5(AsBytes("Jefe"), {AsBytes("what do ya want for nothing?")}));
}

TEST(HmacMd5, TakesAnEmptyKey) {
  EXPECT_EQ(Hex(HmacMd5({}, {})), "74e6f7298a9c2d168935f58c001bad88");
}

}  // namespace
}  // namespace lns::crypto
