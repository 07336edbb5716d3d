// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/classify.h"

#include <array>

#include "dataplane/stages/batch_port.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/stages/reassemble.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/l2tp/header.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

// The UDP header's place; 0 where the packet is not UDP, kFragment where it may be a piece of one.
constexpr uint16_t kFragment = 0xffff;
uint16_t UdpOffset(const PacketMeta& meta, const uint8_t* ip) {
  if (meta.family == net::Family::kIpv4) {
    if (ip[9] != net::kProtocolUdp) return 0;
    if (net::IsIpv4Fragment(ip)) return kFragment;
    return static_cast<uint16_t>(meta.l3_offset + net::Ipv4HeaderLength(ip));
  }
  if (ip[6] == net::kNextHeaderFragment) {
    const bool is_others =
        meta.l3_length > net::kIpv6HeaderLength && ip[net::kIpv6HeaderLength] != net::kProtocolUdp;
    return is_others ? 0 : kFragment;
  }
  if (ip[6] != net::kProtocolUdp) return 0;
  return static_cast<uint16_t>(meta.l3_offset + net::kIpv6HeaderLength);
}

bool UdpChecksumIsRight(const PacketMeta& meta, const uint8_t* ip, ByteView datagram,
                        uint16_t checksum) {
  if (checksum == 0) return meta.family == net::Family::kIpv4;
  const size_t addresses = meta.family == net::Family::kIpv4 ? 8 : 32;
  return net::UdpChecksum(ByteView(SourceOf(meta.family, ip), addresses), datagram) == 0;
}

