// What becomes of packets that other stages have refused (core/refused.h). Pings to an address of
// ours are answered. What is too long for the way on is cut into fragments where IPv4 allows it.
// The senders of the rest get an ICMP error, as far as rules (lib/net/icmp_error.h) and rates
// permit, and the packet is counted under the reason of the stage that refused it. The answers
// leave by the next stages as if they had just come in. RFC 1812 4.3, RFC 4443.
// Reads: the refused packets, the headers at meta.l3_offset.  Writes: new packets in old buffers,
// meta.family, l3_offset, l3_length.
// Leaves by: the reason that brought the packet here, drop(kNoFragmentBuffer).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// A source, like stages/inject: fills an empty batch with as many answers as it takes.
void Answer(Context& context, Batch& batch);

}  // namespace lns::dataplane
