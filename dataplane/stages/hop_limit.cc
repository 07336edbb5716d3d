// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/hop_limit.h"

namespace lns::dataplane {

void HopLimit(Context&, Batch& batch) {
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta& meta = batch.meta(i);
    uint8_t* ip = batch.At(i, meta.l3_offset);
    if (HopsOf(meta.family, ip) <= 1) [[unlikely]] {
      batch.Drop(i, DropReason::kHopLimit);
    } else {
      TakeHop(meta.family, ip);
    }
  }
}

}  // namespace lns::dataplane
