// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "lib/l2tp/header.h"

namespace lns::l2tp {
namespace {

// One of the 16 combinations of L, S, O and P on a data packet.
Header DataHeader(unsigned combination) {
  Header header{.tunnel_id = 0x1234, .session_id = 0x5678};
  header.has_length = (combination & 1) != 0;
  header.has_sequence = (combination & 2) != 0;
  header.has_offset = (combination & 4) != 0;
  header.priority = (combination & 8) != 0;
  if (header.has_sequence) header.ns = 0xfffe, header.nr = 7;
  if (header.has_offset) header.offset_size = 5;
  return header;
}

Bytes Build(const Header& header, size_t payload_length) {
  Bytes bytes(HeaderLength(header) + payload_length, 0xaa);
  EXPECT_EQ(WriteHeader(header, payload_length, bytes), HeaderLength(header));
  return bytes;
}

TEST(Header, ReadsAZlbByteForByte) {
  const Bytes zlb = {0xc8, 0x02, 0x00, 0x0c, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02};
  Header header;
  ASSERT_EQ(ParseHeader(zlb, header), HeaderError::kNone);
  EXPECT_TRUE(header.control);
  EXPECT_EQ(header.tunnel_id, 1);
  EXPECT_EQ(header.session_id, 0);
  EXPECT_EQ(header.ns, 3);
  EXPECT_EQ(header.nr, 2);
  EXPECT_EQ(header.payload_length(), 0u);
}

TEST(Header, WritesAZlbByteForByte) {
  Bytes out(kControlHeaderLength);
  ASSERT_EQ(WriteHeader(ControlHeader(1, 0, 3, 2), 0, out), kControlHeaderLength);
  EXPECT_EQ(out, (Bytes{0xc8, 0x02, 0x00, 0x0c, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02}));
}

TEST(Header, ParsesWhatItWritesForAllSixteenFlagCombinations) {
  for (unsigned combination = 0; combination < 16; ++combination) {
    SCOPED_TRACE(combination);
    const Header in = DataHeader(combination);
    const Bytes bytes = Build(in, 20);
    Header out;
    ASSERT_EQ(ParseHeader(bytes, out), HeaderError::kNone);
    EXPECT_FALSE(out.control);
    EXPECT_EQ(out.has_length, in.has_length);
    EXPECT_EQ(out.has_sequence, in.has_sequence);
    EXPECT_EQ(out.has_offset, in.has_offset);
    EXPECT_EQ(out.priority, in.priority);
    EXPECT_EQ(out.tunnel_id, in.tunnel_id);
    EXPECT_EQ(out.session_id, in.session_id);
    EXPECT_EQ(out.ns, in.ns);
    EXPECT_EQ(out.nr, in.nr);
    EXPECT_EQ(out.offset_size, in.offset_size);
    EXPECT_EQ(out.payload_offset, HeaderLength(in));
    EXPECT_EQ(out.payload_length(), 20u);
  }
}

TEST(Header, RefusesEveryTruncationOfEveryCombination) {
  for (unsigned combination = 0; combination < 16; ++combination) {
    const Bytes bytes = Build(DataHeader(combination), 0);
    for (size_t length = 0; length < bytes.size(); ++length) {
      // A copy of exactly that size, so that a sanitizer sees any read past it.
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
      Header header;
      EXPECT_NE(ParseHeader(cut, header), HeaderError::kNone) << combination << " at " << length;
    }
  }
}

TEST(Header, TrimsWhatFollowsLength) {
  Bytes bytes = Build(DataHeader(1), 10);
  bytes.insert(bytes.end(), 6, 0xee);
  Header header;
  ASSERT_EQ(ParseHeader(bytes, header), HeaderError::kNone);
  EXPECT_EQ(header.payload_length(), 10u);
}

TEST(Header, WithoutLengthTheDatagramEndsThePayload) {
  const Bytes bytes = Build(DataHeader(0), 33);
  Header header;
  ASSERT_EQ(ParseHeader(bytes, header), HeaderError::kNone);
  EXPECT_EQ(header.payload_length(), 33u);
}

TEST(Header, RefusesALengthThatDoesNotCoverTheHeader) {
  Bytes bytes = Build(DataHeader(3), 10);
  StoreBe16(bytes.data() + 2, 11);
  Header header;
  EXPECT_EQ(ParseHeader(bytes, header), HeaderError::kLengthTooShort);
}

TEST(Header, RefusesALengthBeyondTheDatagram) {
  Bytes bytes = Build(DataHeader(1), 10);
  StoreBe16(bytes.data() + 2, static_cast<uint16_t>(bytes.size() + 1));
  Header header;
  EXPECT_EQ(ParseHeader(bytes, header), HeaderError::kLengthPastEnd);
}

TEST(Header, BoundsTheOffsetPadByTheTrimmedLength) {
  Bytes bytes = Build(DataHeader(5), 10);  // L and O
  Header header;
  StoreBe16(bytes.data() + 8, 15);  // pad 5 + payload 10: exactly to the end
  ASSERT_EQ(ParseHeader(bytes, header), HeaderError::kNone);
  EXPECT_EQ(header.payload_length(), 0u);
  StoreBe16(bytes.data() + 8, 16);
  EXPECT_EQ(ParseHeader(bytes, header), HeaderError::kOffsetPastEnd);
  StoreBe16(bytes.data() + 8, 0xffff);
  EXPECT_EQ(ParseHeader(bytes, header), HeaderError::kOffsetPastEnd);
}

TEST(Header, TellsOtherVersionsApart) {
  Bytes bytes = Build(DataHeader(0), 10);
  for (unsigned version = 0; version < 16; ++version) {
    bytes[1] = static_cast<uint8_t>(version);
    Header header;
    const HeaderError expected = version == 2   ? HeaderError::kNone
                                 : version == 1 ? HeaderError::kVersionL2f
                                                : HeaderError::kVersionUnknown;
    EXPECT_EQ(ParseHeader(bytes, header), expected) << version;
  }
}

TEST(Header, IgnoresReservedBits) {
  Bytes bytes = Build(ControlHeader(1, 2, 3, 4), 0);
  bytes[0] |= 0x34;
  bytes[1] |= 0xf0;
  Header header;
  ASSERT_EQ(ParseHeader(bytes, header), HeaderError::kNone);
  EXPECT_EQ(header.session_id, 2);
}

TEST(Header, ControlNeedsLengthAndSequenceAndNeitherOffsetNorPriority) {
  for (unsigned combination = 0; combination < 16; ++combination) {
    Header in = DataHeader(combination);
    in.control = true;
    const Bytes bytes = Build(in, 16);
    Header header;
    EXPECT_EQ(ParseHeader(bytes, header),
              combination == 3 ? HeaderError::kNone : HeaderError::kControlFlags)
        << combination;
  }
}

TEST(Header, ReadsOnlyTheFirstSegmentOfALongerPacket) {
  const Bytes bytes = Build(DataHeader(1), 1400);
  const Bytes segment(bytes.begin(), bytes.begin() + kMaxHeaderLength);
  Header header;
  ASSERT_EQ(ParseHeader(segment, bytes.size(), header), HeaderError::kNone);
  EXPECT_EQ(header.payload_length(), 1400u);
}

TEST(Header, WritingRefusesWhatDoesNotFit) {
  std::array<uint8_t, 7> small{};
  EXPECT_EQ(WriteHeader(DataHeader(1), 0, small), 0u);
  std::array<uint8_t, 16> buffer{};
  EXPECT_EQ(WriteHeader(DataHeader(1), 0xffff, buffer), 0u);
  EXPECT_EQ(WriteHeader(DataHeader(0), 0xffff, buffer), 6u);
}

}  // namespace
}  // namespace lns::l2tp
