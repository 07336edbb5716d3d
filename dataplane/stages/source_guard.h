// Checks the subscriber's IP header (RFC 1812 5.2.2) and that its source address belongs to the
// session, and counts what is accepted.
// Reads: meta.session, family, l3_offset, l3_length.  Writes: meta.l3_length (without padding).
// Leaves by: drop(kBadInnerHeader), drop(kBadInnerChecksum), drop(kSpoofedSource); IPv6 on the link
// itself (link_scope.h) by punt(kLinkControl), drop(kLinkScope), drop(kPuntBudget).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void SourceGuard(Context& context, Batch& batch);

}  // namespace lns::dataplane
