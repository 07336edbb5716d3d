// Whether a received packet is from a tunnel's peer to the tunnel's own end: all of the 4-tuple.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/tables/entries.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

inline bool IsFromPeer(const TunnelEntry& tunnel, net::Family family, const uint8_t* ip,
                       const uint8_t* udp) {
  if (tunnel.ports != LoadBe32(udp)) return false;
  if (family == net::Family::kIpv4) {
    uint64_t pair;
    std::memcpy(&pair, ip + 12, sizeof(pair));
    // Of a tunnel over IPv6 the pair is zero, which 0.0.0.0 is not allowed to be equal to.
    return pair == tunnel.ipv4_pair && tunnel.family == net::Family::kIpv4;
  }
  return tunnel.family == family && std::memcmp(ip + 8, tunnel.peer_address.data(), 16) == 0 &&
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
