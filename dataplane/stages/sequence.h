// Data sequencing of sessions that have it (RFC 2661 5.4): the numbers of what the peer sends.
// Missing numbers are counted; a packet whose number is past is dropped; one that comes early may
// wait, in order and for a bounded time, for what is missing before it (stages/reorder). A peer
// that starts its numbers anew is followed as soon as kResyncAfter packets in a row came in the new
// order, each of them past in the old one.
//
// Packets without a number, and numbers of sessions without sequencing, mean nothing (RFC 2661
// 5.4: the LNS decides); a batch without any is not even looked at.
// Reads: meta.session, session_key, l4_offset, the L2TP header.  Writes: the session's uplink
// entry. Leaves by: drop(kLatePacket, kReorderFull), hold; drop(kNoSession) where the session has
// gone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

inline constexpr uint8_t kResyncAfter = 4;

void Sequence(Context& context, Batch& batch);

}  // namespace lns::dataplane
