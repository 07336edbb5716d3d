// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "lib/crypto/legacy.h"

namespace lns::crypto {
namespace {

class Legacy : public testing::Test {
 protected:
  void SetUp() override {
    if (!LegacyError().empty()) GTEST_SKIP() << LegacyError();
  }
};

// RFC 1320 A.5.
TEST_F(Legacy, Md4MatchesTheRfcTestSuite) {
  EXPECT_EQ(Md4({}), (Md4Digest{0x31, 0xd6, 0xcf, 0xe0, 0xd1, 0x6a, 0xe9, 0x31, 0xb7, 0x3c, 0x59,
                                0xd7, 0xe0, 0xc0, 0x89, 0xc0}));
  EXPECT_EQ(Md4({AsBytes("ab"), AsBytes("c")}),
            (Md4Digest{0xa4, 0x48, 0x01, 0x7a, 0xaf, 0x21, 0xd8, 0x52, 0x5f, 0xc1, 0x0a, 0xe8, 0x7a,
                       0xa6, 0x72, 0x9d}));
}

// The worked example of FIPS 46: key 133457799BBCDFF1 with its parity bits, here without.
TEST_F(Legacy, DesTakesItsKeyWithoutParityBits) {
  EXPECT_EQ(DesEncrypt({0x12, 0x69, 0x5b, 0xc9, 0xb7, 0xb7, 0xf8},
                       {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}),
            (DesBlock{0x85, 0xe8, 0x13, 0x54, 0x0f, 0x0a, 0xb4, 0x05}));
}

// In a process of its own: what is loaded once stays.
TEST(LegacyDeathTest, AnInstallationWithoutTheProviderSaysSo) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  setenv("OPENSSL_MODULES", "/nonexistent", 1);
  EXPECT_EXIT(
      {
        std::fputs(LegacyError().c_str(), stderr);
        std::_Exit(LegacyError().empty() ? 0 : 1);
      },
      testing::ExitedWithCode(1), "legacy provider \\(MD4, DES\\) cannot be loaded: ");
  unsetenv("OPENSSL_MODULES");
}

}  // namespace
}  // namespace lns::crypto
