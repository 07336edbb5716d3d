// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/mss.h"

#include "dataplane/tables/forwarding_state.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/mss.h"

namespace lns::dataplane {
namespace {

// The TCP segment in a packet, as far as it is there; empty: it is none, or not its beginning.
MutableByteView SegmentOf(net::Family family, MutableByteView packet) {
  const uint8_t* ip = packet.data();
  if (family == net::Family::kIpv4) {
    const bool begins = (LoadBe16(ip + 6) & net::kIpv4FragmentOffset) == 0;
    if (ip[9] != net::kProtocolTcp || !begins) return {};
    return packet.subspan(net::Ipv4HeaderLength(ip));
  }
  if (ip[6] == net::kProtocolTcp) return packet.subspan(net::kIpv6HeaderLength);
  const net::Ipv6Upper upper = net::FindIpv6Upper(packet);
  if (!upper.complete || upper.protocol != net::kProtocolTcp || upper.offset > packet.size()) {
    return {};
  }
  return packet.subspan(upper.offset);
}

}  // namespace

void Mss(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const DownlinkEntry& session = tables.downlink[meta.session];
    if ((session.flags.load(std::memory_order_relaxed) & kClampMss) == 0) continue;
    const MutableByteView packet(batch.At(i, meta.l3_offset), meta.l3_length);
    const MutableByteView segment = SegmentOf(meta.family, packet);
    if (!net::IsTcpSyn(segment)) continue;
    const uint32_t headers =
        net::kTcpHeaderLength +
        (meta.family == net::Family::kIpv4 ? net::kIpv4HeaderLength : net::kIpv6HeaderLength);
    const uint32_t mtu = SessionMtu(session.mru_and_mtu.load(std::memory_order_relaxed));
    if (mtu > headers && net::ClampMss(segment, static_cast<uint16_t>(mtu - headers))) {
      context.Count(RouterCounter::kMssLowered);
    }
  }
}

}  // namespace lns::dataplane
