// Proxy authentication (RFC 2661 4.4.5): what a LAC learned of the user, as the question the link
// would have asked its owner after asking the peer itself.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "lib/ppp/link.h"

namespace lns::ppp {

// RFC 2661 4.4.5, Proxy Authen Type. Types 2 and 5 are one to us: how long the response is tells.
enum class ProxyAuthenType : uint16_t {
  kText = 1,  // a login before there was PPP
  kChap = 2,
  kPap = 3,
  kNone = 4,
  kMsChapV1 = 5,
};

// Whether the LAC knows the user by other means than PPP, so that LCP need not have agreed on any
// authentication.
bool IsTextLogin(const ProxiedLcp& proxied);

// nullopt: the LAC brought nothing that answers for `agreed`, LCP's authentication protocol, and
// the peer has to be asked.
std::optional<AuthenticationNeeded> ProxiedAnswer(const ProxiedLcp& proxied, AuthProtocol agreed);

}  // namespace lns::ppp
