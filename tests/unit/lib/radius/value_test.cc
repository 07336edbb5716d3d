// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/radius/attributes.h"
#include "lib/radius/value.h"
#include "tests/unit/lib/radius/bytes_of.h"

namespace lns::radius {
namespace {

TEST(Value, NumbersHaveTheirLengthAndNoOther) {
  EXPECT_EQ(ReadInteger(BytesOf("00000e10")), 3600u);
  EXPECT_EQ(ReadInteger64(BytesOf("0000000100000002")), 0x100000002u);
  EXPECT_EQ(ReadInterfaceId(BytesOf("0200 00ff fe00 0001")), 0x020000fffe000001u);
  for (const char* text : {"", "00", "000e10", "0000000e10", "000000000000000e10"}) {
    EXPECT_EQ(ReadInteger(BytesOf(text)), std::nullopt) << text;
    EXPECT_EQ(ReadInteger64(BytesOf(text)), std::nullopt) << text;
  }
}

TEST(Value, AddressesAreOfOneFamilyEach) {
  EXPECT_EQ(ReadIpv4(BytesOf("c0000201"))->ToString(), "192.0.2.1");
  EXPECT_EQ(ReadIpv6(BytesOf("20010db8000000000000000000000001"))->ToString(), "2001:db8::1");
  EXPECT_EQ(ReadIpv4(BytesOf("20010db8000000000000000000000001")), std::nullopt);
  EXPECT_EQ(ReadIpv6(BytesOf("c0000201")), std::nullopt);
}

TEST(Value, PrefixesComeShortAndLong) {
  struct Row {
    const char* what;
    const char* value;
    const char* expected;  // nullptr: none
  };
  const Row rows[] = {
      {"as few octets as it takes", "00 38 20010db8000001", "2001:db8:0:100::/56"},
      {"all of them", "00 40 20010db8000000000000000000000000", "2001:db8::/64"},
      {"fewer still", "00 40 20010db8", "2001:db8::/64"},
      {"of nothing", "00 00", "::/0"},
      {"one address", "00 80 20010db8000000000000000000000001", "2001:db8::1/128"},
      {"longer than an address", "00 81 20010db8000000000000000000000001", nullptr},
      {"bits past the length", "00 20 20010db800000001", nullptr},
      {"too many octets", "00 80 20010db800000000000000000000000100", nullptr},
      {"no length", "00", nullptr},
  };
  for (const Row& row : rows) {
    const auto prefix = ReadIpv6Prefix(BytesOf(row.value));
    ASSERT_EQ(prefix.has_value(), row.expected != nullptr) << row.what;
    if (prefix) {
      EXPECT_EQ(prefix->ToString(), row.expected) << row.what;
    }
  }
}

TEST(Value, PrefixesAreWrittenAsTheyAreRead) {
  for (const char* text : {"::/0", "2001:db8::/32", "2001:db8:0:100::/56", "2001:db8::1/128"}) {
    PacketBuilder builder(Code::kAccessAccept, 1);
    ASSERT_TRUE(builder.AddIpv6Prefix(kDelegatedIpv6Prefix, *net::IpPrefix::Parse(text)));
    const ByteView value = builder.Finish().subspan(kHeaderLength + kAttributeHeaderLength);
    EXPECT_EQ(ReadIpv6Prefix(value)->ToString(), text);
  }
}

TEST(Value, TagsAreToldFromText) {
  const Bytes tagged = BytesOf("01 61 62");
  EXPECT_EQ(ReadTaggedText(tagged).tag, 1);
  EXPECT_EQ(AsText(ReadTaggedText(tagged).text), "ab");
  const Bytes text = BytesOf("61 62");
  EXPECT_EQ(ReadTaggedText(text).tag, kNoTag);
  EXPECT_EQ(AsText(ReadTaggedText(text).text), "ab");
  EXPECT_EQ(ReadTaggedInteger(BytesOf("02000003"))->tag, 2);
  EXPECT_EQ(ReadTaggedInteger(BytesOf("02000003"))->value, 3u);
  EXPECT_EQ(ReadTaggedInteger(BytesOf("ff000003"))->tag, kNoTag);
  EXPECT_EQ(ReadTaggedInteger(BytesOf("0003")), std::nullopt);
}

}  // namespace
}  // namespace lns::radius
