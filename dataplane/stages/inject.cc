// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/inject.h"

#include "dataplane/stages/outer_header.h"
#include "dataplane/stages/own_frame.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/tunnel_entry.h"
#include "lib/net/dscp.h"

namespace lns::dataplane {
namespace {

net::Endpoint EndpointOf(uint8_t family, const std::array<uint8_t, 16>& address, uint16_t port) {
  const size_t length = family == 4 ? 4 : 16;
  return {*net::IpAddress::FromBytes(ByteView(address).first(length)), port};
}

void InjectControl(Context& context, Batch& batch, const punt::FrameHeader& header,
                   ByteView payload) {
  if (header.local_udp_port == 0 || header.peer_udp_port == 0 || header.vrf >= kMaxVrfs) {
    context.CountLoss(DropReason::kInjectBadFrame);
    return;
  }
  TunnelConfig tunnel;
  tunnel.endpoints.local = EndpointOf(header.family, header.local_address, header.local_udp_port);
  tunnel.endpoints.peer = EndpointOf(header.family, header.peer_address, header.peer_udp_port);
  tunnel.dscp = net::kControlDscp;
  tunnel.endpoints.vrf = static_cast<VrfIndex>(header.vrf);
  PacketMeta meta;
  rte_mbuf* packet = MakeOwnPacket(context, payload, meta);
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
  rte_mbuf* packet = MakeOwnPacket(context, payload, meta);
  if (packet == nullptr) {
    context.CountLoss(DropReason::kInjectNoBuffer);
    return;
  }
  WriteSessionHeaders(context, session, static_cast<uint8_t*>(packet->buf_addr), meta);
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
