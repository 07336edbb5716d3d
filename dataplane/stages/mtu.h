// Keeps packets that are longer than the subscriber can receive off the link (RFC 1661 6.1).
// Reads: meta.session, l3_length.  Leaves by: drop(kTooBigForPeer).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void Mtu(Context& context, Batch& batch);

}  // namespace lns::dataplane
