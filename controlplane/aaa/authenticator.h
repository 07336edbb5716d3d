// Who a user is and what they get: the seam between the protocol loop and whatever knows users
// (local users from the configuration; RADIUS). Called on the loop's thread only.
//
// Asynchronous by contract: Authenticate never answers by itself. Every request is answered exactly
// once by an AuthOutcome, which the loop fetches with TakeOutcomes() after each turn and after each
// OnTimer, and passes to Engine::OnAuthVerdict. An outcome for a session that ended meanwhile is
// the engine's to ignore. A source that answers at once simply has its outcome ready for the first
// TakeOutcomes(); one with sockets wakes the loop when one has come.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/engine.h"
#include "lib/base/time.h"

namespace lns::controlplane {

struct AuthOutcome {
  uint64_t request_id = 0;
  AuthVerdict verdict;
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  virtual void Authenticate(const AuthenticateUser& request, Instant now) = 0;
  // Appends the outcomes that are ready and forgets them.
  virtual void TakeOutcomes(std::vector<AuthOutcome>& out) = 0;
  // Retransmissions and time-outs of a remote source; local ones have none.
  virtual void OnTimer(Instant now) = 0;
  virtual Instant NextDeadline() const = 0;

  virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;
};

}  // namespace lns::controlplane
