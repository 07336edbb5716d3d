// Checks the Ethernet and IP headers of what a port received (RFC 1812 5.2.2, RFC 8200 3) and finds
// where the IP packet begins and ends; padding of short frames is cut off.
// Reads: meta.in_port.  Writes: meta.family, l3_offset, l3_length.
// Leaves by: drop(kTruncated), drop(kBadIpHeader), drop(kBadIpChecksum); mirror: not to the port's
// MAC address (broadcast and multicast too), or not untagged IP.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Parse(Context& context, Batch& batch);

}  // namespace lns::dataplane
