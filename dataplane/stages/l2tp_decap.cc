// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_decap.h"

#include "dataplane/stages/usual_packet.h"
#include "lib/l2tp/header.h"

namespace lns::dataplane {
void L2tpDecap(Context&, Batch& batch) {
  bool any_number = false;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint8_t* bytes = batch.At(i, meta.payload_offset);
    uint32_t end = 0;
    if (const uint32_t length = PlainDataHeaderLength(bytes, meta.payload_length, end)) [[likely]] {
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
