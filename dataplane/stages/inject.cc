// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/inject.h"

#include <cstring>

#include "dataplane/stages/outer_header.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/tunnel_entry.h"
#include "lib/net/dscp.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {
namespace {

constexpr uint16_t kAddressAndControl = 2;  // FF 03
constexpr uint16_t kInjectRoom = kEncapsulationRoom + kAddressAndControl;

// Copies the payload into a new packet, with room for all headers before it. Null: no buffer.
rte_mbuf* MakePacket(Context& context, ByteView payload, PacketMeta& meta) {
  rte_mempool* pool = context.config().inject_pool;
  rte_mbuf* packet = pool != nullptr ? rte_pktmbuf_alloc(pool) : nullptr;
  if (packet == nullptr) return nullptr;
  if (packet->buf_len < kInjectRoom + payload.size()) {
    rte_pktmbuf_free(packet);
    return nullptr;
  }
  meta.payload_offset = kInjectRoom;
  meta.payload_length = static_cast<uint16_t>(payload.size());
  std::memcpy(static_cast<uint8_t*>(packet->buf_addr) + kInjectRoom, payload.data(),
              payload.size());
  return packet;
}

net::Endpoint EndpointOf(uint8_t family, const std::array<uint8_t, 16>& address, uint16_t port) {
  const size_t length = family == 4 ? 4 : 16;
  return {*net::IpAddress::FromBytes(ByteView(address).first(length)), port};
}

void InjectControl(Context& context, Batch& batch, const punt::FrameHeader& header,
                   ByteView payload) {
  if (header.local_udp_port == 0 || header.peer_udp_port == 0) {
    context.CountLoss(DropReason::kInjectBadFrame);
    return;
  }
  TunnelConfig tunnel;
  tunnel.endpoints.local = EndpointOf(header.family, header.local_address, header.local_udp_port);
  tunnel.endpoints.peer = EndpointOf(header.family, header.peer_address, header.peer_udp_port);
  tunnel.dscp = net::kControlDscp;
  PacketMeta meta;
  rte_mbuf* packet = MakePacket(context, payload, meta);
  if (packet == nullptr) {
    context.CountLoss(DropReason::kInjectNoBuffer);
    return;
  }
  auto* buffer = static_cast<uint8_t*>(packet->buf_addr);
  const TunnelEntry entry = MakeTunnelEntry(tunnel);
  WriteOuter(buffer, meta, entry, context.NextIpId(), PayloadSum(buffer, meta, entry));
  batch.Add(packet, meta);
  context.counters().inject.control.Add(1);
}

void InjectPpp(Context& context, Batch& batch, const punt::FrameHeader& header, ByteView payload) {
  const Tables& tables = context.tables();
  const uint32_t key = SessionKeyWord(header.local_tunnel_id, header.local_session_id);
  const uint32_t session = tables.sessions->Find(key);
  if (session == kNotFound) {
    context.CountLoss(DropReason::kInjectUnknownSession);
    return;
  }
  PacketMeta meta;
  rte_mbuf* packet = MakePacket(context, payload, meta);
  if (packet == nullptr) {
    context.CountLoss(DropReason::kInjectNoBuffer);
    return;
  }
  auto* buffer = static_cast<uint8_t*>(packet->buf_addr);
  meta.payload_offset = static_cast<uint16_t>(meta.payload_offset - kAddressAndControl);
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + kAddressAndControl);
  buffer[meta.payload_offset] = ppp::kAllStations;
  buffer[meta.payload_offset + 1] = ppp::kUnnumberedInformation;
  DownlinkEntry& entry = tables.downlink[session];
  const TunnelEntry& tunnel = tables.tunnels[entry.tunnel.load(std::memory_order_acquire)];
  net::ChecksumSum sum = PayloadSum(buffer, meta, tunnel);
  const uint32_t flags = entry.flags.load(std::memory_order_relaxed);
  WriteL2tpDataHeader(buffer, meta, entry, flags, sum);
  WriteOuter(buffer, meta, tunnel, context.NextIpId(), sum);
  batch.Add(packet, meta);
  context.counters().inject.ppp.Add(1);
}

}  // namespace

void Inject(Context& context, Batch& batch) {
  punt::Consumer& ring = context.inject();
  if (!ring.attached()) return;
  const uint64_t bad_before = ring.bad_frames();
  ring.Poll(kBatchSize, [&](const punt::FrameHeader& header, ByteView payload) {
    if (header.kind == punt::FrameKind::kPpp) {
      InjectPpp(context, batch, header, payload);
    } else {
      InjectControl(context, batch, header, payload);
    }
  });
  context.CountLoss(DropReason::kInjectBadFrame, ring.bad_frames() - bad_before);
}

}  // namespace lns::dataplane
