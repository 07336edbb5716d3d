// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <initializer_list>

#include "lib/ppp/control_packet.h"

namespace lns::ppp {
namespace {

TEST(ControlPacketTest, ReadsHeaderAndData) {
  const Bytes bytes = {9, 7, 0, 8, 1, 2, 3, 4};
  const auto packet = ParseControlPacket(bytes);
  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->code, kEchoRequest);
  EXPECT_EQ(packet->id, 7);
  EXPECT_EQ(Bytes(packet->data.begin(), packet->data.end()), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(Bytes(packet->whole.begin(), packet->whole.end()), bytes);
}

TEST(ControlPacketTest, PaddingAfterTheLengthIsIgnored) {
  const Bytes bytes = {1, 1, 0, 5, 0xaa, 0, 0, 0};
  const auto packet = ParseControlPacket(bytes);
  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->data.size(), 1u);
  EXPECT_EQ(packet->whole.size(), 5u);
}

TEST(ControlPacketTest, LengthBelowTheHeaderOrBeyondTheFrameIsRefused) {
  for (const uint8_t length : std::initializer_list<uint8_t>{0, 1, 2, 3, 7, 255}) {
    const Bytes bytes = {1, 1, 0, length, 0, 0};
    const auto packet = ParseControlPacket(bytes);
    ASSERT_FALSE(packet.ok()) << int{length};
    EXPECT_EQ(packet.error(), ControlPacketError::kBadLength);
  }
  EXPECT_TRUE(ParseControlPacket(Bytes{1, 1, 0, 4}).ok());
}

TEST(ControlPacketTest, EveryTruncationIsRefused) {
  const Bytes bytes = {1, 1, 0, 10, 1, 4, 5, 0xd4, 3, 2};
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
    const auto packet = ParseControlPacket(cut);
    ASSERT_FALSE(packet.ok()) << size;
    EXPECT_EQ(packet.error(), size < kControlHeaderLength ? ControlPacketError::kTruncated
                                                          : ControlPacketError::kBadLength);
  }
}

}  // namespace
}  // namespace lns::ppp
