// RADIUS packets as bytes (RFC 2865 3): a view of one that was received, and a reader that walks
// its attributes, those of vendors (RFC 2865 5.26) among them. Neither knows what an attribute
// means nor whether the packet is genuine: attributes.h names them, signature.h proves it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"

namespace lns::radius {

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |     Code      |  Identifier   |            Length             |
//  |                         Authenticator (16)                    |
//  |  Attributes ...
inline constexpr size_t kHeaderLength = 20;
inline constexpr size_t kMaxPacketLength = 4096;
inline constexpr size_t kAuthenticatorOffset = 4;
inline constexpr size_t kAuthenticatorLength = 16;
//  |     Type      |    Length     |  Value ...       Vendor-Specific: Vendor-Id, and in the most
//                                                    common form Type, Length and Value again
inline constexpr size_t kAttributeHeaderLength = 2;
inline constexpr size_t kMaxValue = 253;
inline constexpr size_t kVendorIdLength = 4;
inline constexpr size_t kMaxVendorValue = kMaxValue - kVendorIdLength - kAttributeHeaderLength;

using Authenticator = std::array<uint8_t, kAuthenticatorLength>;

enum class Code : uint8_t {
  kAccessRequest = 1,
  kAccessAccept = 2,
  kAccessReject = 3,
  kAccountingRequest = 4,
  kAccountingResponse = 5,
  kAccessChallenge = 11,
  kStatusServer = 12,  // RFC 5997
  // RFC 5176
  kDisconnectRequest = 40,
  kDisconnectAck = 41,
  kDisconnectNak = 42,
  kCoaRequest = 43,
  kCoaAck = 44,
  kCoaNak = 45,
};
const char* ToString(Code code);

// Vendor 0 is the space of the RFCs.
struct AttributeId {
  uint32_t vendor = 0;
  uint8_t type = 0;

  auto operator<=>(const AttributeId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const AttributeId& id) {
    return H::combine(std::move(h), id.vendor, id.type);
  }
};

// A view into the packet it was read from.
struct Attribute {
  AttributeId id;
  ByteView value;
};

enum class PacketError : uint8_t {
  kNone,
  kTruncated,     // shorter than a header, or than its Length says
  kBadLength,     // a Length that no packet has
  kBadAttribute,  // one that is shorter than its own header, or reaches past the end
};
const char* ToString(PacketError error);

// A view into the datagram it was read from. Every attribute is within it.
struct Packet {
  Code code{};
  uint8_t identifier = 0;
  ByteView authenticator;  // 16 bytes
  ByteView attributes;
  ByteView bytes;  // the whole packet, without what padded the datagram
};

[[nodiscard]] PacketError ParsePacket(ByteView datagram, Packet& out);

// Walks the attributes of a packet in order. A Vendor-Specific attribute is taken apart: each of
// its sub-attributes comes as one of the vendor's, and where it has none that can be told (another
// format, a broken one) its whole content comes as the vendor's type 0, which is nobody's.
class AttributeReader {
 public:
  // `attributes` are those of a packet ParsePacket found sound; of others the walk just ends early.
  explicit AttributeReader(ByteView attributes) : rest_(attributes) {}

  bool Next(Attribute& attribute);

 private:
  ByteView rest_;
  uint32_t vendor_ = 0;
  ByteView vendor_rest_;  // sub-attributes of `vendor_` not yet told
};

// The first of its kind; nullopt: none.
std::optional<ByteView> Find(ByteView attributes, AttributeId id);

}  // namespace lns::radius
