// The story of one tunnel or session, for an operator who asks why: what it is or was, how it ended
// and its trail decoded. Plain values, any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/trail.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/net/address.h"

namespace lns::controlplane {

// How a tunnel or session ended.
struct Ending {
  Instant at;
  std::string reason;  // in words
  // RFC 3145, said by us or by the LAC.
  std::optional<l2tp::PppDisconnectCause> sent_cause;
  std::optional<l2tp::PppDisconnectCause> received_cause;
};

struct Explanation {
  SessionKey key;  // session 0: the tunnel
  std::string user_name;
  std::string host_name;  // the peer's
  std::string peer;       // as configured
  std::string profile;
  net::Endpoint peer_endpoint;
  std::string state;
  Instant created;
  std::optional<Ending> ending;  // none: it lives
  Trail trail;

  bool is_session() const { return key.session.value() != 0; }
};

struct ExplainedEvent {
  Instant at;
  TrailKind kind;
  std::string text;
};
// Oldest first.
std::vector<ExplainedEvent> EventsOf(const Trail& trail);

// "<<", ">>" for messages to and from us, "--" for what happened here.
const char* ArrowOf(TrailKind kind);

}  // namespace lns::controlplane
