// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/dictionary.h"
#include "tests/unit/lib/radius/bytes_of.h"

namespace lns::radius {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kText[] = R"(
# A comment, and blank lines.
ATTRIBUTE	User-Name		1	string
ATTRIBUTE	User-Password		2	string encrypt=1
ATTRIBUTE	Service-Type		6	integer   # with one behind
ATTRIBUTE	Framed-IP-Address	8	ipaddr
ATTRIBUTE	Class			25	octets
ATTRIBUTE	Tunnel-Type		64	integer	has_tag
ATTRIBUTE	Tunnel-Password		69	string	has_tag,encrypt=2
ATTRIBUTE	Framed-Interface-Id	96	ifid
ATTRIBUTE	Framed-IPv6-Prefix	97	ipv6prefix
ATTRIBUTE	Framed-IPv6-Address	168	ipv6addr
VALUE	Service-Type	Framed-User	2
VALUE	Tunnel-Type	L2TP	3
$INCLUDE dictionary.more

VENDOR		Microsoft	311
BEGIN-VENDOR	Microsoft
ATTRIBUTE	MS-CHAP-Challenge	11	octets
ATTRIBUTE	MS-CHAP2-Response	25	octets[50]
END-VENDOR	Microsoft
VENDOR		Wide		429	format=4,0
BEGIN-VENDOR	Wide
ATTRIBUTE	Wide-Thing		0x22	integer
END-VENDOR	Wide
ATTRIBUTE	Extended		241.1	tlv
)";

class DictionaryTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto error = dictionary_.Add(kText, includes_);
    ASSERT_FALSE(error.has_value()) << error->line << ": " << error->what;
  }
  Bytes Encoded(const char* name, const char* text) {
    const auto bytes = Dictionary::Encode(*dictionary_.Find(name), text);
    return bytes.value_or(Bytes{});
  }

  Dictionary dictionary_;
  std::vector<std::string> includes_;
};

TEST_F(DictionaryTest, NamesAndNumbersAreFoundBothWays) {
  ASSERT_NE(dictionary_.Find("Service-Type"), nullptr);
  EXPECT_EQ(dictionary_.Find("Service-Type")->id, kServiceType);
  EXPECT_EQ(dictionary_.Find(kServiceType)->ValueOf("Framed-User"), 2u);
  EXPECT_EQ(dictionary_.Find(kServiceType)->NameOf(2), "Framed-User");
  EXPECT_EQ(dictionary_.Find("MS-CHAP2-Response")->id, kMsChap2Response);
  EXPECT_EQ(dictionary_.VendorOf("Microsoft"), kVendorMicrosoft);
  EXPECT_TRUE(dictionary_.Find(kTunnelType)->tagged);
  EXPECT_TRUE(dictionary_.Find(kTunnelPassword)->secret);
  EXPECT_EQ(dictionary_.Find("Nothing"), nullptr);
  EXPECT_THAT(includes_, ElementsAre("dictionary.more"));
}

TEST_F(DictionaryTest, WhatNoPacketOfOursHoldsIsPassedOver) {
  EXPECT_EQ(dictionary_.Find("Wide-Thing"), nullptr);
  EXPECT_EQ(dictionary_.Find("Extended"), nullptr);
  EXPECT_EQ(dictionary_.skipped(), 2u);
}

TEST_F(DictionaryTest, LastMeaningOfANameCounts) {
  ASSERT_FALSE(dictionary_.Add("ATTRIBUTE Class 25 string\n", includes_).has_value());
  EXPECT_EQ(dictionary_.Find(kClass)->type, DataType::kText);
}

