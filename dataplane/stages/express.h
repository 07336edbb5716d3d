// The way of nearly every packet in one loop: for packets about which there is nothing to tell, of
// sessions that use none of the features that have a flag, it does what the stages behind it in the
// pipeline do one after the other, without the loads and stores by which these tell each
// other what they have found out. Whatever is otherwise it leaves to them untouched, the order
// of each flow kept: a session that is not plain goes that way with all its packets, and behind
// another oddity so does the rest of the batch. Nothing is dropped, punted or held here.
//
// The stages are the definition; a test sends the same traffic both ways and compares.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// l2tp_decap, ppp_input, source_guard, route, hop_limit and rewrite, for IPv4 in L2TP.
// Reads: meta.session, payload_offset, payload_length.  Writes: headers, mbuf offset and lengths.
// Leaves by: transmit.
void ExpressUplink(Context& context, Batch& batch);

// mtu, hop_limit, ppp_output, l2tp_encap, route and rewrite, for IPv4 in L2TP over IPv4.
// Reads: meta.session, session_key, family, l3_offset, l3_length.  Writes and leaves as above.
void ExpressDownlink(Context& context, Batch& batch);

}  // namespace lns::dataplane
