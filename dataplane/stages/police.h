// Keeps each direction of a session to its rate (RFC 2697, RFC 2698, colour-blind, by rte_meter):
// what is beyond the committed and the excess burst, or beyond the peak rate, is dropped. And all
// sessions of a tunnel, or of a peer's tunnels, to their common limit (tables/aggregate.h). Runs
// only where a session of the batch has kMetered or kAggregated. Uplink, in place of source_guard,
// it counts what passes, of every batch from which something may be dropped by policy
// (kCountedByPolice).
// Reads: meta.session, l3_length.  Writes: the session's meter, the worker's share of the limit.
// Leaves by: drop(kPoliced), drop(kAggregatePoliced).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void PoliceUplink(Context& context, Batch& batch);
void PoliceDownlink(Context& context, Batch& batch);

}  // namespace lns::dataplane
