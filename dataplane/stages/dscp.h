// Marks packets of sessions that have a DSCP policy: inside, in each direction, and outside, from
// the mark inside, behind l2tp_encap. Runs only where a session of the batch has kDscpPolicy.
// RFC 2474, RFC 2983 (what the tunnel shows of what is inside).
// Reads: meta.session, family, l3_offset; outside: the L2TP and PPP headers.
// Writes: the DSCP, and an IPv4 header's checksum.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void DscpUplink(Context& context, Batch& batch);
void DscpDownlink(Context& context, Batch& batch);
void DscpOuter(Context& context, Batch& batch);

}  // namespace lns::dataplane
