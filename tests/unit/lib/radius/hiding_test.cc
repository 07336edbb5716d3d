// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/crypto/md5.h"
#include "lib/radius/attributes.h"
#include "lib/radius/hiding.h"
#include "tests/unit/lib/radius/bytes_of.h"

namespace lns::radius {
namespace {

TEST(UserPassword, OfTheRfcIsHiddenAndRevealed) {
  const Bytes bytes = RfcPapRequest();
  Packet request;
  ASSERT_EQ(ParsePacket(bytes, request), PacketError::kNone);
  const ByteView expected = *Find(request.attributes, kUserPassword);
  const auto hidden = HideUserPassword("arctangent", kRfcSecret, request.authenticator);
  ASSERT_TRUE(hidden.has_value());
  EXPECT_EQ(*hidden, Bytes(expected.begin(), expected.end()));
  EXPECT_EQ(RevealUserPassword(expected, kRfcSecret, request.authenticator), "arctangent");
}

TEST(UserPassword, OfEveryLengthComesBack) {
  const Authenticator authenticator{9, 8, 7};
  for (size_t length = 0; length <= kMaxHiddenPassword; ++length) {
    const std::string password(length, 'p');
    const auto hidden = HideUserPassword(password, "secret", authenticator);
    ASSERT_TRUE(hidden.has_value());
    EXPECT_EQ(hidden->size(), std::max<size_t>(16, (length + 15) / 16 * 16));
    EXPECT_EQ(RevealUserPassword(*hidden, "secret", authenticator), password);
  }
  EXPECT_EQ(HideUserPassword(std::string(129, 'p'), "secret", authenticator), std::nullopt);
  for (const size_t length : {0u, 1u, 15u, 17u, 144u}) {
    EXPECT_EQ(RevealUserPassword(Bytes(length), "secret", authenticator), std::nullopt) << length;
  }
}

// RFC 2868 3.5, step by step for one block.
TEST(Salted, FirstBlockIsAsTheRfcSays) {
  const Authenticator authenticator{1, 2, 3, 4};
  const auto hidden = HideWithSalt("abc", 0x0102, "secret", authenticator);
  ASSERT_TRUE(hidden.has_value());
  ASSERT_EQ(hidden->size(), 18u);
  EXPECT_EQ((*hidden)[0], 0x81);
  EXPECT_EQ((*hidden)[1], 0x02);
  const crypto::Md5Digest mask =
      crypto::Md5({AsBytes("secret"), authenticator, ByteView(*hidden).first(2)});
  const Bytes clear = {3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ((*hidden)[2 + i] ^ mask[i], clear[i]) << i;
}

TEST(Salted, TextOfEveryLengthComesBack) {
  const Authenticator authenticator{9, 8, 7};
  for (size_t length = 0; length <= kMaxSaltedText; ++length) {
    const std::string text(length, 't');
    const auto hidden = HideWithSalt(text, 7, "secret", authenticator);
    ASSERT_TRUE(hidden.has_value());
    EXPECT_LE(hidden->size(), kMaxValue - 1);
    EXPECT_EQ(RevealWithSalt(*hidden, "secret", authenticator), text);
  }
  EXPECT_EQ(HideWithSalt(std::string(240, 't'), 7, "secret", authenticator), std::nullopt);
  for (const size_t length : {0u, 2u, 17u, 19u}) {
    EXPECT_EQ(RevealWithSalt(Bytes(length), "secret", authenticator), std::nullopt) << length;
  }
}

TEST(Salted, LengthPastTheTextIsRefused) {
  const Authenticator authenticator{};
  Bytes hidden = *HideWithSalt("abc", 7, "secret", authenticator);
  hidden[2] ^= 3 ^ 16;  // says 16 where 15 is the most
  EXPECT_EQ(RevealWithSalt(hidden, "secret", authenticator), std::nullopt);
}

}  // namespace
}  // namespace lns::radius
