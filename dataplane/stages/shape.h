// Keeps what goes to a session with a shaper to its rate: a packet that comes within the rate goes
// on at once; one that comes too early, or behind others that wait, is put into the session's queue
// (core/backlog.h), urgent ones (stages/urgent.h) before the rest. Runs only where a session of the
// batch has kShaped.
// Reads: meta.session, session_key, l3_offset, l3_length, family.  Writes: the session's shaper.
// Leaves by: hold, drop(kShaperQueueFull), drop(kShaperFull).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Shape(Context& context, Batch& batch);

}  // namespace lns::dataplane
