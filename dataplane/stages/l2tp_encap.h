// Puts L2TP, UDP and IP headers before a PPP frame, from the tunnel's prebuilt ones, and counts
// what is sent to subscribers. The UDP checksum is on unless the tunnel says otherwise (RFC
// 2661 8.1). Reads: meta.session, payload_offset, payload_length. Writes: meta.family, l3_offset,
// l3_length (the outer packet). Leaves by: drop(kNoHeadroom).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void L2tpEncap(Context& context, Batch& batch);

}  // namespace lns::dataplane
