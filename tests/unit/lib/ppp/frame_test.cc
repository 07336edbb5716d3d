// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "lib/ppp/frame.h"

namespace lns::ppp {
namespace {

TEST(FrameTest, ParsesEveryCombinationOfTheTwoCompressions) {
  struct Row {
    const char* what;
    Bytes frame;
    uint16_t protocol;
    uint8_t length;
  };
  const std::vector<Row> rows = {
      {"full header", {0xff, 0x03, 0x00, 0x21, 0x45}, kProtocolIpv4, 4},
      {"no address and control", {0x00, 0x21, 0x45}, kProtocolIpv4, 2},
      {"compressed protocol", {0xff, 0x03, 0x21, 0x45}, kProtocolIpv4, 3},
      {"both", {0x57, 0x60}, kProtocolIpv6, 1},
      {"LCP", {0xff, 0x03, 0xc0, 0x21, 0x01}, kProtocolLcp, 4},
      {"LCP without FF 03", {0xc0, 0x21, 0x01}, kProtocolLcp, 2},
      {"no information at all", {0xff, 0x03, 0xc0, 0x21}, kProtocolLcp, 4},
      {"only the address, 0xff read as a one-byte protocol", {0xff}, 0x00ff, 1},
      {"FF not followed by 03", {0xff, 0x05}, 0x00ff, 1},
      {"even low byte is still read", {0xc0, 0x20}, 0xc020, 2},
  };
  for (const Row& row : rows) {
    const FrameHeader header = ParseFrameHeader(row.frame);
    EXPECT_TRUE(header.ok()) << row.what;
    EXPECT_EQ(header.protocol, row.protocol) << row.what;
    EXPECT_EQ(header.length, row.length) << row.what;
  }
}

TEST(FrameTest, EveryTruncatedHeaderIsRefused) {
  const Bytes full = {0xff, 0x03, 0xc0, 0x21};
  EXPECT_FALSE(ParseFrameHeader(ByteView()).ok());
  EXPECT_FALSE(ParseFrameHeader(ByteView(full).first(2)).ok());
  EXPECT_FALSE(ParseFrameHeader(ByteView(full).first(3)).ok());
  EXPECT_FALSE(ParseFrameHeader(Bytes{0xc0}).ok());
  EXPECT_TRUE(ParseFrameHeader(full).ok());
}

TEST(FrameTest, WritesTheSmallestPrefixThePeerAllows) {
  struct Row {
    const char* what;
    uint16_t protocol;
    FrameFormat format;
    Bytes expected;
  };
  const std::vector<Row> rows = {
      {"nothing allowed", kProtocolIpv4, {false, false}, {0xff, 0x03, 0x00, 0x21}},
      {"PFC", kProtocolIpv4, {true, false}, {0xff, 0x03, 0x21}},
      {"ACFC", kProtocolIpv4, {false, true}, {0x00, 0x21}},
      {"both", kProtocolIpv6, {true, true}, {0x57}},
      {"two-byte protocol", kProtocolIpcp, {true, true}, {0x80, 0x21}},
      {"LCP is never compressed", kProtocolLcp, {true, true}, {0xff, 0x03, 0xc0, 0x21}},
  };
  for (const Row& row : rows) {
    std::array<uint8_t, kMaxFrameHeader> buffer{};
    const size_t length = WriteFrameHeader(row.protocol, row.format, buffer.data());
    EXPECT_EQ(length, FrameHeaderLength(row.protocol, row.format)) << row.what;
    EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + static_cast<long>(length)), row.expected)
        << row.what;
    const FrameHeader read = ParseFrameHeader(ByteView(buffer).first(length));
    EXPECT_EQ(read.protocol, row.protocol) << row.what;
    EXPECT_EQ(read.length, length) << row.what;
  }
}

TEST(FrameTest, ProtocolNumbersAreWellFormedByTheirLowBits) {
  EXPECT_TRUE(IsWellFormedProtocol(kProtocolIpv4));
  EXPECT_TRUE(IsWellFormedProtocol(kProtocolLcp));
  EXPECT_FALSE(IsWellFormedProtocol(0x0020));
  EXPECT_FALSE(IsWellFormedProtocol(0x0121));
  EXPECT_TRUE(IsNetworkData(kProtocolIpv6));
  EXPECT_FALSE(IsNetworkData(kProtocolIpcp));
}

}  // namespace
}  // namespace lns::ppp
