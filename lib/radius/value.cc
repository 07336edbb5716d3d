// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/value.h"

#include <algorithm>
#include <array>

namespace lns::radius {

std::optional<uint32_t> ReadInteger(ByteView value) {
  if (value.size() != 4) return std::nullopt;
  return LoadBe32(value.data());
}

std::optional<uint64_t> ReadInteger64(ByteView value) {
  if (value.size() != 8) return std::nullopt;
  return uint64_t{LoadBe32(value.data())} << 32 | LoadBe32(value.data() + 4);
}

std::optional<net::IpAddress> ReadIpv4(ByteView value) {
  if (value.size() != 4) return std::nullopt;
  return net::IpAddress::V4(LoadBe32(value.data()));
}

std::optional<net::IpAddress> ReadIpv6(ByteView value) {
  if (value.size() != 16) return std::nullopt;
  return net::IpAddress::V6(value);
}

//  | reserved (0)  | Prefix-Length | Prefix, 0 to 16 octets ...
std::optional<net::IpPrefix> ReadIpv6Prefix(ByteView value) {
  if (value.size() < 2 || value.size() > 18 || value[1] > 128) return std::nullopt;
  const uint8_t length = value[1];
  std::array<uint8_t, 16> octets{};
  std::copy(value.begin() + 2, value.end(), octets.begin());
  for (size_t bit = length; bit < 128; ++bit) {
    if ((octets[bit / 8] & (0x80 >> bit % 8)) != 0) return std::nullopt;
  }
  return net::IpPrefix{net::IpAddress::V6(octets), length};
}

std::optional<uint64_t> ReadInterfaceId(ByteView value) { return ReadInteger64(value); }

TaggedText ReadTaggedText(ByteView value) {
  if (value.empty() || value[0] > kMaxTag) return {.text = value};
  return {.tag = value[0], .text = value.subspan(1)};
}

std::optional<TaggedInteger> ReadTaggedInteger(ByteView value) {
  const std::optional<uint32_t> word = ReadInteger(value);
  if (!word) return std::nullopt;
  const uint8_t tag = static_cast<uint8_t>(*word >> 24);
  // An unused tag octet must be zero; larger ones mean nothing.
  return TaggedInteger{.tag = tag > kMaxTag ? kNoTag : tag, .value = *word & 0xffffff};
}

}  // namespace lns::radius
