// The checksum of transport protocols over the pseudo-header of either family (RFC 768, RFC 8200
// 8.1).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"

namespace lns::net {

// `addresses` are source and destination as they stand side by side in the IP header (8 or 32
// bytes); `message` is all that follows the IP headers, exactly. Zero when the checksum in it is
// right; with a zeroed checksum field, what to store there (memory order).
inline uint16_t TransportChecksum(ByteView addresses, uint8_t protocol, ByteView message) {
  ChecksumSum sum;
  sum.Add(addresses);
  sum.AddField(protocol);
  sum.AddField(static_cast<uint16_t>(message.size()));
  sum.Add(message);
  return sum.Checksum();
}

}  // namespace lns::net
