// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lib/ppp/event.h"
#include "lib/ppp/options.h"

namespace lns::ppp {
namespace {

Bytes Copy(ByteView view) { return Bytes(view.begin(), view.end()); }

TEST(OptionReaderTest, WalksTypeBodyAndWhole) {
  const Bytes list = {1, 4, 5, 0xd4, 7, 2, 5, 6, 1, 2, 3, 4};
  OptionReader reader(list);
  auto option = reader.Next();
  ASSERT_TRUE(option);
  EXPECT_EQ(option->type, 1);
  EXPECT_EQ(Copy(option->body), (Bytes{5, 0xd4}));
  EXPECT_EQ(Copy(option->whole), (Bytes{1, 4, 5, 0xd4}));
  option = reader.Next();
  ASSERT_TRUE(option);
  EXPECT_EQ(option->type, 7);
  EXPECT_TRUE(option->body.empty());
  ASSERT_TRUE(reader.Next());
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

TEST(OptionReaderTest, EveryTruncationStopsAtABoundaryOrIsMalformed) {
  const Bytes list = {1, 4, 5, 0xd4, 7, 2, 5, 6, 1, 2, 3, 4};
  for (size_t size = 0; size <= list.size(); ++size) {
    const Bytes cut(list.begin(), list.begin() + static_cast<long>(size));
    const bool boundary = size == 0 || size == 4 || size == 6 || size == 12;
    EXPECT_EQ(OptionsAreWellFormed(cut), boundary) << size;
  }
}

TEST(OptionReaderTest, LengthsBelowTwoAreMalformed) {
  EXPECT_FALSE(OptionsAreWellFormed(Bytes{1, 0}));
  EXPECT_FALSE(OptionsAreWellFormed(Bytes{1, 1}));
  EXPECT_FALSE(OptionsAreWellFormed(Bytes{7, 2, 1, 0, 0, 0}));
}

TEST(OptionReaderTest, TheNumberOfOptionsIsBounded) {
  Bytes list;
  for (size_t i = 0; i < kMaxOptions; ++i) list.insert(list.end(), {7, 2});
  EXPECT_TRUE(OptionsAreWellFormed(list));
  list.insert(list.end(), {7, 2});
  EXPECT_FALSE(OptionsAreWellFormed(list));
}

TEST(OptionWriterTest, WritesEachWidth) {
  OptionWriter writer;
  EXPECT_TRUE(writer.empty());
  writer.Flag(7);
  writer.U16(3, 0xc223);
  writer.ExtendU8(5);
  writer.U32(5, 0x01020304);
  writer.U64(1, 0x0102030405060708);
  EXPECT_EQ(Copy(writer.bytes()),
            (Bytes{7, 2, 3, 5, 0xc2, 0x23, 5, 5, 6, 1, 2, 3, 4, 1, 10, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(PacketBuilderTest, FillsInTheLengthOfTheControlPacket) {
  PacketBuilder builder(0x8021, kConfigureRequest, 9);
  builder.AppendU8(0xaa);
  EXPECT_EQ(std::move(builder).Finish(), (Bytes{0x80, 0x21, 1, 9, 0, 5, 0xaa}));
}

TEST(EventTest, NamesAreUniqueAndComplete) {
  std::set<std::string> names;
  for (size_t i = 0; i < kPppEventCount; ++i) names.insert(ToString(static_cast<PppEvent>(i)));
  EXPECT_EQ(names.size(), kPppEventCount);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace lns::ppp
