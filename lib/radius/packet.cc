// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/packet.h"

#include "lib/radius/attributes.h"

namespace lns::radius {
namespace {

// Cuts the first attribute off `rest`; false: there is no sound one.
bool Cut(ByteView& rest, uint8_t& type, ByteView& value) {
  if (rest.size() < kAttributeHeaderLength) return false;
  const size_t length = rest[1];
  if (length < kAttributeHeaderLength || length > rest.size()) return false;
  type = rest[0];
  value = rest.subspan(kAttributeHeaderLength, length - kAttributeHeaderLength);
  rest = rest.subspan(length);
  return true;
}

// Whether the bytes are nothing but attributes.
bool Divides(ByteView rest) {
  uint8_t type = 0;
  ByteView value;
  while (!rest.empty()) {
    if (!Cut(rest, type, value)) return false;
  }
  return true;
}

}  // namespace

const char* ToString(Code code) {
  switch (code) {
    case Code::kAccessRequest:
      return "Access-Request";
    case Code::kAccessAccept:
      return "Access-Accept";
    case Code::kAccessReject:
      return "Access-Reject";
    case Code::kAccountingRequest:
      return "Accounting-Request";
    case Code::kAccountingResponse:
      return "Accounting-Response";
    case Code::kAccessChallenge:
      return "Access-Challenge";
    case Code::kStatusServer:
      return "Status-Server";
    case Code::kDisconnectRequest:
      return "Disconnect-Request";
    case Code::kDisconnectAck:
      return "Disconnect-ACK";
    case Code::kDisconnectNak:
      return "Disconnect-NAK";
    case Code::kCoaRequest:
      return "CoA-Request";
    case Code::kCoaAck:
      return "CoA-ACK";
    case Code::kCoaNak:
      return "CoA-NAK";
  }
  return "unknown code";
}

const char* ToString(PacketError error) {
  switch (error) {
    case PacketError::kNone:
      return "none";
    case PacketError::kTruncated:
      return "truncated";
    case PacketError::kBadLength:
      return "bad-length";
    case PacketError::kBadAttribute:
      return "bad-attribute";
  }
  return "unknown";
}

PacketError ParsePacket(ByteView datagram, Packet& out) {
  if (datagram.size() < kHeaderLength) return PacketError::kTruncated;
  const size_t length = LoadBe16(datagram.data() + 2);
  if (length < kHeaderLength || length > kMaxPacketLength) return PacketError::kBadLength;
  if (length > datagram.size()) return PacketError::kTruncated;
  const ByteView bytes = datagram.first(length);
  const ByteView attributes = bytes.subspan(kHeaderLength);
  if (!Divides(attributes)) return PacketError::kBadAttribute;
  out = {.code = static_cast<Code>(bytes[0]),
         .identifier = bytes[1],
         .authenticator = bytes.subspan(kAuthenticatorOffset, kAuthenticatorLength),
         .attributes = attributes,
         .bytes = bytes};
  return PacketError::kNone;
}

bool AttributeReader::Next(Attribute& attribute) {
  if (vendor_rest_.empty()) {
    uint8_t type = 0;
    ByteView value;
    if (!Cut(rest_, type, value)) return false;
    if (type != kVendorSpecific.type || value.size() < kVendorIdLength) {
      attribute = {.id = {0, type}, .value = value};
      return true;
    }
    vendor_ = LoadBe32(value.data());
    vendor_rest_ = value.subspan(kVendorIdLength);
    if (vendor_rest_.empty() || !Divides(vendor_rest_)) {
      attribute = {.id = {vendor_, 0}, .value = vendor_rest_};
      vendor_rest_ = {};
      return true;
    }
  }
  attribute.id.vendor = vendor_;
  return Cut(vendor_rest_, attribute.id.type, attribute.value);
}

std::optional<ByteView> Find(ByteView attributes, AttributeId id) {
  AttributeReader reader(attributes);
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.id == id) return attribute.value;
  }
  return std::nullopt;
}

}  // namespace lns::radius
