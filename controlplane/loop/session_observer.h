// Who is told what becomes of sessions and tunnels: the seam between the protocol loop and
// accounting. Called on the loop thread, in the order in which things happen; none of the calls
// blocks.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "controlplane/lns/actions.h"
#include "controlplane/lns/session_facts.h"

namespace lns::controlplane {

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;

  virtual void OnSessionStarted(const SessionStarted& started) = 0;
  virtual void OnSessionChanged(const SessionChanged& changed) = 0;
  virtual void OnSessionStopped(const SessionStopped& stopped) = 0;
  virtual void OnTunnelStarted(const TunnelStarted& started) = 0;
  virtual void OnTunnelStopped(const TunnelStopped& stopped) = 0;
  virtual void OnTunnelRejected(const TunnelRejected& rejected) = 0;
  virtual void OnCallRejected(const CallRejected& rejected) = 0;
  virtual void OnServiceOrderDone(const ServiceOrderDone& done) = 0;
};

}  // namespace lns::controlplane