TEST_F(DictionaryTest, ErrorsNameTheirLine) {
  struct Row {
    const char* text;
    int line;
    const char* what;
  };
  const Row rows[] = {
      {"\nATTRIBUTE Name\n", 2, "expected ATTRIBUTE"},
      {"ATTRIBUTE Name x string", 1, "expected a number, got x"},
      {"ATTRIBUTE Name 1 string nonsense", 1, "unknown flag or vendor nonsense"},
      {"VALUE Service-Type Framed", 1, "expected VALUE"},
      {"VENDOR Somebody", 1, "expected VENDOR"},
      {"BEGIN-VENDOR Nobody", 1, "unknown vendor Nobody"},
      {"END-VENDOR Microsoft", 1, "without its BEGIN-VENDOR"},
      {"BEGIN-VENDOR Microsoft", 0, "without END-VENDOR"},
      {"BEGIN-VENDOR Microsoft\nBEGIN-VENDOR Microsoft", 2, "within another"},
      {"$INCLUDE", 1, "of nothing"},
      {"Service-Type = Framed-User", 1, "unknown keyword Service-Type"},
  };
  for (const Row& row : rows) {
    const auto error = dictionary_.Add(row.text, includes_);
    ASSERT_TRUE(error.has_value()) << row.text;
    EXPECT_EQ(error->line, row.line) << row.text;
    EXPECT_THAT(error->what, HasSubstr(row.what));
  }
}

TEST_F(DictionaryTest, ValuesAreWrittenByNameAndByNumber) {
  EXPECT_EQ(Encoded("User-Name", "nemo"), BytesOf("6e656d6f"));
  EXPECT_EQ(Encoded("Class", "0x00ff"), BytesOf("00ff"));
  EXPECT_EQ(Encoded("Class", "abc"), BytesOf("616263"));
  EXPECT_EQ(Encoded("Service-Type", "Framed-User"), BytesOf("00000002"));
  EXPECT_EQ(Encoded("Service-Type", "0x10"), BytesOf("00000010"));
  EXPECT_EQ(Encoded("Framed-IP-Address", "192.0.2.1"), BytesOf("c0000201"));
  EXPECT_EQ(Encoded("Framed-IPv6-Prefix", "2001:db8::/32"), BytesOf("002020010db8"));
  EXPECT_EQ(Encoded("Framed-Interface-Id", "1:2:3:4"), BytesOf("0001000200030004"));
  for (const auto& [name, text] : {std::pair{"Service-Type", "Nonsense"},
                                   {"Service-Type", "4294967296"},
                                   {"Framed-IP-Address", "2001:db8::1"},
                                   {"Framed-IPv6-Address", "192.0.2.1"},
                                   {"Framed-IPv6-Prefix", "192.0.2.0/24"},
                                   {"Class", "0x0"},
                                   {"User-Name", ""}}) {
    EXPECT_EQ(Dictionary::Encode(*dictionary_.Find(name), text), std::nullopt) << name << text;
  }
}

TEST_F(DictionaryTest, PacketsAreDescribedWithoutTheirSecrets) {
  PacketBuilder builder(Code::kAccessRequest, 7);
  builder.AddText(kUserName, "nemo");
  builder.AddText(kUserPassword, "hidden-password!");
  builder.AddInteger(kServiceType, 2);
  builder.AddTaggedInteger(kTunnelType, 1, 3);
  builder.AddText(kMsChap2Response, "response");
  builder.AddText(AttributeId{0, 200}, "ab");
  builder.AddText(AttributeId{9, 1}, "ab");
  Packet packet;
  ASSERT_EQ(ParsePacket(builder.Finish(), packet), PacketError::kNone);
  EXPECT_EQ(dictionary_.Describe(packet),
            "Access-Request id 7: User-Name \"nemo\", User-Password ***, Service-Type Framed-User, "
            "Tunnel-Type L2TP, MS-CHAP2-Response ***, Attr-200 0x6162, Vendor-9-Attr-1 0x6162");
  // And where no file has said what is one.
  EXPECT_THAT(Dictionary().Describe(packet), HasSubstr("Attr-2 ***"));
}

}  // namespace
}  // namespace lns::radius
