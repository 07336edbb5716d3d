// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/base/rng.h"
#include "lib/net/checksum.h"

namespace lns::net {
namespace {

// RFC 1071 4.1, word by word, in host order.
uint16_t Reference(ByteView bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i]) << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

uint16_t HostOrder(uint16_t memory_order) { return __builtin_bswap16(memory_order); }

TEST(Checksum, OfRfc1071sExample) {
  const std::vector<uint8_t> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(HostOrder(Checksum(bytes)), static_cast<uint16_t>(~0xddf2));
}

TEST(Checksum, AgreesWithTheDefinitionForEveryLength) {
  SeededRng rng(1);
  // Of both sides of where vectors begin, at every place in a line, nothing read before or behind
  // (the buffer is of exactly this size: a sanitizer would tell).
  for (size_t length = 0; length < 300; ++length) {
    for (size_t place = 0; place < 65; place += length < 140 ? 1 : 13) {
      std::vector<uint8_t> bytes(place + length);
      rng.Fill(bytes);
      const ByteView view = ByteView(bytes).subspan(place);
      ASSERT_EQ(HostOrder(Checksum(view)), Reference(view)) << length << " at " << place;
    }
  }
  for (size_t length = 300; length < 1600; ++length) {
    std::vector<uint8_t> bytes(length);
    rng.Fill(bytes);
    ASSERT_EQ(HostOrder(Checksum(bytes)), Reference(bytes)) << length;
  }
  // Where the folding carries most.
  const std::vector<uint8_t> ones(65535, 0xff);
  EXPECT_EQ(HostOrder(Checksum(ones)), Reference(ones));
}

TEST(Checksum, WideAndPlainVectorsAgreeWithTheDefinition) {
  SeededRng rng(4);
  const auto folded = [](uint64_t sum) {
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
  };
  std::vector<uint8_t> bytes(kMaxChecksumBlocks * kChecksumBlock);
  for (const bool ones : {false, true}) {
    rng.Fill(bytes);
    if (ones) std::fill(bytes.begin(), bytes.end(), uint8_t{0xff});
    for (size_t blocks = 1; blocks <= kMaxChecksumBlocks; blocks += blocks < 40 ? 1 : 123) {
      const ByteView view = ByteView(bytes).last(blocks * kChecksumBlock);
      const uint16_t wanted = static_cast<uint16_t>(~Reference(view));
      EXPECT_EQ(HostOrder(folded(SumBlocksPlainly(view.data(), blocks))), wanted) << blocks;
      if (!HasWideVectors()) continue;
      EXPECT_EQ(HostOrder(folded(SumBlocksWide(view.data(), blocks))), wanted) << blocks;
    }
    const ByteView all(bytes);
    const uint64_t whole = SumBlocks(bytes.data(), kMaxChecksumBlocks);
    EXPECT_EQ(HostOrder(folded(whole)), static_cast<uint16_t>(~Reference(all)));
  }
  // More than one call takes.
  std::vector<uint8_t> long_bytes(kMaxChecksumBlocks * kChecksumBlock * 2 + 77);
  rng.Fill(long_bytes);
  EXPECT_EQ(HostOrder(Checksum(long_bytes)), Reference(long_bytes));
}

TEST(Checksum, OfWhatStandsBehindAnOddNumberOfBytes) {
  SeededRng rng(5);
  for (size_t length = 1; length < 200; ++length) {
    std::vector<uint8_t> bytes(length);
    rng.Fill(bytes);
    ChecksumSum sum;
    sum.Add(ByteView(bytes).subspan(1));
    sum.ShiftByOneByte();
    sum.AddField(static_cast<uint16_t>(bytes[0] << 8));
    ASSERT_EQ(HostOrder(sum.Checksum()), Reference(bytes)) << length;
  }
}

TEST(Checksum, PiecesAddUp) {
  SeededRng rng(2);
  std::vector<uint8_t> bytes(64);
  rng.Fill(bytes);
  for (size_t cut = 0; cut <= 64; cut += 2) {
    ChecksumSum head;
    head.Add(ByteView(bytes).first(cut));
    ChecksumSum sum(head.Fold());
    sum.Add(ByteView(bytes).subspan(cut));
    EXPECT_EQ(sum.Checksum(), Checksum(bytes));
  }
  ChecksumSum field;
  field.AddField(0x1234);
  const std::vector<uint8_t> same = {0x12, 0x34};
  EXPECT_EQ(field.Checksum(), Checksum(same));
}

TEST(Checksum, IncrementalUpdateEqualsRecomputation) {
  SeededRng rng(3);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> header(20);
    rng.Fill(header);
    header[10] = header[11] = 0;
    const uint16_t before = Checksum(header);
    uint16_t old_word;
    std::memcpy(&old_word, header.data() + 8, 2);
    header[8] = static_cast<uint8_t>(rng.Below(256));
    uint16_t new_word;
    std::memcpy(&new_word, header.data() + 8, 2);
    ASSERT_EQ(UpdateChecksum(before, old_word, new_word), Checksum(header));
  }
}

}  // namespace
}  // namespace lns::net
