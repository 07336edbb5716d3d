// The authentication phase of a link (RFC 1661 3.5): whichever protocol LCP agreed on, PAP or one
// of the CHAPs, as authenticator or as peer, or none; and what goes on of it while the link is
// open: answers repeated, checks repeated. The link opens it, gives it what arrives, and does what
// the AuthSteps say.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/link.h"
#include "lib/ppp/pap.h"

namespace lns::ppp {

class Authentication {
 public:
  // Client: `credentials` are what it answers with. Server: null.
  explicit Authentication(std::unique_ptr<const Credentials> credentials)
      : credentials_(std::move(credentials)) {}

  // LCP opened and agreed on `protocol`; kNone is for servers, which then ask their owner only.
  void Begin(AuthProtocol protocol, const LinkSettings& settings, Rng& rng, Instant now,
             LinkActions& out);
  // Server, instead of Begin: `question` is about what the peer answered to somebody else.
  void BeginProxied(AuthProtocol protocol, AuthenticationNeeded question,
                    const LinkSettings& settings, Rng& rng, LinkActions& out);
  // LCP left Opened: whatever was asked or answered is void.
  void Reset();
  // A packet of the protocol begun with.
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  // The owner's answer; only while verdict_awaited(). Whether the peer is told that it is accepted.
  bool OnVerdict(const AuthenticationVerdict& verdict, Instant now, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const;

  // An AuthenticationNeeded is unanswered.
  bool verdict_awaited() const { return verdict_awaited_; }

 private:
  std::variant<std::monostate, PapAuthenticator, PapPeer, ChapAuthenticator, ChapPeer> engine_;
  std::unique_ptr<const Credentials> credentials_;
  bool verdict_awaited_ = false;
};

}  // namespace lns::ppp
