// Lets go of the packets that stages/sequence has put aside because their numbers came early: in
// order, as soon as what was missing has come or the oldest has waited the session's time. Then the
// gap is counted as lost.
// Reads: the reorder queues.  Writes: the session's uplink entry, meta.session.
// Leaves by: drop(kLatePacket), and drop(kNoSession) where the session has gone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// A source, like stages/hold: takes packets from the queues, not from the batch. Looks at
// kReorderChecksPerTurn sessions, round and round.
inline constexpr uint32_t kReorderChecksPerTurn = 8;
void ReleaseInOrder(Context& context, Batch& batch);

}  // namespace lns::dataplane
