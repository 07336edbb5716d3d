// Checks the subscriber's IP header (RFC 1812 5.2.2) and that its source address belongs to the
// session, and counts what is accepted: as the session's traffic, unless a stage behind may still
// drop what is the user's to send.
// Reads: meta.session, family, vrf, l3_offset, l3_length.  Writes: meta.l3_length (without
// padding). Leaves by: drop(kBadInnerHeader), drop(kBadInnerChecksum), drop(kSpoofedSource); IPv6
// on the link itself (link_scope.h) by punt(kLinkControl), drop(kLinkScope), drop(kPuntBudget).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "dataplane/tables/entries.h"

namespace lns::dataplane {

// A batch with such a session is counted by police, behind the stages that drop by policy. The
// batch's word decides, which is the same for all of its stages, whatever sessions become
// meanwhile.
inline constexpr uint32_t kCountedByPolice = kMetered | kAggregated | kFiltered;

void SourceGuard(Context& context, Batch& batch);

}  // namespace lns::dataplane
