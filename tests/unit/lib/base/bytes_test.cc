// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "lib/base/endian.h"
#include "lib/base/result.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

namespace lns {
namespace {

TEST(Reader, ReadsNetworkOrderFields) {
  const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8};
  Reader reader(raw);
  EXPECT_EQ(reader.ReadU8(), 1);
  EXPECT_EQ(reader.ReadU16(), 0x0203);
  EXPECT_EQ(reader.ReadU32(), 0x04050607u);
  EXPECT_EQ(reader.ReadRest().size(), 1u);
  EXPECT_TRUE(reader.ok());
}

TEST(Reader, StaysFailedAfterAShortRead) {
  const uint8_t raw[] = {1, 2, 3};
  Reader reader(raw);
  EXPECT_EQ(reader.ReadU32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.ReadU8(), 0);
  EXPECT_EQ(reader.offset(), 0u);
}

TEST(Writer, WritesNothingThatDoesNotFit) {
  uint8_t raw[3] = {9, 9, 9};
  Writer writer(raw);
  writer.WriteU16(0x0102);
  writer.WriteU16(0x0304);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.written().size(), 2u);
  EXPECT_EQ(raw[2], 9);
}

TEST(BigEndian, KeepsWireOrderInMemory) {
  const Be16 port = Be16::From(1701);
  EXPECT_EQ(reinterpret_cast<const uint8_t*>(&port)[0], 0x06);
  EXPECT_EQ(port.value(), 1701);
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int, char> good = 4;
  const Result<int, char> bad = Failure('x');
  EXPECT_EQ(*good, 4);
  EXPECT_EQ(bad.error(), 'x');
}

TEST(SeededRng, SameSeedSameSequence) {
  SeededRng a(7);
  SeededRng b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.Below(10), 10u);
}

TEST(Instant, NeverIsLaterThanEverything) {
  EXPECT_LT(Instant() + Duration::Seconds(500LL * 86400), Instant::Never());
}

}  // namespace
}  // namespace lns
