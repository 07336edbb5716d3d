// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_decap.h"

#include "lib/l2tp/header.h"

namespace lns::dataplane {
namespace {

// Without sequence numbers and offset, with Length or without; 0 where it is not so, or not whole.
uint32_t PlainHeaderLength(const uint8_t* header, uint32_t available, uint32_t& end) {
  constexpr uint16_t kShape = l2tp::kControlBit | l2tp::kLengthBit | l2tp::kSequenceBit |
                              l2tp::kOffsetBit | l2tp::kVersionMask;
  constexpr uint32_t kWithLength = l2tp::kMinHeaderLength + 2;
  if (available < kWithLength) return 0;
  const uint32_t shape = LoadBe16(header) & kShape;
  if (shape == l2tp::kVersion) {
    end = available;
    return l2tp::kMinHeaderLength;
  }
  end = LoadBe16(header + 2);
  const bool is_plain = shape == (l2tp::kLengthBit | l2tp::kVersion);
  return is_plain && end >= kWithLength && end <= available ? kWithLength : 0;
}

}  // namespace

void L2tpDecap(Context&, Batch& batch) {
  bool any_number = false;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint8_t* bytes = batch.At(i, meta.payload_offset);
    uint32_t end = 0;
    if (const uint32_t length = PlainHeaderLength(bytes, meta.payload_length, end)) [[likely]] {
      meta.payload_offset = static_cast<uint16_t>(meta.payload_offset + length);
      meta.payload_length = static_cast<uint16_t>(end - length);
      continue;
    }
    l2tp::Header header;
    const ByteView packet(bytes, meta.payload_length);
    if (l2tp::ParseHeader(packet, header) != l2tp::HeaderError::kNone) {
      batch.Drop(i, DropReason::kBadL2tpLength);
      continue;
    }
    any_number |= header.has_sequence;
    meta.payload_offset = static_cast<uint16_t>(meta.payload_offset + header.payload_offset);
    meta.payload_length = static_cast<uint16_t>(header.payload_length());
  }
  batch.set_has_numbers(any_number);
}

}  // namespace lns::dataplane
