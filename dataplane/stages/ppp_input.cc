// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/ppp_input.h"

#include "dataplane/stages/echo.h"
#include "dataplane/stages/usual_packet.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {
namespace {

struct NetworkProtocol {
  net::Family family = net::Family::kNone;
  uint32_t open_flag = 0;
};

NetworkProtocol CarriedBy(uint16_t protocol) {
  if (protocol == ppp::kProtocolIpv4) return {net::Family::kIpv4, kIpv4Open};
  if (protocol == ppp::kProtocolIpv6) return {net::Family::kIpv6, kIpv6Open};
  return {};
}

}  // namespace

void PppInput(Context& context, Batch& batch) {
  const std::span<UplinkEntry> sessions = context.tables().uplink;
  const uint32_t count = batch.size();
  uint32_t all_flags = 0;
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const ByteView frame(batch.At(i, meta.payload_offset), meta.payload_length);
    const bool is_whole = frame.size() >= ppp::kMaxFrameHeader;
    const ppp::FrameHeader header = is_whole && LoadBe32(frame.data()) == kWholeIpv4Frame
                                        ? ppp::FrameHeader{ppp::kProtocolIpv4, ppp::kMaxFrameHeader}
                                        : ppp::ParseFrameHeader(frame);
    if (!header.ok()) {
      batch.Drop(i, DropReason::kBadPppFrame);
      continue;
    }
    const uint32_t flags = sessions[meta.session].flags.load(std::memory_order_acquire);
    const NetworkProtocol carried = CarriedBy(header.protocol);
    all_flags |= flags;
    if ((flags & carried.open_flag) != 0) [[likely]] {
      meta.family = carried.family;
      meta.l3_offset = static_cast<uint16_t>(meta.payload_offset + header.length);
      meta.l3_length = static_cast<uint16_t>(meta.payload_length - header.length);
      continue;
    }
    if (!ppp::IsNetworkData(header.protocol)) {
      const bool echoes = (flags & kEchoes) != 0 && header.protocol == ppp::kProtocolLcp;
      if (!echoes || !TakeEcho(context, batch, i, header.length)) {
        batch.Punt(i, punt::PuntReason::kPppControl);
      }
    } else if (carried.family == net::Family::kNone && (flags & (kIpv4Open | kIpv6Open)) != 0) {
      batch.Punt(i, punt::PuntReason::kPppUnknownProtocol);
    } else {
      // Before the network phase data of any kind is discarded silently (RFC 1661 3.4, 3.5); an
      // NCP that is closed is the peer's to open.
      batch.Drop(i, DropReason::kProtocolNotOpen);
    }
  }
  batch.set_session_flags(all_flags);
}

}  // namespace lns::dataplane
