// Finds the session of each L2TP data packet and checks that it comes from the tunnel's peer, on
// the worker that owns the session (any other worker hands the packet over). Reads:
// meta.session_key, l3_offset, l4_offset, vrf.  Writes: meta.session, vrf (the session's from here
// on). Leaves by: hand-off, drop(kNoSession), drop(kWrongPeer).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void SessionLookup(Context& context, Batch& batch);

}  // namespace lns::dataplane
