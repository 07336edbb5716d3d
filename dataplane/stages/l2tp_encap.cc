// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/l2tp_encap.h"

#include "dataplane/stages/outer_header.h"
#include "dataplane/stages/ppp_header.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/ipv4.h"

namespace lns::dataplane {
namespace {

// Of the PPP frame; nothing where the tunnel's UDP checksum is off. What the header stages have
// just written is not read back: the PPP header is known, and an IPv4 header whose checksum is
// right (checked where the packet came in) adds nothing, since its words sum to minus zero.
net::ChecksumSum FrameSum(const uint8_t* buffer, const PacketMeta& meta, uint32_t session_flags,
                          const TunnelEntry& tunnel) {
  net::ChecksumSum sum;
  if (tunnel.udp_checksum_off) return sum;
  const uint8_t* ip = buffer + meta.l3_offset;
  const bool is_v4 = meta.family == net::Family::kIpv4;
  const size_t skipped = is_v4 ? net::Ipv4HeaderLength(ip) : 0;
  sum.Add(ByteView(ip + skipped, meta.l3_length - skipped));
  const PppHeader& header = PppHeaderOf(session_flags, meta.family);
  if (header.length % 2 != 0) sum.ShiftByOneByte();
  sum.AddWord(header.sum);
  return sum;
}

}  // namespace

void L2tpEncap(Context& context, Batch& batch) {
  const std::span<DownlinkEntry> sessions = context.tables().downlink;
  const std::span<TunnelEntry> tunnels = context.tables().tunnels;
  const uint32_t count = batch.size();
  IpIds ip_ids = context.TakeIpIds(count);
  uint64_t bytes = 0;
  uint32_t sent = 0;
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (meta.payload_offset < kEncapsulationRoom) [[unlikely]] {
      batch.Drop(i, DropReason::kNoHeadroom);
      continue;
    }
    DownlinkEntry& session = sessions[meta.session];
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    bytes += meta.l3_length;
    ++sent;
    uint8_t* buffer = batch.At(i, 0);
    const TunnelEntry& tunnel = tunnels[session.tunnel.load(std::memory_order_acquire)];
    const uint32_t flags = session.flags.load(std::memory_order_relaxed);
    net::ChecksumSum sum = FrameSum(buffer, meta, flags, tunnel);
    WriteL2tpDataHeader(buffer, meta, session, flags, sum);
    WriteOuter(buffer, meta, tunnel, ip_ids.Next(), sum);
    WriteSessionDscp(buffer, meta, flags);
    // Comes back in fragments.
    if (meta.l3_length > tunnel.path_mtu) [[unlikely]]
      batch.Drop(i, DropReason::kTooBigForPort);
  }
  context.counters().traffic.downlink_packets.Add(sent);
  context.counters().traffic.downlink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
