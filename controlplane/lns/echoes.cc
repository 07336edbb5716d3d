// Signs of life that the data plane sees and the engine does not: the LCP echoes of open sessions,
// and data.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/engine_impl.h"

namespace lns::controlplane {

// Said again until the session is closed, so what comes for one that is gone, or whose echoes are
// its link's own by now, has been said before.
void EngineImpl::OnEchoTimeout(const SessionKey& key, Instant now, EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr || session->link == nullptr || !session->open()) {
    counters_.Add(Counter::kEchoTimeoutStale);
    return;
  }
  counters_.Add(Counter::kEchoTimeout);
  ppp::LinkActions actions;
  session->link->OnEchoTimeout(now, actions);
  CarryOut(*session, actions, turn);
  FinishTurn();
}

void EngineImpl::OnTunnelData(std::span<const l2tp::LocalTunnelId> tunnels, Instant heard) {
  for (const l2tp::LocalTunnelId id : tunnels) {
    TunnelRecord* tunnel = tunnels_.Find(id);
    if (tunnel != nullptr && tunnel->l2tp != nullptr) tunnel->l2tp->OnDataSeen(heard);
  }
}

}  // namespace lns::controlplane