bool DeviceSaysBad(const rte_mbuf& packet) {
  return (packet.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

void PuntControl(Context& context, Batch& batch, uint32_t i, uint16_t tunnel_id) {
  PacketMeta& meta = batch.meta(i);
  if (tunnel_id == 0) {
    batch.Punt(i, punt::PuntReason::kNewTunnel);
    return;
  }
  const Tables& tables = context.tables();
  const uint32_t index = tables.tunnel_by_id[tunnel_id].load(std::memory_order_acquire);
  if (index == kNotFound) {
    batch.Punt(i, punt::PuntReason::kUnknownTunnel);
    return;
  }
  if (!IsFromPeer(tables.tunnels[index], meta, batch.At(i, meta.l3_offset),
                  batch.At(i, meta.l4_offset))) {
    batch.Punt(i, punt::PuntReason::kForeignControl);
    return;
  }
  meta.session_key = SessionKeyWord(tunnel_id, 0);
  batch.Punt(i, punt::PuntReason::kTunnelControl);
}

void ClassifyControl(Context& context, Batch& batch, uint32_t i, ByteView datagram,
                     uint16_t udp_checksum) {
  PacketMeta& meta = batch.meta(i);
  if (!UdpChecksumIsRight(meta, batch.At(i, meta.l3_offset), datagram, udp_checksum)) {
    batch.Drop(i, DropReason::kBadUdpChecksum);
    return;
  }
  l2tp::Header header;
  if (l2tp::ParseHeader(datagram.subspan(net::kUdpHeaderLength), header) !=
      l2tp::HeaderError::kNone) {
    batch.Drop(i, DropReason::kBadControlHeader);
    return;
  }
  meta.payload_length = static_cast<uint16_t>(header.end);
  PuntControl(context, batch, i, header.tunnel_id);
}

void ClassifyData(Batch& batch, uint32_t i, ByteView payload, uint16_t flags,
                  uint16_t udp_checksum) {
  PacketMeta& meta = batch.meta(i);
  const bool missing = udp_checksum == 0 && meta.family == net::Family::kIpv6;
  if (DeviceSaysBad(*batch.packet(i)) || missing) {
    batch.Drop(i, DropReason::kBadUdpChecksum);
    return;
  }
  const size_t ids = (flags & l2tp::kLengthBit) != 0 ? 4 : 2;
  if (payload.size() < ids + 4) {
    batch.Drop(i, DropReason::kBadUdpLength);
    return;
  }
  meta.session_key = LoadBe32(payload.data() + ids);
}

[[gnu::noinline]] void ClassifyLocal(Context& context, Batch& batch, uint32_t i) {
  PacketMeta& meta = batch.meta(i);
  const uint8_t* ip = batch.At(i, meta.l3_offset);
  const uint16_t udp_offset = UdpOffset(meta, ip);
  if (udp_offset == 0) {
    batch.Mirror(i);
    return;
  }
  if (udp_offset == kFragment) {
    TakeFragment(context, batch, i);
    return;
  }
  const auto room = static_cast<size_t>(meta.l3_offset + meta.l3_length - udp_offset);
  const ByteView bytes(batch.At(i, udp_offset), room);
  net::UdpHeader udp;
  const bool length_fits = net::ParseUdp(bytes, udp);
  if (room >= net::kUdpHeaderLength && udp.destination_port != l2tp::kUdpPort) {
    batch.Mirror(i);
    return;
  }
  if (!length_fits || udp.length < net::kUdpHeaderLength + l2tp::kMinHeaderLength) {
    batch.Drop(i, DropReason::kBadUdpLength);
    return;
  }
  meta.l4_offset = udp_offset;
  meta.payload_offset = static_cast<uint16_t>(udp_offset + net::kUdpHeaderLength);
  meta.payload_length = static_cast<uint16_t>(udp.length - net::kUdpHeaderLength);
  const ByteView datagram = bytes.first(udp.length);
  const uint16_t flags = LoadBe16(datagram.data() + net::kUdpHeaderLength);
  if ((flags & l2tp::kVersionMask) != l2tp::kVersion) {
    batch.Drop(i, DropReason::kL2tpVersion);
  } else if ((flags & l2tp::kControlBit) != 0) {
    ClassifyControl(context, batch, i, datagram, udp.checksum);
  } else {
    ClassifyData(batch, i, datagram.subspan(net::kUdpHeaderLength), flags, udp.checksum);
  }
}

// L2TP data over IPv4 without options and nothing wrong with it: nearly every packet, with few
// instructions. False: ClassifyLocal is to look closely. What is read before the lengths are known
// to be right is in the packet's buffer all the same.
bool ClassifyPlainData(PacketMeta& meta, const rte_mbuf& packet, const uint8_t* ip) {
  // From byte 6 on: flags and fragment offset (all but "do not fragment"), TTL, protocol.
  constexpr uint32_t kFragmentAndProtocol =
      uint32_t{net::kIpv4MoreFragments | net::kIpv4FragmentOffset} << 16 | 0xff;
  constexpr uint16_t kTypeAndVersion = l2tp::kControlBit | l2tp::kVersionMask;
  constexpr uint32_t kLongestFixed = net::kUdpHeaderLength + 8;  // flags, Length, both ids
  const uint8_t* udp = ip + net::kIpv4HeaderLength;
  const uint8_t* header = udp + net::kUdpHeaderLength;
  const uint32_t length = LoadBe16(udp + 4);
  const uint32_t flags = LoadBe16(header);
  if (ip[0] != net::kIpv4NoOptions ||
      (LoadBe32(ip + 6) & kFragmentAndProtocol) != net::kProtocolUdp ||
      LoadBe16(udp + 2) != l2tp::kUdpPort || length < kLongestFixed ||
      length + net::kIpv4HeaderLength > meta.l3_length ||
      (flags & kTypeAndVersion) != l2tp::kVersion || DeviceSaysBad(packet)) {
    return false;
  }
  const uint32_t l4_offset = meta.l3_offset + uint32_t{net::kIpv4HeaderLength};
  meta.l4_offset = static_cast<uint16_t>(l4_offset);
  meta.payload_offset = static_cast<uint16_t>(l4_offset + net::kUdpHeaderLength);
  meta.payload_length = static_cast<uint16_t>(length - net::kUdpHeaderLength);
  // Where the length bit is set the ids stand two bytes further on.
  static_assert(l2tp::kLengthBit >> 13 == 2);
  meta.session_key = LoadBe32(header + 2 + ((flags & l2tp::kLengthBit) >> 13));
  return true;
}

// Where to by the FIB. Packets from LACs are all to one address of ours, or few.
class Destinations {
 public:
  Destinations(const Fib& fib, VrfIndex vrf) : fib_(fib), vrf_(vrf) {}
  // From here on packets are of this VRF.
  void Turn(VrfIndex vrf) {
    vrf_ = vrf;
    last_ = UINT64_MAX;
  }
  uint32_t Lookup(net::Family family, const uint8_t* ip) {
    if (family != net::Family::kIpv4) [[unlikely]]
      return fib_.Lookup(vrf_, family, DestinationOf(family, ip));
    const uint32_t address = LoadBe32(DestinationOf(family, ip));
    if (address != last_) {
      last_ = address;
      to_ = fib_.Lookup(vrf_, net::Family::kIpv4, DestinationOf(family, ip));
    }
    return to_;
  }

 private:
  const Fib& fib_;
  VrfIndex vrf_;
  uint64_t last_ = UINT64_MAX;  // no address
  uint32_t to_ = kFibNoRoute;
};

}  // namespace

void Classify(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const SessionTable& sessions = *tables.sessions;
  const SubscriberTable& subscribers = *tables.subscribers;
  const uint32_t count = batch.size();
  std::array<uint8_t, kBatchSize> to_downlink;
  uint32_t downlink_count = 0;
  BatchPort port(context, batch);
  Destinations destinations(*tables.fib, port->vrf);
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (port.Follow(meta)) [[unlikely]] {
      destinations.Turn(port->vrf);
    }
    const PortRole role = port->role;
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    const uint32_t to = destinations.Lookup(meta.family, ip);
    if (to == kFibLocal && role != PortRole::kCore) {
      if (meta.family != net::Family::kIpv4 || !ClassifyPlainData(meta, *batch.packet(i), ip))
          [[unlikely]] {
        ClassifyLocal(context, batch, i);
      }
      sessions.Prefetch(meta.session_key);
    } else if (to == kFibSubscriber && role != PortRole::kAccess) {
      // Of IPv6 it is in vain.
      subscribers.PrefetchHost(LoadBe32(DestinationOf(meta.family, ip)));
      to_downlink[downlink_count++] = static_cast<uint8_t>(i);
    } else if (to == kFibGateway && role != PortRole::kAccess) {
      batch.Drop(i, DropReason::kToOwnAddress);
    } else {
      batch.Mirror(i);
    }
  }
  if (downlink_count == count) {
    batch.AllToDownlink();
    return;
  }
  for (uint32_t n = 0; n < downlink_count; ++n) batch.ToDownlink(to_downlink[n]);
}

}  // namespace lns::dataplane
