// Builds one packet in a buffer of its own, of the largest size there is: nothing is allocated
// until the packet is taken out. An attribute that does not fit, or cannot be expressed, is left
// out whole and the call says so; what was there stays.
//
// What makes a packet genuine is signature.h's: Finish() only fills in the length.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/radius/packet.h"

namespace lns::radius {

// RFC 2868 3: which of several tunnels an attribute is about, 1 to 31; 0: the attribute says not.
using Tag = uint8_t;
inline constexpr Tag kNoTag = 0;
inline constexpr Tag kMaxTag = 31;

class PacketBuilder {
 public:
  PacketBuilder(Code code, uint8_t identifier);

  // Access-Request, Status-Server: chosen before what is hidden with it.
  void SetAuthenticator(const Authenticator& authenticator);
  ByteView authenticator() const;

  // The value as it stands on the wire. At most kMaxValue bytes, kMaxVendorValue for a vendor's.
  // Those of the RFCs are never empty (RFC 2865 5); a vendor's may say all by being there.
  bool Add(AttributeId id, ByteView value);
  bool AddText(AttributeId id, std::string_view text) { return Add(id, AsBytes(text)); }
  bool AddInteger(AttributeId id, uint32_t value);
  bool AddInteger64(AttributeId id, uint64_t value);
  // Of its own family: ipv4addr, ipv6addr (RFC 8044 3.8, 3.9).
  bool AddAddress(AttributeId id, const net::IpAddress& address);
  bool AddIpv6Prefix(AttributeId id, const net::IpPrefix& prefix);  // RFC 8044 3.10
  bool AddInterfaceId(AttributeId id, uint64_t value);
  bool AddTaggedText(AttributeId id, Tag tag, std::string_view text);
  bool AddTaggedInteger(AttributeId id, Tag tag, uint32_t value);  // 24 bits
  // Room for the Message-Authenticator, zero until it is signed.
  bool AddMessageAuthenticator();

  // With its length in place; the bytes are the builder's.
  MutableByteView Finish();
  // Attributes as they stand on the wire, as many whole ones as fit.
  void AddRaw(ByteView attributes);

  ByteView attributes() const { return ByteView(buffer_).first(size_).subspan(kHeaderLength); }
  size_t size() const { return size_; }

 private:
  // Room for the attribute, or nullptr.
  uint8_t* Append(AttributeId id, size_t value_length);

  std::array<uint8_t, kMaxPacketLength> buffer_;
  size_t size_ = kHeaderLength;
};

}  // namespace lns::radius
