// Packet filters of sessions, in each direction: what the first rule that matches says, of each
// filter the session has. Runs only where a session of the batch has kFiltered. All packets of a
// batch that are judged by the same filter are classified together (rte_acl). Redirects count
// uplink only; stages/route carries them out.
// Reads: meta.session, family, l3_offset, l3_length.  Writes: meta.next_hop (uplink: into
// Tables::redirects, or 0), the filter's counters.
// Leaves by: drop(kFilterDenied), drop(kFilterNoHeader).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void FilterUplink(Context& context, Batch& batch);
void FilterDownlink(Context& context, Batch& batch);

}  // namespace lns::dataplane
