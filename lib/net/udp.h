// The UDP header (RFC 768) and its checksum over either pseudo-header (RFC 768, RFC 8200 8.1).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"
#include "lib/net/ipv4.h"
#include "lib/net/pseudo_header.h"

namespace lns::net {

inline constexpr size_t kUdpHeaderLength = 8;

//   0               2               4               6
//  |  source port  |   dest. port  |    length     |   checksum
struct UdpHeader {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint16_t length = 0;    // with this header
  uint16_t checksum = 0;  // as LoadBe16 reads it; 0: the sender made none
  friend bool operator==(const UdpHeader&, const UdpHeader&) = default;
};

// False: the bytes end too early or the length cannot be. Bytes beyond the length are left alone.
inline bool ParseUdp(ByteView datagram, UdpHeader& out) {
  if (datagram.size() < kUdpHeaderLength) return false;
  const uint8_t* p = datagram.data();
  out.source_port = LoadBe16(p);
  out.destination_port = LoadBe16(p + 2);
  out.length = LoadBe16(p + 4);
  out.checksum = LoadBe16(p + 6);
  return out.length >= kUdpHeaderLength && out.length <= datagram.size();
}

// Bytes written; 0: does not fit.
inline size_t WriteUdp(const UdpHeader& header, MutableByteView out) {
  if (out.size() < kUdpHeaderLength) return 0;
  StoreBe16(out.data(), header.source_port);
  StoreBe16(out.data() + 2, header.destination_port);
  StoreBe16(out.data() + 4, header.length);
  StoreBe16(out.data() + 6, header.checksum);
  return kUdpHeaderLength;
}

// As TransportChecksum: `datagram` is the UDP header and payload, exactly.
inline uint16_t UdpChecksum(ByteView addresses, ByteView datagram) {
  return TransportChecksum(addresses, kProtocolUdp, datagram);
}

// A computed zero is sent as all ones, since zero means "none" (RFC 768).
constexpr uint16_t NonZeroUdpChecksum(uint16_t checksum) {
  return checksum == 0 ? uint16_t{0xffff} : checksum;
}

}  // namespace lns::net
