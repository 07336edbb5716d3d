// What the protocol loop asks of the data plane's tables: the seam that southbound implements over
// gRPC and tests implement with a fake that remembers. Called on the loop thread only; none of the
// calls blocks. Outcomes come back through the mailbox as Engine::OnSessionProgrammed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/policies.h"

namespace lns::controlplane {

class Dataplane {
 public:
  virtual ~Dataplane() = default;

  virtual void ProgramTunnel(const TunnelEntry& tunnel) = 0;
  virtual void RemoveTunnel(l2tp::LocalTunnelId tunnel) = 0;
  // A refusal is always reported; success only when `confirm`.
  virtual void ProgramSession(const SessionEntry& session, bool confirm) = 0;
  virtual void RemoveSession(const SessionKey& session) = 0;

  virtual void ProgramFilter(const FilterPtr& filter) = 0;
  virtual void RemoveFilter(const std::string& name) = 0;

  // Whether new subscribers are taken: routes to pools are announced accordingly.
  virtual void SetDraining(bool on) = 0;

  // Nothing asked for is still on its way. Always true while there is no data plane: a refill
  // brings it everything.
  virtual bool Settled() const = 0;
};

}  // namespace lns::controlplane
