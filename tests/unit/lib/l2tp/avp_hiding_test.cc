// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/crypto/md5.h"
#include "lib/l2tp/avp_hiding.h"

namespace lns::l2tp {
namespace {

const Bytes kVector = {1, 2, 3, 4, 5, 6, 7, 8};

// The first block done by hand, as RFC 2661 4.3 spells it out.
TEST(AvpHiding, MatchesTheRfcFormulaInTheFirstBlock) {
  const Bytes value = {0x12, 0x34};
  const Bytes hidden = HideValue(9, "secret", kVector, value, {});
  const Bytes type = {0, 9};
  const crypto::Md5Digest pad = crypto::Md5({type, AsBytes("secret"), kVector});
  ASSERT_EQ(hidden.size(), 4u);
  EXPECT_EQ(hidden[0], pad[0]);
  EXPECT_EQ(hidden[1], 2 ^ pad[1]);
  EXPECT_EQ(hidden[2], 0x12 ^ pad[2]);
  EXPECT_EQ(hidden[3], 0x34 ^ pad[3]);
}

// And the second: b2 = MD5(secret + c1).
TEST(AvpHiding, ChainsTheSecondBlockOnTheFirstCiphertext) {
  const Bytes value(20, 0x41);
  const Bytes hidden = HideValue(7, "secret", kVector, value, {});
  const crypto::Md5Digest pad = crypto::Md5({AsBytes("secret"), ByteView(hidden).first(16)});
  ASSERT_EQ(hidden.size(), 22u);
  for (size_t i = 16; i < 22; ++i) EXPECT_EQ(hidden[i], 0x41 ^ pad[i - 16]);
}

// A vector from outside this code base: computed with Python's hashlib.
TEST(AvpHiding, MatchesAnIndependentVector) {
  // type 11, secret "open sesame", vector 0x00..0x0f, value "0123456789abcdef" (b1, then b2)
  Bytes vector(16);
  for (size_t i = 0; i < vector.size(); ++i) vector[i] = static_cast<uint8_t>(i);
  const Bytes hidden = HideValue(11, "open sesame", vector, AsBytes("0123456789abcdef"), {});
  const Bytes expected = {0x2f, 0xdc, 0xbc, 0xc1, 0xf9, 0x5a, 0x5f, 0xe7, 0xb2,
                          0xfb, 0xdd, 0xc3, 0xda, 0xdc, 0xd3, 0xe1, 0xd3, 0x66};
  EXPECT_EQ(hidden, expected);
}

TEST(AvpHiding, UnhidesEveryLengthWithAndWithoutPadding) {
  for (size_t length = 0; length < 70; ++length) {
    for (const size_t padding : {size_t{0}, size_t{1}, size_t{15}, size_t{40}}) {
      Bytes value(length);
      for (size_t i = 0; i < length; ++i) value[i] = static_cast<uint8_t>(i * 7);
      const Bytes hidden = HideValue(33, "s", kVector, value, Bytes(padding, 0xff));
      EXPECT_EQ(hidden.size(), 2 + length + padding);
      EXPECT_EQ(UnhideValue(33, "s", kVector, hidden), value);
    }
  }
}

TEST(AvpHiding, AnotherSecretVectorOrTypeDoesNotGiveTheValue) {
  const Bytes value = {1, 2, 3, 4};
  const Bytes hidden = HideValue(9, "secret", kVector, value, {});
  EXPECT_NE(UnhideValue(9, "Secret", kVector, hidden), value);
  EXPECT_NE(UnhideValue(9, "secret", Bytes{9}, hidden), value);
  EXPECT_NE(UnhideValue(14, "secret", kVector, hidden), value);
}

TEST(AvpHiding, RefusesALengthBeyondTheRoom) {
  Bytes hidden = HideValue(9, "secret", kVector, Bytes{1, 2}, {});
  hidden[1] ^= 0x01;  // the hidden length, two, now says three
  EXPECT_EQ(UnhideValue(9, "secret", kVector, hidden), std::nullopt);
}

TEST(AvpHiding, RefusesEveryTruncation) {
  const Bytes hidden = HideValue(9, "secret", kVector, Bytes(20, 1), {});
  for (size_t length = 0; length < hidden.size(); ++length) {
    EXPECT_EQ(UnhideValue(9, "secret", kVector, ByteView(hidden).first(length)), std::nullopt);
  }
}

}  // namespace
}  // namespace lns::l2tp
