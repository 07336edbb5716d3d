// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/avp.h"

namespace lns::l2tp {
namespace {

// Message Type SCCRQ and Host Name "ab", as they are on the wire.
const Bytes kTwoAvps = {0x80, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
                        0x80, 0x08, 0x00, 0x00, 0x00, 0x07, 'a',  'b'};

TEST(Avp, ReadsAvpsInOrder) {
  AvpReader reader(kTwoAvps);
  Avp avp;
  ASSERT_TRUE(reader.Next(avp));
  EXPECT_TRUE(avp.mandatory);
  EXPECT_FALSE(avp.hidden);
  EXPECT_FALSE(avp.reserved_bits);
  EXPECT_EQ(avp.vendor, 0);
  EXPECT_EQ(avp.type, 0);
  EXPECT_EQ(LoadBe16(avp.value.data()), 1);
  ASSERT_TRUE(reader.Next(avp));
  EXPECT_EQ(avp.type, 7);
  EXPECT_EQ(AsText(avp.value), "ab");
  EXPECT_FALSE(reader.Next(avp));
  EXPECT_FALSE(reader.malformed());
}

TEST(Avp, WritesTheSameBytes) {
  Bytes out;
  const Bytes type = {0, 1};
  AppendAvp(out, {.mandatory = true, .type = 0, .value = type});
  AppendAvp(out, {.mandatory = true, .type = 7, .value = AsBytes("ab")});
  EXPECT_EQ(out, kTwoAvps);
}

TEST(Avp, KeepsFlagsVendorAndTheLongestValue) {
  Bytes out;
  const Bytes value(kMaxAvpValue, 0x5a);
  AppendAvp(out, {.hidden = true, .vendor = 3561, .type = 254, .value = value});
  EXPECT_EQ(out.size(), kMaxAvpLength);
  AvpReader reader(out);
  Avp avp;
  ASSERT_TRUE(reader.Next(avp));
  EXPECT_FALSE(avp.mandatory);
  EXPECT_TRUE(avp.hidden);
  EXPECT_EQ(avp.vendor, 3561);
  EXPECT_EQ(avp.type, 254);
  EXPECT_EQ(avp.value.size(), kMaxAvpValue);
}

TEST(Avp, NoticesEveryReservedBit) {
  for (unsigned bit = 2; bit < 6; ++bit) {
    Bytes bytes = kTwoAvps;
    bytes[0] = static_cast<uint8_t>(bytes[0] | 0x80u >> bit);
    AvpReader reader(bytes);
    Avp avp;
    ASSERT_TRUE(reader.Next(avp));
    EXPECT_TRUE(avp.reserved_bits) << bit;
    EXPECT_EQ(avp.value.size(), 2u);
  }
}

TEST(Avp, StopsAtALengthBelowSixAndNeverLoops) {
  for (uint8_t length = 0; length < 6; ++length) {
    Bytes bytes = kTwoAvps;
    bytes[1] = length;
    AvpReader reader(bytes);
    Avp avp;
    EXPECT_FALSE(reader.Next(avp));
    EXPECT_TRUE(reader.malformed());
    EXPECT_FALSE(reader.Next(avp));
  }
}

TEST(Avp, EveryTruncationEndsAtABoundaryOrIsMalformed) {
  for (size_t length = 0; length < kTwoAvps.size(); ++length) {
    const Bytes cut(kTwoAvps.begin(), kTwoAvps.begin() + static_cast<ptrdiff_t>(length));
    AvpReader reader(cut);
    Avp avp;
    size_t count = 0;
    while (reader.Next(avp)) ++count;
    EXPECT_EQ(count, length / 8) << length;
    EXPECT_EQ(reader.malformed(), length % 8 != 0) << length;
  }
}

}  // namespace
}  // namespace lns::l2tp
