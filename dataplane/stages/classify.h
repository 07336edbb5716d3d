// Decides by destination address whether a packet is ours: L2TP to one of our addresses, a
// subscriber's from the core, or Linux's. L2TP control leaves here: full header and UDP checksum
// are checked first, since it comes from anyone. The UDP checksum of data is not recomputed (a
// device that found it wrong is believed): what is inside has checksums of its own. Reads:
// meta.family, l3_offset, l3_length, in_port. Writes: meta.l4_offset, payload_offset and
// payload_length (the L2TP packet), session_key. Leaves by: to the downlink pipeline;
// punt(kTunnelControl), punt(kNewTunnel), punt(kUnknownTunnel), punt(kForeignControl);
// to the fragments (stages/reassemble); drop(kBadUdpLength), drop(kBadUdpChecksum),
// drop(kL2tpVersion), drop(kBadControlHeader); mirror.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Classify(Context& context, Batch& batch);

}  // namespace lns::dataplane
