// Whether a received packet is from a tunnel's peer to the tunnel's own end: all of the 4-tuple, in
// the tunnel's VRF.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/core/batch.h"
#include "dataplane/tables/entries.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// Family and VRF, which stand side by side in both structures, as one word in memory order:
// compared at the price of one of them.
inline uint16_t FamilyAndVrf(const PacketMeta& meta) {
  static_assert(offsetof(PacketMeta, vrf) == offsetof(PacketMeta, family) + 1);
  uint16_t word;
  std::memcpy(&word, reinterpret_cast<const uint8_t*>(&meta) + offsetof(PacketMeta, family),
              sizeof(word));
  return word;
}
inline uint16_t FamilyAndVrf(const TunnelEntry& tunnel) {
  static_assert(offsetof(TunnelEntry, vrf) == offsetof(TunnelEntry, family) + 1);
  uint16_t word;
  std::memcpy(&word, reinterpret_cast<const uint8_t*>(&tunnel) + offsetof(TunnelEntry, family),
              sizeof(word));
  return word;
}

inline bool IsFromPeer(const TunnelEntry& tunnel, const PacketMeta& meta, const uint8_t* ip,
                       const uint8_t* udp) {
  if (tunnel.ports != LoadBe32(udp)) return false;
  // Of a tunnel over IPv6 the pair is zero, which 0.0.0.0 is not allowed to be equal to.
  if (FamilyAndVrf(tunnel) != FamilyAndVrf(meta)) return false;
  if (meta.family == net::Family::kIpv4) {
    uint64_t pair;
    std::memcpy(&pair, ip + 12, sizeof(pair));
    return pair == tunnel.ipv4_pair;
  }
  return std::memcmp(ip + 8, tunnel.peer_address.data(), 16) == 0 &&
         std::memcmp(ip + 24, tunnel.local_address.data(), 16) == 0;
}

// Where addresses stand in an IP header of the family.
inline const uint8_t* SourceOf(net::Family family, const uint8_t* ip) {
  return ip + (family == net::Family::kIpv4 ? 12 : 8);
}
inline const uint8_t* DestinationOf(net::Family family, const uint8_t* ip) {
  return ip + (family == net::Family::kIpv4 ? 16 : 24);
}

}  // namespace lns::dataplane
