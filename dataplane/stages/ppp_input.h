// Takes the PPP header off packets of open network protocols; everything else in PPP is the control
// plane's (RFC 1661 3 to 5: control protocols, and what is to be answered by Protocol-Reject), but
// for LCP echoes (stages/echo.h).
// Reads: meta.payload_offset, payload_length, session.
// Writes: meta.family, l3_offset, l3_length (the subscriber's packet).
// Leaves by: punt(kPppControl), punt(kPppUnknownProtocol), drop(kBadPppFrame),
// drop(kProtocolNotOpen), and as TakeEcho says.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

void PppInput(Context& context, Batch& batch);

}  // namespace lns::dataplane
