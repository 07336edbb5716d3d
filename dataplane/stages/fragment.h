// Cuts an IP packet into fragments that fit: IPv4 (RFC 791 3.2, RFC 1812 5.2.6), and IPv6 packets
// of our own, since nobody else's may be cut (RFC 8200 4.5). For stages/answer: no stage of its
// own, since nearly no packet needs it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// A packet that would need more is refused for its length.
inline constexpr uint32_t kMaxFragments = kBatchSize;

// RFC 8200 4.5.
inline constexpr size_t kIpv6FragmentHeaderLength = 8;
inline constexpr uint16_t kIpv6MoreFragments = 1;

// How many fragments of at most `mtu` the packet at `ip` makes, whatever its DF bit says; 0: it is
// not cut into so few. IPv6 packets have no extension headers.
uint32_t CountFragments(net::Family family, const uint8_t* ip, uint32_t length, uint32_t mtu);

// Puts all `count` of them into the batch, which has the room, and frees the packet. False: there
// are no buffers; nothing was done.
bool MakeFragments(Context& context, Batch& batch, rte_mbuf* packet, const PacketMeta& meta,
                   uint32_t mtu, uint32_t count);

}  // namespace lns::dataplane
