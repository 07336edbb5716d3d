// Differentiated Services code points (RFC 2474): those that more than one part of the project must
// agree on, and where they stand in IP headers. Explicit congestion notification (RFC 3168), in the
// same octet, is left alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/net/checksum.h"

namespace lns::net {

// CS6, of network control (RFC 4594 3.2): what L2TP control messages are marked with. The data
// plane writes it; the control plane tells it peers that ask (RFC 3308).
inline constexpr uint8_t kControlDscp = 48;

// Of what must not wait (RFC 3246, RFC 5865).
inline constexpr uint8_t kExpeditedForwarding = 46;
inline constexpr uint8_t kVoiceAdmit = 44;

inline uint8_t DscpOf(Family family, const uint8_t* ip) {
  const uint16_t first = LoadBe16(ip);
  return static_cast<uint8_t>((family == Family::kIpv4 ? first >> 2 : first >> 6) & 0x3f);
}

// In place; an IPv4 header's checksum is updated (RFC 1624).
inline void SetDscp(Family family, uint8_t* ip, uint8_t dscp) {
  const uint16_t before = LoadBe16(ip);
  if (family == Family::kIpv4) {
    const auto after = static_cast<uint16_t>((before & 0xff03) | dscp << 2);
    StoreBe16(ip, after);
    StoreBe16(ip + 10, UpdateChecksum(LoadBe16(ip + 10), before, after));
  } else {
    StoreBe16(ip, static_cast<uint16_t>((before & 0xf03f) | dscp << 6));
  }
}

}  // namespace lns::net
