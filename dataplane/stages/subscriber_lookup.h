// Finds the session that owns the destination, on the worker that owns the session (any other
// worker hands the packet over).
// Reads: meta.family, vrf, l3_offset.  Writes: meta.session, session_key.
// Leaves by: hand-off, drop(kNoSubscriber), drop(kSubscriberNotOpen).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void SubscriberLookup(Context& context, Batch& batch);

}  // namespace lns::dataplane
