// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lib/l2tp/avp_table.h"
#include "lib/l2tp/ppp_disconnect_cause.h"

namespace lns::l2tp {
namespace {

TEST(PppDisconnectCause, ReadsWhatItWrites) {
  const PppDisconnectCause cause{
      .code = 0x0102, .protocol = 0x8021, .direction = 1, .message = "no address"};
  const Bytes value = WritePppDisconnectCause(cause);
  EXPECT_EQ(Bytes(value.begin(), value.begin() + 5), (Bytes{1, 2, 0x80, 0x21, 1}));
  PppDisconnectCause again;
  ASSERT_TRUE(ReadPppDisconnectCause(value, again));
  EXPECT_EQ(again, cause);
}

TEST(PppDisconnectCause, EveryTruncationOfTheFixedPartIsRefused) {
  const Bytes value = {0, 1, 0, 0, 0};
  PppDisconnectCause cause;
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_FALSE(ReadPppDisconnectCause(ByteView(value).first(length), cause)) << length;
  }
  EXPECT_TRUE(ReadPppDisconnectCause(value, cause));
}

TEST(PppDisconnectCause, TextIsCutToWhatAnAvpHolds) {
  EXPECT_EQ(WritePppDisconnectCause({.message = std::string(5000, 'x')}).size(), kMaxAvpValue);
}

TEST(PppDisconnectCause, EveryCodeOfTheRfcHasANameOfItsOwn) {
  std::set<std::string> names;
  for (uint16_t code = 0; code < kPppDisconnectCodes; ++code) {
    names.insert(PppDisconnectName(code));
  }
  EXPECT_EQ(names.size(), kPppDisconnectCodes);
  EXPECT_STREQ(PppDisconnectName(kPppDisconnectCodes), "unknown cause");
}

TEST(PppDisconnectCause, IsDescribedWithItsNumbersProtocolAndSide) {
  EXPECT_EQ(Describe(PppDisconnectCause{
                .code = 16, .protocol = 0xc223, .direction = 2, .message = "bad\npassword"}),
            "authentication failed (16, protocol 0xc223, at local): "
            "\"bad\\x0apassword\"");
  EXPECT_EQ(Describe(PppDisconnectCause{.code = 3, .direction = 1}),
            "LCP Terminate-Request (3, at peer)");
  EXPECT_EQ(Describe(PppDisconnectCause{.code = 99, .direction = 7}),
            "unknown cause (99, direction 7)");
}

}  // namespace
}  // namespace lns::l2tp
