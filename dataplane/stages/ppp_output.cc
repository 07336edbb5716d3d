// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/ppp_output.h"

#include "dataplane/tables/forwarding_state.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {

void PppOutput(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint32_t flags = tables.downlink[meta.session].flags.load(std::memory_order_relaxed);
    const ppp::FrameFormat format{.pfc = (flags & kSendPfc) != 0, .acfc = (flags & kSendAcfc) != 0};
    const uint16_t protocol =
        meta.family == net::Family::kIpv4 ? ppp::kProtocolIpv4 : ppp::kProtocolIpv6;
    const size_t length = ppp::FrameHeaderLength(protocol, format);
    if (meta.l3_offset < length) {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    meta.payload_offset = static_cast<uint16_t>(meta.l3_offset - length);
    meta.payload_length = static_cast<uint16_t>(meta.l3_length + length);
    ppp::WriteFrameHeader(protocol, format, batch.At(i, meta.payload_offset));
  }
}

}  // namespace lns::dataplane
