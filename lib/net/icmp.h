// The ICMP and ICMPv6 header (RFC 792, RFC 4443 2.1): type, code, checksum and the four bytes whose
// meaning depends on the type (an Echo's identifier and sequence number).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"

namespace lns::net {

inline constexpr size_t kIcmpHeaderLength = 8;
inline constexpr uint8_t kIcmpEchoReply = 0;
inline constexpr uint8_t kIcmpEchoRequest = 8;

//   0       1       2               4               6
//  | type  | code  |   checksum    |  identifier   |   sequence
struct IcmpHeader {
  uint8_t type = 0;
  uint8_t code = 0;
  uint16_t identifier = 0;
  uint16_t sequence = 0;
  friend bool operator==(const IcmpHeader&, const IcmpHeader&) = default;
};

// False: too short. The checksum is IcmpChecksumIsRight's.
inline bool ParseIcmp(ByteView message, IcmpHeader& out) {
  if (message.size() < kIcmpHeaderLength) return false;
  out.type = message[0];
  out.code = message[1];
  out.identifier = LoadBe16(message.data() + 4);
  out.sequence = LoadBe16(message.data() + 6);
  return true;
}

// IPv4 only (no pseudo-header).
inline bool IcmpChecksumIsRight(ByteView message) { return Checksum(message) == 0; }

// Writes the header at the front of `message`, whose payload stands behind it, with the checksum
// over both. 0: does not fit.
inline size_t WriteIcmp(const IcmpHeader& header, MutableByteView message) {
  if (message.size() < kIcmpHeaderLength) return 0;
  message[0] = header.type;
  message[1] = header.code;
  StoreBe16(message.data() + 2, 0);
  StoreBe16(message.data() + 4, header.identifier);
  StoreBe16(message.data() + 6, header.sequence);
  StoreChecksum(message.data() + 2, Checksum(message));
  return kIcmpHeaderLength;
}

}  // namespace lns::net
