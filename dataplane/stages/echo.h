// LCP echoes of open links (RFC 1661 5.8, 5.9), so that they do not wake the control plane: the one
// thing that the data plane sends of its own accord (docs/decisions/lcp-echo.md). Everything else
// in LCP, a link that is not open, and an echo that is odd in any way is the control plane's.
//
// TakeEcho is part of ppp_input, Echo a stage: it takes the replies that TakeEcho has made, and
// asks the subscribers whose time has come. Reads: the tables' EchoEntry of sessions with kEchoes.
// Writes: all headers of what is sent, meta as Inject does.
// Leaves by: TakeEcho: hold (a reply to be sent, or an echo that ends here), drop(kEchoRate),
// drop(kNoHeadroom). Echo: a request without a buffer is counted as kInjectNoBuffer; a subscriber
// that does not answer is told of by a frame of kind kEchoTimeout.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"

namespace lns::dataplane {

// Echo-Requests of a session that are answered from one second to the next.
inline constexpr uint8_t kEchoAnswersPerSecond = 32;

// Of a session with kEchoes: an LCP packet, behind a PPP header of `frame_header` octets. False: it
// is not for the data plane, and has not left the batch.
bool TakeEcho(Context& context, Batch& batch, uint32_t i, size_t frame_header);

void Echo(Context& context, Batch& batch);

}  // namespace lns::dataplane
