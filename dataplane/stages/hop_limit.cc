// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/hop_limit.h"

#include "lib/net/ipv4.h"

namespace lns::dataplane {

void HopLimit(Context&, Batch& batch) {
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta& meta = batch.meta(i);
    uint8_t* ip = batch.At(i, meta.l3_offset);
    const bool is_v4 = meta.family == net::Family::kIpv4;
    uint8_t& hops = ip[is_v4 ? 8 : 7];
    if (hops <= 1) [[unlikely]] {
      batch.Drop(i, DropReason::kHopLimit);
    } else if (is_v4) {
      net::DecrementTtl(ip);
    } else {
      --hops;
    }
  }
}

}  // namespace lns::dataplane
