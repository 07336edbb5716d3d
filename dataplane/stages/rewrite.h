// Writes the Ethernet header of the next hop and hands the packet to its port.
// Reads: meta.next_hop, family, l3_offset, l3_length.  Writes: the mbuf's data offset and lengths.
// Leaves by: transmit, drop(kNoNeighbour), drop(kTooBigForPort), drop(kNoTxQueue).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Rewrite(Context& context, Batch& batch);

}  // namespace lns::dataplane
