// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/net/address.h"

namespace lns::net {
namespace {

TEST(IpAddress, ParsesAndFormatsBothFamilies) {
  EXPECT_EQ(IpAddress::Parse("198.51.100.7")->ToString(), "198.51.100.7");
  EXPECT_EQ(IpAddress::Parse("2001:db8::1")->ToString(), "2001:db8::1");
  EXPECT_TRUE(IpAddress::Parse("10.0.0.1")->is_v4());
  EXPECT_TRUE(IpAddress::Parse("::")->is_v6());
  for (const char* bad : {"", "10.0.0", "10.0.0.256", "1:2", "host"}) {
    EXPECT_FALSE(IpAddress::Parse(bad).has_value()) << bad;
  }
}

TEST(IpAddress, TakesOnlyFourOrSixteenBytes) {
  const uint8_t raw[17] = {10, 1, 2, 3};
  for (size_t size = 0; size <= 17; ++size) {
    EXPECT_EQ(IpAddress::FromBytes(ByteView(raw, size)).has_value(), size == 4 || size == 16);
  }
}

TEST(IpAddress, FamiliesNeverCompareEqual) {
  EXPECT_NE(*IpAddress::Parse("0.0.0.0"), *IpAddress::Parse("::"));
  EXPECT_NE(*IpAddress::Parse("0.0.0.0"), IpAddress());
}

TEST(IpPrefix, RefusesHostBitsAndLongLengths) {
  EXPECT_EQ(IpPrefix::Parse("10.0.0.0/8")->ToString(), "10.0.0.0/8");
  EXPECT_EQ(IpPrefix::Parse("10.0.0.1")->length, 32);
  for (const char* bad : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "/8", "::/129"}) {
    EXPECT_FALSE(IpPrefix::Parse(bad).has_value()) << bad;
  }
}

TEST(IpPrefix, ContainsItsOwnAddressesOnly) {
  const IpPrefix prefix = *IpPrefix::Parse("10.64.0.0/10");
  EXPECT_TRUE(prefix.Contains(*IpAddress::Parse("10.127.255.255")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("10.128.0.0")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("::a40:0")));
}

TEST(MacAddress, ParsesOnlyColonForm) {
  EXPECT_EQ(FormatMac(*ParseMac("02:00:5e:10:00:FF")), "02:00:5e:10:00:ff");
  for (const char* bad :
       {"", "02:00:5e:10:00", "02-00-5e-10-00-ff", "02:00:5e:10:00:f", "g2:00:5e:10:00:ff"}) {
    EXPECT_FALSE(ParseMac(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace lns::net
