// Looks up the next hop, in the packet's VRF. What a subscriber sends may be for another
// subscriber; what we encapsulate may not (the tunnel would run through itself). A filter's
// redirect goes before the destination. Reads: meta.family, vrf, l3_offset; of filtered sessions
// meta.next_hop (stages/filter).  Writes: meta.next_hop. Leaves by: drop(kNoRoute),
// drop(kNoRedirect); uplink, and what we answer: to the downlink pipeline, drop(kToOwnAddress);
// encapsulated: drop(kTunnelLoop); out of the hold: drop(kHoldRouteGone).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void RouteUplink(Context& context, Batch& batch);
void RouteEncapsulated(Context& context, Batch& batch);
void RouteHeld(Context& context, Batch& batch);  // the next hop has changed while it waited

}  // namespace lns::dataplane
