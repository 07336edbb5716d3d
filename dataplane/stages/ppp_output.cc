// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/ppp_output.h"

#include "dataplane/stages/ppp_header.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {

void PppOutput(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.l3_offset < ppp::kMaxFrameHeader) {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    WritePppHeader(batch.At(i, 0), meta,
                   sessions[meta.session].flags.load(std::memory_order_relaxed));
  }
}

}  // namespace lns::dataplane
