// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/own_frame.h"

#include <cstring>

#include "dataplane/tables/forwarding_state.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {

rte_mbuf* MakeOwnPacket(Context& context, ByteView payload, PacketMeta& meta) {
  rte_mempool* pool = context.config().inject_pool;
  rte_mbuf* packet = pool != nullptr ? rte_pktmbuf_alloc(pool) : nullptr;
  if (packet == nullptr) return nullptr;
  if (packet->buf_len < kOwnFrameRoom + payload.size()) {
    rte_pktmbuf_free(packet);
    return nullptr;
  }
  meta.payload_offset = kOwnFrameRoom;
  meta.payload_length = static_cast<uint16_t>(payload.size());
  std::memcpy(static_cast<uint8_t*>(packet->buf_addr) + kOwnFrameRoom, payload.data(),
              payload.size());
  return packet;
}

void WriteSessionHeaders(Context& context, uint32_t session, uint8_t* buffer, PacketMeta& meta) {
  const Tables& tables = context.tables();
  meta.payload_offset = static_cast<uint16_t>(meta.payload_offset - kAddressAndControl);
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + kAddressAndControl);
  buffer[meta.payload_offset] = ppp::kAllStations;
  buffer[meta.payload_offset + 1] = ppp::kUnnumberedInformation;
  DownlinkEntry& entry = tables.downlink[session];
  const uint32_t tunnel_word = entry.tunnel.load(std::memory_order_acquire);
  const TunnelEntry& tunnel = tables.tunnels[TunnelIndex(tunnel_word)];
  net::ChecksumSum sum = PayloadSum(buffer, meta, tunnel);
  const uint32_t flags = entry.flags.load(std::memory_order_relaxed);
  WriteL2tpDataHeader(buffer, meta, entry, flags, sum);
  WriteOuter(buffer, meta, tunnel, context.NextIpId(), sum);
}

}  // namespace lns::dataplane
