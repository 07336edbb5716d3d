// What a LAC does with a subscriber before it has a tunnel for it (RFC 2661 4.4.5): negotiates LCP
// and asks who it is, but does not judge the answer; that goes to the LNS with the options of both
// sides. For LACs: the emulator's, and tests of the LNS.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/link.h"

namespace lns::ppp {

// A ProxiedLcp with its bytes.
struct LacExchange {
  Bytes initial_received;
  Bytes last_sent;
  Bytes last_received;
  std::optional<uint16_t> authen_type;
  std::string authen_name;
  Bytes authen_challenge;
  std::optional<uint16_t> authen_id;
  Bytes authen_response;

  // Views of this object.
  ProxiedLcp view() const;
};

// Starts `subscriber`, a client, and exchanges frames with it, as they are sent, until it has
// answered who it is. `settings` are the LAC's, as a server. What else the subscriber's link says,
// the first frames for the LNS among it, goes to `out`. nullopt: the two did not agree; the
// subscriber's link may have ended.
std::optional<LacExchange> ExchangeAsLac(Link& subscriber, const LinkSettings& settings, Rng& rng,
                                         Instant now, LinkActions& out);

}  // namespace lns::ppp
