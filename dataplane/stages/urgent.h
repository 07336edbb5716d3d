// Which packets go before others where they have to wait: small ones that people or protocols wait
// for. ICMP, DNS, acknowledgements of TCP without data, and what is marked Expedited Forwarding
// (RFC 3246, RFC 5865) or network control (RFC 4594). Only the fixed headers are looked at.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// No longer than this, headers included, is an ICMP or DNS message small: the least that an IPv4
// host takes (RFC 791).
inline constexpr size_t kSmallPacket = 576;

// `packet`: an IP packet whose header has been checked, without what is behind it.
bool IsUrgent(net::Family family, ByteView packet);

}  // namespace lns::dataplane
