// Lowers the maximum segment size of TCP connections that begin, for sessions that want it: to what
// fits the link to the subscriber, whichever end announces it. Runs only where a session of the
// batch has kClampMss.
// Reads: meta.session, family, l3_offset, l3_length.  Writes: TCP's option and checksum.
// Leaves by: nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Mss(Context& context, Batch& batch);

}  // namespace lns::dataplane
