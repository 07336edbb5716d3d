// Keeps each direction of a session to its rate (RFC 2697, RFC 2698, colour-blind, by rte_meter):
// what is beyond the committed and the excess burst, or beyond the peak rate, is dropped. Runs only
// where a session of the batch has kMetered.
// Reads: meta.session, l3_length.  Writes: the session's meter.  Leaves by: drop(kPoliced).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void PoliceUplink(Context& context, Batch& batch);
void PoliceDownlink(Context& context, Batch& batch);

}  // namespace lns::dataplane
