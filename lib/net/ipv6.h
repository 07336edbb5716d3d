// The IPv6 header (RFC 8200 3): check, parsed value, write. Extension headers are not walked: what
// follows one is not ours to look into.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/ipv4.h"

namespace lns::net {

inline constexpr size_t kIpv6HeaderLength = 40;
inline constexpr uint8_t kNextHeaderFragment = 44;
inline constexpr uint8_t kProtocolIcmpv6 = 58;

//   0                               4               6       7
//  |ver|traffic class|  flow label  | payload len   |next hd|hop lim|
//  |                         source (16 bytes)
//  |                      destination (16 bytes)
struct Ipv6Header {
  uint8_t traffic_class = 0;
  uint32_t flow_label = 0;
  uint16_t payload_length = 0;
  uint8_t next_header = 0;
  uint8_t hop_limit = 64;
  std::array<uint8_t, 16> source{};
  std::array<uint8_t, 16> destination{};
  friend bool operator==(const Ipv6Header&, const Ipv6Header&) = default;
};

// `packet` may have bytes beyond the payload length.
inline IpError CheckIpv6(ByteView packet) {
  if (packet.size() < kIpv6HeaderLength) return IpError::kTruncated;
  if (packet[0] >> 4 != 6) return IpError::kBadHeader;
  if (kIpv6HeaderLength + LoadBe16(packet.data() + 4) > packet.size()) return IpError::kTruncated;
  return IpError::kNone;
}

inline IpError ParseIpv6(ByteView packet, Ipv6Header& out) {
  const IpError error = CheckIpv6(packet);
  if (error != IpError::kNone) return error;
  const uint8_t* p = packet.data();
  const uint32_t first = LoadBe32(p);
  out.traffic_class = static_cast<uint8_t>(first >> 20);
  out.flow_label = first & 0xfffff;
  out.payload_length = LoadBe16(p + 4);
  out.next_header = p[6];
  out.hop_limit = p[7];
  std::copy_n(p + 8, 16, out.source.begin());
  std::copy_n(p + 24, 16, out.destination.begin());
  return IpError::kNone;
}

// Bytes written; 0: does not fit.
inline size_t WriteIpv6(const Ipv6Header& header, MutableByteView out) {
  if (out.size() < kIpv6HeaderLength) return 0;
  uint8_t* p = out.data();
  StoreBe32(p, 6u << 28 | static_cast<uint32_t>(header.traffic_class) << 20 |
                   (header.flow_label & 0xfffff));
  StoreBe16(p + 4, header.payload_length);
  p[6] = header.next_header;
  p[7] = header.hop_limit;
  std::copy_n(header.source.begin(), 16, p + 8);
  std::copy_n(header.destination.begin(), 16, p + 24);
  return kIpv6HeaderLength;
}

}  // namespace lns::net
