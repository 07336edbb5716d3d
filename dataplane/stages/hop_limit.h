// Spends one hop of a forwarded packet (RFC 1812 5.2.3, RFC 8200 3): once per packet, in whichever
// pipeline it leaves by.
// Reads: meta.family, l3_offset.  Leaves by: drop(kHopLimit).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void HopLimit(Context& context, Batch& batch);

}  // namespace lns::dataplane
