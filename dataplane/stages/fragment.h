// Cuts an IPv4 packet into fragments that fit (RFC 791 3.2, RFC 1812 5.2.6). For stages/answer: no
// stage of its own, since nearly no packet needs it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// A packet that would need more is refused for its length.
inline constexpr uint32_t kMaxFragments = kBatchSize;

// How many fragments of at most `mtu` the packet at `ip` makes; 0: it may not be cut, or not into
// so few.
uint32_t CountFragments(const uint8_t* ip, uint32_t length, uint32_t mtu);

// Puts all `count` of them into the batch, which has the room, and frees the packet. False: there
// are no buffers; nothing was done.
bool MakeFragments(Context& context, Batch& batch, rte_mbuf* packet, const PacketMeta& meta,
                   uint32_t mtu, uint32_t count);

}  // namespace lns::dataplane
