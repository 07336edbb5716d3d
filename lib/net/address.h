// IP addresses, prefixes and UDP endpoints of either family, as values.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/bytes.h"

namespace lns::net {

enum class Family : uint8_t { kNone = 0, kIpv4 = 4, kIpv6 = 6 };

// 16 bytes in network order; an IPv4 address uses the first four, the rest are zero.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress V4(uint32_t host_order) {
    IpAddress result;
    result.family_ = Family::kIpv4;
    StoreBe32(result.bytes_.data(), host_order);
    return result;
  }
  static IpAddress V6(ByteView sixteen) {
    IpAddress result;
    result.family_ = Family::kIpv6;
    std::copy_n(sixteen.data(), 16, result.bytes_.data());
    return result;
  }
  // 4 or 16 bytes; anything else is nullopt.
  static std::optional<IpAddress> FromBytes(ByteView bytes);
  static std::optional<IpAddress> Parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kIpv4; }
  bool is_v6() const { return family_ == Family::kIpv6; }
  bool is_none() const { return family_ == Family::kNone; }
  uint32_t v4() const { return LoadBe32(bytes_.data()); }  // host order; IPv4 only
  ByteView bytes() const { return ByteView(bytes_).first(is_v4() ? 4 : is_v6() ? 16 : 0); }
  const std::array<uint8_t, 16>& raw() const { return bytes_; }
  int bits() const { return is_v4() ? 32 : is_v6() ? 128 : 0; }
  std::string ToString() const;

  auto operator<=>(const IpAddress&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.bytes_, a.family_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
  Family family_ = Family::kNone;
};

// Host bits are zero.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;

  // "10.0.0.0/8"; host bits set or a length past the family's is nullopt.
  static std::optional<IpPrefix> Parse(std::string_view text);
  static IpPrefix Host(const IpAddress& address) {
    return {address, static_cast<uint8_t>(address.bits())};
  }
  bool Contains(const IpAddress& other) const;
  std::string ToString() const;
  auto operator<=>(const IpPrefix&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpPrefix& p) {
    return H::combine(std::move(h), p.address, p.length);
  }
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  std::string ToString() const;  // "198.51.100.1:1701", "[2001:db8::1]:1701"
  auto operator<=>(const Endpoint&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.address, e.port);
  }
};

// The four-tuple of a tunnel's UDP transport, seen from the LNS (or, in lacsim, from the LAC), and
// the routing instance (VRF) that its addresses are of: 0 is the main one.
struct EndpointPair {
  Endpoint local;
  Endpoint peer;
  uint8_t vrf = 0;
  auto operator<=>(const EndpointPair&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const EndpointPair& p) {
    return H::combine(std::move(h), p.local, p.peer, p.vrf);
  }
};

using MacAddress = std::array<uint8_t, 6>;
std::optional<MacAddress> ParseMac(std::string_view text);
std::string FormatMac(const MacAddress& mac);

}  // namespace lns::net
