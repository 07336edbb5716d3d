// Writes the Ethernet header of the next hop and hands the packet to its port. A packet whose next
// hop has no MAC address yet waits in the hold (stages/hold); one whose next hop has just got it
// goes behind those that wait for the same. Reads: meta.next_hop, family, l3_offset, l3_length.
// Writes: the mbuf's data offset and lengths. Leaves by: transmit, hold, drop(kHoldNextHopFull),
// drop(kHoldFull), drop(kTooBigForPort), drop(kNoTxQueue).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Rewrite(Context& context, Batch& batch);

}  // namespace lns::dataplane
