// Why a link ended in the words of RFC 3145, for the PPP Disconnect Cause Code of a CDN: what the
// LAC's operator sees of it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/ppp/link.h"

namespace lns::ppp {

struct Rfc3145Cause {
  uint16_t code = 0;      // RFC 3145 3
  uint16_t protocol = 0;  // the control protocol that failed; 0: none
  uint8_t direction = 0;  // 0: neither; 1: at the peer; 2: here
};

// `role`: which end of the link ended so.
Rfc3145Cause Rfc3145CauseOf(LinkDownCause cause, Role role = Role::kServer);

}  // namespace lns::ppp
