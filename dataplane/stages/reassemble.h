// Puts outer packets together again whose path cut them into fragments: UDP to an address of ours,
// from a LAC whose link is narrow. classify gives the fragments in; the worker that owns a packet
// by its addresses and identification keeps them until all are there. What overlaps is dropped as a
// whole (RFC 5722, RFC 8200 4.5), and so is what does not become whole in time.
// Reads: the fragments, core/reassembly.h.  Writes: a whole packet in the first one's buffer,
// meta.family, l3_offset, l3_length.
// Leaves by: drop(kOuterFragment), drop(kReassemblyFull), drop(kReassemblyTime).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// For classify: the packet leaves the batch, to this worker's fragments or another's.
void TakeFragment(Context& context, Batch& batch, uint32_t i);

// For the worker: a fragment that another worker has handed over.
void StoreFragment(Context& context, rte_mbuf* packet, const PacketMeta& meta);

// A source, like stages/inject: gives out packets that are whole, and looks at a few that are not,
// round and round.
inline constexpr uint32_t kReassemblyChecksPerTurn = 8;
void Reassemble(Context& context, Batch& batch);

}  // namespace lns::dataplane
