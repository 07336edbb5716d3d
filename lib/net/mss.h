// TCP's maximum segment size on its way through a narrower link (RFC 879, RFC 9293 3.7.1): lowered
// in the options of a SYN, the checksum updated incrementally (RFC 1624), never raised, and never
// added where there is none.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"

namespace lns::net {

inline constexpr size_t kTcpHeaderLength = 20;  // without options
inline constexpr size_t kTcpChecksumOffset = 16;
inline constexpr uint8_t kTcpSyn = 0x02;

inline bool IsTcpSyn(ByteView segment) {
  return segment.size() >= kTcpHeaderLength && (segment[13] & kTcpSyn) != 0;
}

// Where the value of the option stands in a SYN; 0: it has none, or its options are malformed.
inline size_t FindMss(ByteView segment) {
  constexpr uint8_t kEnd = 0;
  constexpr uint8_t kNoOperation = 1;
  constexpr uint8_t kMss = 2;
  const size_t header = static_cast<size_t>(segment[12] >> 4) * 4;
  if (header > segment.size()) return 0;
  size_t at = kTcpHeaderLength;
  while (at < header && segment[at] != kEnd) {
    if (segment[at] == kNoOperation) {
      ++at;
      continue;
    }
    const size_t length = at + 1 < header ? segment[at + 1] : 0;
    if (length < 2 || at + length > header) return 0;
    if (segment[at] == kMss) return length == 4 ? at + 2 : 0;
    at += length;
  }
  return 0;
}

// True: the segment is a SYN that announced more than `limit`, and no longer does.
inline bool ClampMss(MutableByteView segment, uint16_t limit) {
  if (!IsTcpSyn(segment)) return false;
  const size_t at = FindMss(segment);
  if (at == 0 || LoadBe16(segment.data() + at) <= limit) return false;
  // The value need not stand on a word of the checksum's: take in all words that it touches.
  uint8_t* first = segment.data() + at - at % 2;
  uint8_t* last = segment.data() + (at + 1) - (at + 1) % 2;
  const uint16_t old_first = LoadBe16(first);
  const uint16_t old_last = LoadBe16(last);
  StoreBe16(segment.data() + at, limit);
  uint8_t* field = segment.data() + kTcpChecksumOffset;
  uint16_t checksum = UpdateChecksum(LoadBe16(field), old_first, LoadBe16(first));
  if (last != first) checksum = UpdateChecksum(checksum, old_last, LoadBe16(last));
  StoreBe16(field, checksum);
  return true;
}

}  // namespace lns::net
