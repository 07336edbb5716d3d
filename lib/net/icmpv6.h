// ICMPv6 message types and their checksum (RFC 4443 2.1, 2.3), and whole packets: an IPv6 header
// (RFC 8200 3) with a transport message whose checksum is filled in.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"
#include "lib/net/ipv6.h"
#include "lib/net/pseudo_header.h"

namespace lns::net {

inline constexpr uint8_t kIcmpv6EchoRequest = 128;
inline constexpr uint8_t kIcmpv6EchoReply = 129;
inline constexpr uint8_t kIcmpv6RouterSolicitation = 133;
inline constexpr uint8_t kIcmpv6RouterAdvertisement = 134;
inline constexpr uint8_t kIcmpv6NeighbourSolicitation = 135;
inline constexpr uint8_t kIcmpv6NeighbourAdvertisement = 136;
inline constexpr uint8_t kIcmpv6Redirect = 137;

// Type, code, checksum; a body by type follows.
inline constexpr size_t kIcmpv6HeaderLength = 4;
inline constexpr size_t kIcmpv6ChecksumOffset = 2;
inline constexpr size_t kUdpChecksumOffset = 6;

// Source and destination of an IPv6 packet, side by side.
inline ByteView AddressesOfIpv6(ByteView packet) { return packet.subspan(8, 32); }

// `header` with the payload length set, before `message`, in whose checksum field at
// `checksum_offset` the right value is put.
inline Bytes MakeIpv6Packet(Ipv6Header header, ByteView message, size_t checksum_offset) {
  Bytes packet(kIpv6HeaderLength + message.size());
  header.payload_length = static_cast<uint16_t>(message.size());
  WriteIpv6(header, packet);
  const MutableByteView body = MutableByteView(packet).subspan(kIpv6HeaderLength);
  std::copy(message.begin(), message.end(), body.begin());
  StoreBe16(body.data() + checksum_offset, 0);
  uint16_t checksum = TransportChecksum(AddressesOfIpv6(packet), header.next_header, body);
  // Zero is not a checksum in UDP (RFC 768), and never comes out of ICMPv6.
  if (checksum == 0) checksum = 0xffff;
  StoreChecksum(body.data() + checksum_offset, checksum);
  return packet;
}

}  // namespace lns::net
