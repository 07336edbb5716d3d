// Lets packets go that stages/shape has made wait, each session's at its rate, and drops some where
// they have waited too long for too long (core/codel.h). A session that is gone, or whose network
// protocol has closed, takes what waits for it along by name; one whose shaper was taken away gets
// it at once.
// Reads: the backlog.  Writes: meta.session, the session's shaper.
// Leaves by: drop(kShaperDelayed), drop(kShaperSessionGone).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// A source, like stages/hold: fills the batch, looks at kQueuesPerTurn sessions whose time has
// come, and lets no more than kPacketsPerVisit of one go before it looks at the next.
inline constexpr uint32_t kQueuesPerTurn = 64;
inline constexpr uint32_t kPacketsPerVisit = 8;
void Dequeue(Context& context, Batch& batch);

}  // namespace lns::dataplane
