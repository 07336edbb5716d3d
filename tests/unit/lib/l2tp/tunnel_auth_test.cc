// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/tunnel_auth.h"

namespace lns::l2tp {
namespace {

Bytes Challenge() {
  Bytes challenge(16);
  for (size_t i = 0; i < challenge.size(); ++i) challenge[i] = static_cast<uint8_t>(i);
  return challenge;
}

// Computed with Python's hashlib: MD5(message type octet + secret + challenge).
TEST(TunnelAuth, MatchesIndependentVectors) {
  const crypto::Md5Digest sccrp = {0x36, 0x63, 0x15, 0xbf, 0x61, 0x5b, 0xf7, 0x05,
                                   0x84, 0x26, 0x2f, 0x94, 0xa4, 0x98, 0x6a, 0x61};
  const crypto::Md5Digest scccn = {0xdb, 0x62, 0x13, 0x6e, 0x97, 0xb0, 0x60, 0xcd,
                                   0x10, 0x66, 0xc2, 0x71, 0x00, 0xbd, 0x35, 0x2d};
  EXPECT_EQ(ChallengeResponse(MessageType::kSccrp, "open sesame", Challenge()), sccrp);
  EXPECT_EQ(ChallengeResponse(MessageType::kScccn, "open sesame", Challenge()), scccn);
}

TEST(TunnelAuth, VerifiesTheRightResponseOnly) {
  crypto::Md5Digest response = ChallengeResponse(MessageType::kSccrp, "s", Challenge());
  EXPECT_TRUE(VerifyChallengeResponse(MessageType::kSccrp, "s", Challenge(), response));
  EXPECT_FALSE(VerifyChallengeResponse(MessageType::kScccn, "s", Challenge(), response));
  EXPECT_FALSE(VerifyChallengeResponse(MessageType::kSccrp, "t", Challenge(), response));
  EXPECT_FALSE(VerifyChallengeResponse(MessageType::kSccrp, "s", Bytes{1}, response));
  response[15] ^= 1;
  EXPECT_FALSE(VerifyChallengeResponse(MessageType::kSccrp, "s", Challenge(), response));
}

}  // namespace
}  // namespace lns::l2tp
