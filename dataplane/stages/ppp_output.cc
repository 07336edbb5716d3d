// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/ppp_output.h"

#include <cstring>

#include "dataplane/stages/ppp_header.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void PppOutput(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint32_t flags = sessions[meta.session].flags.load(std::memory_order_relaxed);
    const PppHeader& header = PppHeaderOf(flags, meta.family);
    if (meta.l3_offset < sizeof(header.bytes)) {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    std::memcpy(batch.At(i, meta.l3_offset) - sizeof(header.bytes), header.bytes.data(),
                sizeof(header.bytes));
    meta.payload_offset = static_cast<uint16_t>(meta.l3_offset - header.length);
    meta.payload_length = static_cast<uint16_t>(meta.l3_length + header.length);
  }
}

}  // namespace lns::dataplane
