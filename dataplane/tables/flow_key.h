// What filters look at in a packet, laid out as rte_acl reads it: in network order, at fixed
// places, whatever options and extension headers the packet has. Of IPv4 addresses the first four
// bytes are set. Ports of protocols that have none are zero; ICMP has its type and code there.
//
// A first fragment too short to hold what the others are judged by, a TCP fragment that begins
// within the header (RFC 1858 3, RFC 3128), and an IPv6 header chain that is not whole in the first
// fragment (RFC 7112 5) have no key. Workers, and tests.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

inline constexpr uint8_t kFlowLaterFragment = 1;  // FlowKey::flags: a fragment but the first
inline constexpr uint8_t kFlowEstablished = 2;    // TCP with ACK or RST

struct alignas(16) FlowKey {
  uint8_t protocol = 0;  // behind IPv6 extension headers
  std::array<uint8_t, 3> unused{};
  std::array<uint8_t, 16> source{};
  std::array<uint8_t, 16> destination{};
  std::array<uint8_t, 4> ports{};  // source, destination; or ICMP's type and code, in the low bytes
  uint8_t zero = 0;
  uint8_t dscp = 0;
  uint8_t zero_too = 0;
  uint8_t flags = 0;
};
static_assert(offsetof(FlowKey, source) == 4 && offsetof(FlowKey, destination) == 20);
static_assert(offsetof(FlowKey, ports) == 36 && offsetof(FlowKey, zero) == 40);
static_assert(sizeof(FlowKey) == 48);

// Of a packet whose IP header has passed its checks, as long as that says. False: it has none.
bool MakeFlowKey(net::Family family, ByteView packet, FlowKey& key);

}  // namespace lns::dataplane
