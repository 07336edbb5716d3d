// What a subscriber says on its own link instead of through it: IPv6 packets from a link-local
// address or none to a link-local or link-wide one (RFC 4291 2.5.6, 2.7). They are never forwarded;
// those a router answers are the control plane's: Router and Neighbour Solicitations, pings of the
// link's other end (RFC 4861, RFC 4443), DHCPv6 to servers (RFC 8415). Extension headers are not
// walked: what needs them (multicast listeners' reports) is nothing to this router.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {

enum class LinkScope : uint8_t {
  kNone,     // not of the link's scope
  kControl,  // for the control plane
  kOther,    // nobody's here
};

namespace link_scope {

inline bool IsLinkLocal(const uint8_t* address) { return (LoadBe16(address) & 0xffc0) == 0xfe80; }
inline bool IsUnspecified(const uint8_t* address) {
  return (LoadBe32(address) | LoadBe32(address + 4) | LoadBe32(address + 8) |
          LoadBe32(address + 12)) == 0;
}
// Any flags, scope 2.
inline bool IsLinkMulticast(const uint8_t* address) {
  return address[0] == 0xff && (address[1] & 0x0f) == 2;
}

}  // namespace link_scope

// `packet` is a checked IPv6 packet.
inline LinkScope LinkScopeOf(ByteView packet) {
  constexpr uint16_t kDhcpv6Server = 547;
  const uint8_t* source = packet.data() + 8;
  const uint8_t* destination = packet.data() + 24;
  if (!link_scope::IsLinkLocal(source) && !link_scope::IsUnspecified(source)) {
    return LinkScope::kNone;
  }
  if (!link_scope::IsLinkLocal(destination) && !link_scope::IsLinkMulticast(destination)) {
    return LinkScope::kNone;
  }
  const ByteView payload = packet.subspan(net::kIpv6HeaderLength);
  const uint8_t next_header = packet[6];
  if (payload.size() < 4) return LinkScope::kOther;
  if (next_header == net::kProtocolUdp && LoadBe16(payload.data() + 2) == kDhcpv6Server) {
    return LinkScope::kControl;
  }
  const bool is_asked =
      next_header == net::kProtocolIcmpv6 &&
      (payload[0] == net::kIcmpv6RouterSolicitation ||
       payload[0] == net::kIcmpv6NeighbourSolicitation || payload[0] == net::kIcmpv6EchoRequest);
  return is_asked ? LinkScope::kControl : LinkScope::kOther;
}

}  // namespace lns::dataplane
