// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/packet.h"
#include "tests/unit/lib/radius/bytes_of.h"

namespace lns::radius {
namespace {

std::vector<Attribute> AttributesOf(ByteView bytes) {
  std::vector<Attribute> all;
  AttributeReader reader(bytes);
  for (Attribute attribute; reader.Next(attribute);) all.push_back(attribute);
  return all;
}

TEST(Packet, OfTheRfcIsRead) {
  const Bytes bytes = RfcPapRequest();
  Packet packet;
  ASSERT_EQ(ParsePacket(bytes, packet), PacketError::kNone);
  EXPECT_EQ(packet.code, Code::kAccessRequest);
  EXPECT_EQ(packet.identifier, 0);
  EXPECT_EQ(packet.authenticator[0], 0x0f);
  const auto attributes = AttributesOf(packet.attributes);
  ASSERT_EQ(attributes.size(), 4u);
  EXPECT_EQ(attributes[0].id, kUserName);
  EXPECT_EQ(AsText(attributes[0].value), "nemo");
  EXPECT_EQ(attributes[3].id, kNasPort);
  EXPECT_EQ(LoadBe32(Find(packet.attributes, kNasPort)->data()), 3u);
  EXPECT_EQ(Find(packet.attributes, kClass), std::nullopt);
}

TEST(Packet, EveryTruncationIsRefused) {
  const Bytes bytes = RfcPapRequest();
  Packet packet;
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(ParsePacket(ByteView(bytes).first(length), packet), PacketError::kTruncated)
        << length;
  }
}

TEST(Packet, WhatPadsTheDatagramIsNotPartOfIt) {
  Bytes bytes = RfcPapRequest();
  const size_t length = bytes.size();
  bytes.resize(4096, 0xff);
  Packet packet;
  ASSERT_EQ(ParsePacket(bytes, packet), PacketError::kNone);
  EXPECT_EQ(packet.bytes.size(), length);
}

TEST(Packet, LengthsThatNoPacketHasAreRefused) {
  Bytes bytes(5000);
  Packet packet;
  for (const int length : {0, 19, 4097, 0xffff}) {
    StoreBe16(bytes.data() + 2, static_cast<uint16_t>(length));
    EXPECT_EQ(ParsePacket(bytes, packet), PacketError::kBadLength) << length;
  }
}

TEST(Packet, AttributesOutsideOfItAreRefused) {
  struct Row {
    const char* what;
    const char* attributes;
  };
  const Row rows[] = {
      {"a length of zero", "01 00"},
      {"a length of one", "01 01"},
      {"a header cut off", "01 03 61 02"},
      {"one past the end", "01 05 61 62"},
      {"the last of several past the end", "01 03 61 05 06 00 00 00"},
  };
  for (const Row& row : rows) {
    Bytes bytes(kHeaderLength);
    const Bytes attributes = BytesOf(row.attributes);
    bytes.insert(bytes.end(), attributes.begin(), attributes.end());
    StoreBe16(bytes.data() + 2, static_cast<uint16_t>(bytes.size()));
    Packet packet;
    EXPECT_EQ(ParsePacket(bytes, packet), PacketError::kBadAttribute) << row.what;
  }
}

TEST(Packet, FullOfAttributesIsWalkedToItsEnd) {
  Bytes bytes(kHeaderLength);
  while (bytes.size() + 2 <= kMaxPacketLength) {
    bytes.push_back(18);
    bytes.push_back(2);
  }
  StoreBe16(bytes.data() + 2, static_cast<uint16_t>(bytes.size()));
  Packet packet;
  ASSERT_EQ(ParsePacket(bytes, packet), PacketError::kNone);
  EXPECT_EQ(AttributesOf(packet.attributes).size(), (kMaxPacketLength - kHeaderLength) / 2);
}

TEST(AttributeReader, TakesVendorsAttributesApart) {
  const Bytes bytes = BytesOf(
      "19 03 41"                                   // Class
      "1a 0e 00 00 01 37 0b 04 61 62 19 04 63 64"  // Microsoft, two of them
      "19 03 42");
  const auto attributes = AttributesOf(bytes);
  ASSERT_EQ(attributes.size(), 4u);
  EXPECT_EQ(attributes[0].id, kClass);
  EXPECT_EQ(attributes[1].id, kMsChapChallenge);
  EXPECT_EQ(AsText(attributes[1].value), "ab");
  EXPECT_EQ(attributes[2].id, kMsChap2Response);
  EXPECT_EQ(AsText(attributes[2].value), "cd");
  EXPECT_EQ(AsText(attributes[3].value), "B");
}

TEST(AttributeReader, VendorsAttributesThatCannotBeToldAreOneWhole) {
  struct Row {
    const char* what;
    const char* bytes;
    AttributeId id;
    size_t length;
  };
  const Row rows[] = {
      {"nothing after the vendor", "1a 06 00 00 01 37", {kVendorMicrosoft, 0}, 0},
      {"another format", "1a 0a 00 00 01 37 0b ff 61 62", {kVendorMicrosoft, 0}, 4},
      {"a second one cut off", "1a 0b 00 00 01 37 0b 04 61 62 0b", {kVendorMicrosoft, 0}, 5},
      {"a sub-attribute of length zero", "1a 08 00 00 01 37 0b 00", {kVendorMicrosoft, 0}, 2},
      {"no room for a vendor", "1a 05 00 00 01", kVendorSpecific, 3},
  };
  for (const Row& row : rows) {
    const Bytes bytes = BytesOf(row.bytes);
    const auto attributes = AttributesOf(bytes);
    ASSERT_EQ(attributes.size(), 1u) << row.what;
    EXPECT_EQ(attributes[0].id, row.id) << row.what;
    EXPECT_EQ(attributes[0].value.size(), row.length) << row.what;
  }
}

TEST(PacketBuilder, BuildsWhatTheReaderReads) {
  PacketBuilder builder(Code::kAccessRequest, 7);
  EXPECT_TRUE(builder.AddText(kUserName, "nemo"));
  EXPECT_TRUE(builder.AddText(kClass, "one"));
  EXPECT_TRUE(builder.AddText(kClass, "two"));
  EXPECT_TRUE(builder.AddText(kMsChapChallenge, "challenge"));
  EXPECT_TRUE(builder.AddInteger(kNasPort, 3));
  EXPECT_TRUE(builder.AddTaggedText(kTunnelClientEndpoint, 1, "192.0.2.1"));
  EXPECT_TRUE(builder.AddTaggedInteger(kTunnelType, 1, kTunnelTypeL2tp));
  EXPECT_TRUE(builder.AddMessageAuthenticator());
  Packet packet;
  ASSERT_EQ(ParsePacket(builder.Finish(), packet), PacketError::kNone);
  EXPECT_EQ(packet.identifier, 7);
  const auto attributes = AttributesOf(packet.attributes);
  ASSERT_EQ(attributes.size(), 8u);
  EXPECT_EQ(AsText(attributes[2].value), "two");
  EXPECT_EQ(attributes[3].id, kMsChapChallenge);
  EXPECT_EQ(AsText(attributes[3].value), "challenge");
  EXPECT_EQ(LoadBe32(attributes[6].value.data()), 0x01000003u);
  EXPECT_EQ(attributes[7].value.size(), 16u);
}

TEST(PacketBuilder, LeavesOutWhatDoesNotFit) {
  PacketBuilder builder(Code::kAccessRequest, 7);
  const std::string longest(kMaxValue, 'x');
  EXPECT_FALSE(builder.AddText(kUserName, ""));
  EXPECT_FALSE(builder.AddText(kUserName, longest + 'x'));
  EXPECT_FALSE(builder.AddText(kMsChapChallenge, longest));
  EXPECT_FALSE(builder.AddTaggedInteger(kTunnelType, 1, 1u << 24));
  EXPECT_FALSE(builder.AddTaggedText(kTunnelClientEndpoint, 32, "a"));
  EXPECT_FALSE(builder.AddAddress(kFramedIpAddress, {}));
  EXPECT_EQ(builder.size(), kHeaderLength);
  EXPECT_TRUE(builder.Add(kIwfSession, {}));
  EXPECT_TRUE(builder.AddText(kMsChapChallenge, longest.substr(0, kMaxVendorValue)));
  while (builder.AddText(kClass, longest)) {
  }
  Packet packet;
  ASSERT_EQ(ParsePacket(builder.Finish(), packet), PacketError::kNone);
  EXPECT_GT(packet.bytes.size(), kMaxPacketLength - 255);
}

}  // namespace
}  // namespace lns::radius
