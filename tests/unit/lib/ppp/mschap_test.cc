// The computations of MS-CHAP against the examples of the RFCs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/ppp/mschap.h"

namespace lns::ppp {
namespace {

const Bytes kAuthenticatorChallenge = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
                                       0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
const Bytes kPeerChallenge = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
                              0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};
constexpr NtHash kHash = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6,
                          0x11, 0x47, 0x44, 0x11, 0xf5, 0x69, 0x89, 0xae};
constexpr NtResponse kResponse = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
                                  0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
                                  0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
constexpr char kSuccess[] = "S=407A5589115FD0D6209F510FE9C04566932CDA56";

class MsChap : public testing::Test {
 protected:
  void SetUp() override {
    if (!MsChapError().empty()) GTEST_SKIP() << MsChapError();
  }

  static AuthenticationNeeded Version2(std::string user_name) {
    AuthenticationNeeded needed{.protocol = AuthProtocol::kMsChapV2,
                                .user_name = std::move(user_name),
                                .identifier = 1,
                                .challenge = kAuthenticatorChallenge,
                                .response = kPeerChallenge};
    needed.response.resize(24, 0);
    needed.response.insert(needed.response.end(), kResponse.begin(), kResponse.end());
    needed.response.push_back(0);
    return needed;
  }
};

// RFC 2759 9.2.
TEST_F(MsChap, Version2MatchesTheRfcExample) {
  EXPECT_EQ(NtPasswordHash("clientPass"), kHash);
  EXPECT_EQ(MsChapV2Response(kAuthenticatorChallenge, kPeerChallenge, "User", kHash), kResponse);
  EXPECT_EQ(MsChapV2Success(kAuthenticatorChallenge, kPeerChallenge, kResponse, "User", kHash),
            kSuccess);
}

// RFC 2433 B.2.
TEST_F(MsChap, Version1MatchesTheRfcExample) {
  const NtHash hash = NtPasswordHash("MyPw");
  EXPECT_EQ(hash, (NtHash{0xfc, 0x15, 0x6a, 0xf7, 0xed, 0xcd, 0x6c, 0x0e, 0xdd, 0xe3, 0x33, 0x7d,
                          0x42, 0x7f, 0x4e, 0xac}));
  EXPECT_EQ(MsChapV1Response(Bytes{0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41}, hash),
            (NtResponse{0x4e, 0x9d, 0x3c, 0x8f, 0x9c, 0xfd, 0x38, 0x5d, 0x5b, 0xf4, 0xd3, 0x24,
                        0x67, 0x91, 0x95, 0x6c, 0xa4, 0xc3, 0x51, 0xab, 0x40, 0x9a, 0x3d, 0x61}));
}

// RFC 2759 4: "DOMAIN\\user" is hashed without the domain; "user@realm" is a name as it stands.
TEST_F(MsChap, TheDomainBeforeANameDoesNotCount) {
  EXPECT_EQ(MsChapV2Response(kAuthenticatorChallenge, kPeerChallenge, "OFFICE\\User", kHash),
            kResponse);
  EXPECT_NE(MsChapV2Response(kAuthenticatorChallenge, kPeerChallenge, "User@office", kHash),
            kResponse);
}

TEST_F(MsChap, PasswordsAreHashedAsUtf16) {
  // Computed elsewhere: MD4 over the UTF-16LE of p, ä, 密 (three bytes of UTF-8), 😀 (a surrogate
  // pair).
  EXPECT_EQ(NtPasswordHash("p\xc3\xa4\xe5\xaf\x86\xf0\x9f\x98\x80"),
            (NtHash{0xbd, 0xf5, 0x12, 0xfe, 0x96, 0x51, 0xaa, 0xb6, 0x6b, 0x0e, 0xcc, 0x6d, 0x0f,
                    0x61, 0x5c, 0x58}));
  // No UTF-8 at all: every byte is a character, and none is lost.
  EXPECT_NE(NtPasswordHash("\xff"), NtPasswordHash(""));
  EXPECT_EQ(NtPasswordHash("\xe4"), NtPasswordHash("\xc3\xa4"));
  EXPECT_EQ(NtPasswordHash("\xe5\xaf"), NtPasswordHash("\xc3\xa5\xc2\xaf")) << "cut short";
}

TEST_F(MsChap, TheVerifierAcceptsOnlyTheRightPasswordAndGivesItsProof) {
  std::string success;
  EXPECT_TRUE(MsChapMatches(Version2("User"), "clientPass", success));
  EXPECT_EQ(success, kSuccess);
  success.clear();
  EXPECT_FALSE(MsChapMatches(Version2("User"), "clientpass", success));
  EXPECT_FALSE(MsChapMatches(Version2("Users"), "clientPass", success));
  for (size_t i = 24; i < 48; ++i) {
    AuthenticationNeeded wrong = Version2("User");
    wrong.response[i] ^= 1;
    EXPECT_FALSE(MsChapMatches(wrong, "clientPass", success)) << i;
  }
  EXPECT_TRUE(success.empty());
}

TEST_F(MsChap, TheVerifierRefusesWhatHasNoForm) {
  std::string success;
  AuthenticationNeeded needed = Version2("User");
  needed.response.pop_back();
  EXPECT_FALSE(MsChapMatches(needed, "clientPass", success));
  needed = Version2("User");
  needed.challenge.pop_back();
  EXPECT_FALSE(MsChapMatches(needed, "clientPass", success));
  needed = Version2("User");
  needed.protocol = AuthProtocol::kChapMd5;
  EXPECT_FALSE(MsChapMatches(needed, "clientPass", success));
}

TEST_F(MsChap, Version1CountsOnlyWithItsNtResponse) {
  AuthenticationNeeded needed{.protocol = AuthProtocol::kMsChapV1,
                              .user_name = "User",
                              .identifier = 1,
                              .challenge = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41},
                              .response = Bytes(24, 0)};
  const NtResponse response = MsChapV1Response(needed.challenge, NtPasswordHash("MyPw"));
  needed.response.insert(needed.response.end(), response.begin(), response.end());
  needed.response.push_back(1);
  std::string success;
  EXPECT_TRUE(MsChapMatches(needed, "MyPw", success));
  EXPECT_TRUE(success.empty()) << "nothing to prove in version 1";
  EXPECT_FALSE(MsChapMatches(needed, "MyPW", success));
  needed.response.back() = 0;  // the LAN Manager response is the one to use
  EXPECT_FALSE(MsChapMatches(needed, "MyPw", success));
}

}  // namespace
}  // namespace lns::ppp
