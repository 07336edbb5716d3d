// Takes the L2TP data header off: optional length, sequence numbers (not looked at) and offset
// (RFC 2661 3.1).
// Reads: meta.payload_offset, payload_length.  Writes: the same, now of the PPP frame.
// Leaves by: drop(kBadL2tpLength).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void L2tpDecap(Context& context, Batch& batch);

}  // namespace lns::dataplane
