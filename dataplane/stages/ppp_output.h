// Puts the PPP header before a subscriber's packet, as short as the peer's LCP options allow.
// Reads: meta.session, family, l3_offset, l3_length.
// Writes: meta.payload_offset, payload_length (the PPP frame).
// Leaves by: drop(kNoHeadroom).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void PppOutput(Context& context, Batch& batch);

}  // namespace lns::dataplane
