// What is known about where a packet goes next: which neighbour, whether its MAC address is known,
// and the Ethernet header that follows from it. For stages/rewrite and stages/hold.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <cstring>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "dataplane/core/hold.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/entries.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/base/endian.h"
#include "lib/net/ethernet.h"

namespace lns::dataplane {

// The word Adjacency::destination.
inline bool HasMac(uint64_t destination) { return (destination & kMacMask) != 0; }

// On a connected route the neighbour is the destination itself.
inline NextHop NextHopOf(const Adjacency& adjacency, const PacketMeta& meta, const uint8_t* ip) {
  if (adjacency.kind == Adjacency::Kind::kNeighbour) return {adjacency.address, adjacency.port};
  const uint8_t* destination = DestinationOf(meta.family, ip);
  return {meta.family == net::Family::kIpv4 ? net::IpAddress::V4(LoadBe32(destination))
                                            : net::IpAddress::V6(ByteView(destination, 16)),
          adjacency.port};
}

// The place of a packet in a group of next hops: the same for all packets of a flow, fragments
// included, so of addresses and session alone. The outer packets of one tunnel differ by session.
inline uint32_t PlaceInGroup(net::Family family, uint32_t session_key, const uint8_t* ip) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15u;
  uint64_t addresses[4];
  uint64_t mixed = session_key;
  if (family == net::Family::kIpv4) {
    std::memcpy(addresses, ip + 12, 8);
    mixed = (mixed ^ addresses[0]) * kOdd;
  } else {
    std::memcpy(addresses, ip + 8, 32);
    for (const uint64_t word : addresses) mixed = ((mixed ^ word) * kOdd) ^ mixed >> 32;
  }
  return static_cast<uint32_t>((mixed ^ mixed >> 32) * kOdd >> (64 - kNextHopPlacesLog2));
}

// The adjacency of a FIB value that is kFibAdjacency or above.
inline uint32_t AdjacencyIndex(const Tables& tables, uint32_t to, net::Family family,
                               uint32_t session_key, const uint8_t* ip) {
  if (to < kFibGroup) [[likely]] {
    return to - kFibAdjacency;
  }
  return tables.groups[to - kFibGroup].adjacency[PlaceInGroup(family, session_key, ip)];
}

// The port that packets leave by, asked for per packet: of one batch all leave by one, as a rule.
class OutPort {
 public:
  explicit OutPort(const Context& context) : context_(context) {}
  // To this packet's port: its MTU. 0: there is none.
  uint32_t Follow(uint16_t index) {
    if (index != index_) [[unlikely]] {
      const WorkerPort* port = context_.port(index);
      is_one_ = index_ == kMaxPorts;
      index_ = index;
      mtu_ = port != nullptr ? port->mtu : 0;
    }
    return mtu_;
  }
  // Whether it was the same for all so far: index().
  bool is_one() const { return is_one_; }
  uint16_t index() const { return index_; }

 private:
  const Context& context_;
  uint32_t mtu_ = 0;
  uint16_t index_ = kMaxPorts;
  bool is_one_ = false;
};

// Two stores and the type; the packet is then as long as its IP header and what follows.
inline void WriteEthernet(rte_mbuf* packet, const PacketMeta& meta, const Adjacency& adjacency,
                          uint64_t destination) {
  const uint32_t source_tail = adjacency.source_tail.load(std::memory_order_relaxed);
  const auto offset = static_cast<uint16_t>(meta.l3_offset - net::kEthernetHeaderLength);
  const auto length = static_cast<uint16_t>(meta.l3_length + net::kEthernetHeaderLength);
  packet->data_off = offset;
  packet->data_len = length;
  packet->pkt_len = length;
  uint8_t* frame = static_cast<uint8_t*>(packet->buf_addr) + offset;
  std::memcpy(frame, &destination, sizeof(destination));
  std::memcpy(frame + 8, &source_tail, sizeof(source_tail));
  StoreBe16(frame + 12,
            meta.family == net::Family::kIpv4 ? net::kEtherTypeIpv4 : net::kEtherTypeIpv6);
}

}  // namespace lns::dataplane
