// The protocol loop: the one thread on which the engine lives. It feeds the engine punted frames,
// outcomes, operators' commands and the time, and carries out what the engine asks for, in order,
// through the seams Dataplane, Transport, Authenticator, SessionObserver and log.
//
// Every turn does a bounded amount of everything, so that no source starves another: each punt
// class in order with its own burst, then commands, then verdicts. Time is passed in; whoever runs
// the loop reads the clock once per turn.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "controlplane/aaa/authenticator.h"
#include "controlplane/lns/engine.h"
#include "controlplane/loop/dataplane.h"
#include "controlplane/loop/log.h"
#include "controlplane/loop/mailbox.h"
#include "controlplane/loop/session_observer.h"
#include "controlplane/loop/transport.h"
#include "lib/base/time.h"

namespace lns::controlplane {

class ProtocolLoop final : private FrameSink {
 public:
  // Bounds of one turn.
  static constexpr size_t kTunnelControlBurst = 256;
  static constexpr size_t kSessionControlBurst = 256;
  static constexpr size_t kUnprovenBurst = 64;
  static constexpr size_t kCommandBurst = 128;

  struct Parts {
    Engine& engine;
    Dataplane& dataplane;
    Transport& transport;
    Authenticator& authenticator;
    Mailbox& mailbox;
    LogSink log;
    SessionObserver* sessions = nullptr;  // none: nobody accounts for them
  };
  explicit ProtocolLoop(Parts parts);

  // Who is told of sessions from now on. Before the first turn.
  void Observe(SessionObserver* sessions) { parts_.sessions = sessions; }

  // One turn. True when a source was not drained: come back without sleeping.
  bool Turn(Instant now);
  Instant NextDeadline() const;

  // Says goodbye to every peer; keep turning until Stopped().
  void BeginShutdown(Instant now);
  bool Stopped() const;

  // Frames of a kind this version does not know.
  uint64_t unknown_frames() const { return unknown_frames_; }

 private:
  void OnFrame(const PuntedFrame& frame) override;
  void CarryOut();
  void CarryOut(const EngineAction& action);
  size_t DeliverVerdicts();

  Parts parts_;
  Instant now_;            // of this turn
  EngineActions actions_;  // empty between calls of the engine
  std::vector<AuthOutcome> verdicts_;
  bool stopping_ = false;
  uint64_t unknown_frames_ = 0;
};

}  // namespace lns::controlplane
