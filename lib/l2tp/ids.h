// Tunnel and session ids (RFC 2661 3.1): 16 bits each, zero means "not assigned". Local ids are
// those we chose and the peer puts in the headers it sends us; peer ids are the reverse.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/strong_id.h"

namespace lns::l2tp {

using LocalTunnelId = StrongId<struct LocalTunnelIdTag, uint16_t>;
using PeerTunnelId = StrongId<struct PeerTunnelIdTag, uint16_t>;
using LocalSessionId = StrongId<struct LocalSessionIdTag, uint16_t>;
using PeerSessionId = StrongId<struct PeerSessionIdTag, uint16_t>;

}  // namespace lns::l2tp
