// Datagrams in and out, as the protocol loop sees them: the seam that transport implements over the
// punt and inject rings and tests implement with queues. Called on the loop thread only; none of
// the calls blocks.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/lns/actions.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/punt/layout.h"

namespace lns::controlplane {

// `payload` is valid during the call it is passed to.
struct PuntedFrame {
  punt::FrameKind kind = punt::FrameKind::kL2tpControl;
  net::EndpointPair endpoints;
  SessionKey session;  // ids are 0 where the data plane knew none
  ByteView payload;
};

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void OnFrame(const PuntedFrame& frame) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Delivers at most `limit` frames of one class, taking turns between the workers' rings; returns
  // how many it took.
  virtual size_t Receive(punt::PuntClass punt_class, size_t limit, FrameSink& sink) = 0;
  // Asks to be woken by the next frame. False when one arrived meanwhile: do not sleep.
  virtual bool PrepareToSleep() = 0;
  // A full ring drops and counts; L2TP and PPP retransmit.
  virtual void SendControl(const controlplane::SendControl& message) = 0;
  virtual void SendPpp(const controlplane::SendPpp& frame) = 0;
  // Hands over what was sent since the last call.
  virtual void Flush() = 0;

  // Finding the data plane again when it is away.
  virtual void OnTimer(Instant now) = 0;
  virtual Instant NextDeadline() const = 0;
  virtual bool Attached() const = 0;
  virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;
};

}  // namespace lns::controlplane
