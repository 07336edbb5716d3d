// Makes packets of what the control plane sends: L2TP control between the addresses it names, PPP
// frames through their session's tunnel. Takes at most a batch from this worker's inject ring.
// Reads: the inject ring.  Writes: a new packet, meta.family, l3_offset, l3_length.
// Leaves by: drop(kInjectUnknownSession), drop(kInjectBadFrame), drop(kInjectNoBuffer).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Inject(Context& context, Batch& batch);

}  // namespace lns::dataplane
