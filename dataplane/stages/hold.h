// Looks after the packets that stages/rewrite has put aside until the MAC address of their next hop
// is known. Once it is, they leave in the order they came. A packet whose route leads elsewhere by
// now goes on to the next stages, which route it anew; so a neighbour or route that goes away never
// takes a packet along without a name. What nobody answers for in time is dropped.
// Reads: the hold, meta.family, l3_offset.  Writes: the mbuf's data offset and lengths.
// Leaves by: transmit, drop(kNoNeighbour).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

struct Adjacency;

// A source, like stages/inject: takes packets from the hold, not from the batch. Looks at
// kHoldChecksPerTurn next hops, round and round, so that a worker's turn stays short however many
// there are.
inline constexpr uint32_t kHoldChecksPerTurn = 8;
void ReleaseHeld(Context& context, Batch& batch);

// For stages/rewrite: sends everything that waits in the queue, ahead of what is being rewritten.
// `destination` is the adjacency's word, with a MAC address.
void SendHeld(Context& context, uint32_t queue, const Adjacency& adjacency, uint64_t destination);

// Has the next hop of the queue resolved, unless that was asked for a moment ago.
void AskForMac(Context& context, uint32_t queue, uint64_t now);

}  // namespace lns::dataplane
