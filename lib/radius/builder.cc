// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/builder.h"

#include <algorithm>
#include <cstring>

#include "lib/radius/attributes.h"

namespace lns::radius {

PacketBuilder::PacketBuilder(Code code, uint8_t identifier) {
  std::fill_n(buffer_.begin(), kHeaderLength, uint8_t{0});
  buffer_[0] = static_cast<uint8_t>(code);
  buffer_[1] = identifier;
}

void PacketBuilder::SetAuthenticator(const Authenticator& authenticator) {
  std::copy(authenticator.begin(), authenticator.end(), buffer_.begin() + kAuthenticatorOffset);
}

ByteView PacketBuilder::authenticator() const {
  return ByteView(buffer_).subspan(kAuthenticatorOffset, kAuthenticatorLength);
}

uint8_t* PacketBuilder::Append(AttributeId id, size_t value_length) {
  const size_t overhead = id.vendor == 0 ? 0 : kVendorIdLength + kAttributeHeaderLength;
  const size_t length = kAttributeHeaderLength + overhead + value_length;
  if (overhead + value_length == 0 || overhead + value_length > kMaxValue) return nullptr;
  if (size_ + length > buffer_.size()) return nullptr;
  uint8_t* at = buffer_.data() + size_;
  size_ += length;
  at[0] = id.vendor == 0 ? id.type : kVendorSpecific.type;
  at[1] = static_cast<uint8_t>(length);
  at += kAttributeHeaderLength;
  if (id.vendor == 0) return at;
  StoreBe32(at, id.vendor);
  at += kVendorIdLength;
  at[0] = id.type;
  at[1] = static_cast<uint8_t>(kAttributeHeaderLength + value_length);
  return at + kAttributeHeaderLength;
}

bool PacketBuilder::Add(AttributeId id, ByteView value) {
  uint8_t* at = Append(id, value.size());
  if (at == nullptr) return false;
  if (!value.empty()) std::memcpy(at, value.data(), value.size());
  return true;
}

bool PacketBuilder::AddInteger(AttributeId id, uint32_t value) {
  uint8_t* at = Append(id, sizeof(value));
  if (at != nullptr) StoreBe32(at, value);
  return at != nullptr;
}

bool PacketBuilder::AddInteger64(AttributeId id, uint64_t value) {
  uint8_t* at = Append(id, sizeof(value));
  if (at == nullptr) return false;
  StoreBe32(at, static_cast<uint32_t>(value >> 32));
  StoreBe32(at + 4, static_cast<uint32_t>(value));
  return true;
}

bool PacketBuilder::AddAddress(AttributeId id, const net::IpAddress& address) {
  return Add(id, address.bytes());
}

bool PacketBuilder::AddIpv6Prefix(AttributeId id, const net::IpPrefix& prefix) {
  if (!prefix.address.is_v6()) return false;
  const size_t octets = (size_t{prefix.length} + 7) / 8;
  uint8_t* at = Append(id, 2 + octets);
  if (at == nullptr) return false;
  at[0] = 0;  // reserved
  at[1] = prefix.length;
  std::memcpy(at + 2, prefix.address.raw().data(), octets);
  return true;
}

bool PacketBuilder::AddInterfaceId(AttributeId id, uint64_t value) {
  return AddInteger64(id, value);
}

bool PacketBuilder::AddTaggedText(AttributeId id, Tag tag, std::string_view text) {
  if (tag > kMaxTag || text.empty()) return false;
  uint8_t* at = Append(id, 1 + text.size());
  if (at == nullptr) return false;
  at[0] = tag;
  std::memcpy(at + 1, text.data(), text.size());
  return true;
}

bool PacketBuilder::AddTaggedInteger(AttributeId id, Tag tag, uint32_t value) {
  if (tag > kMaxTag || value >= 1u << 24) return false;
  return AddInteger(id, uint32_t{tag} << 24 | value);
}

bool PacketBuilder::AddMessageAuthenticator() {
  uint8_t* at = Append(kMessageAuthenticator, kAuthenticatorLength);
  if (at != nullptr) std::fill_n(at, kAuthenticatorLength, uint8_t{0});
  return at != nullptr;
}

void PacketBuilder::AddRaw(ByteView attributes) {
  size_t fits = 0;
  while (fits + kAttributeHeaderLength <= attributes.size()) {
    const size_t length = attributes[fits + 1];
    if (length < kAttributeHeaderLength || fits + length > attributes.size()) break;
    if (size_ + fits + length > buffer_.size()) break;
    fits += length;
  }
  std::copy_n(attributes.begin(), fits, buffer_.begin() + static_cast<ptrdiff_t>(size_));
  size_ += fits;
}

MutableByteView PacketBuilder::Finish() {
  StoreBe16(buffer_.data() + 2, static_cast<uint16_t>(size_));
  return MutableByteView(buffer_).first(size_);
}

}  // namespace lns::radius
