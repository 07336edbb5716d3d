// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/prefix.h"

#include <algorithm>
#include <array>

namespace lns::net {
namespace {

// An address as one number, the first bit the highest; IPv4 fills the upper 32 of 128.
__extension__ using Number = unsigned __int128;

Number NumberOf(const IpAddress& address) {
  Number number = 0;
  for (const uint8_t byte : address.raw()) number = number << 8 | byte;
  return number;
}

IpAddress AddressOf(Number number, Family family) {
  std::array<uint8_t, 16> raw;
  for (size_t i = raw.size(); i-- > 0; number >>= 8) raw[i] = static_cast<uint8_t>(number);
  const size_t bytes = family == Family::kIpv4 ? 4 : 16;
  return IpAddress::FromBytes(ByteView(raw).first(bytes)).value_or(IpAddress());
}

constexpr int kBits = 128;

// All zero where `length` is 0: shifting by the whole width is not defined.
Number Mask(uint8_t length) { return length == 0 ? 0 : ~Number{0} << (kBits - length); }

}  // namespace

IpPrefix PrefixOf(const IpAddress& address, uint8_t length) {
  return {AddressOf(NumberOf(address) & Mask(length), address.family()), length};
}

bool Overlap(const IpPrefix& a, const IpPrefix& b) {
  return a.address.family() == b.address.family() &&
         ((NumberOf(a.address) ^ NumberOf(b.address)) & Mask(std::min(a.length, b.length))) == 0;
}

IpPrefix SubPrefix(const IpPrefix& whole, uint8_t length, uint64_t number) {
  if (length == 0) return whole;
  const Number at = NumberOf(whole.address) + (Number{number} << (kBits - length));
  return {AddressOf(at, whole.address.family()), length};
}

uint64_t SubPrefixNumber(const IpPrefix& whole, uint8_t length, const IpAddress& address) {
  if (length == 0) return 0;
  return static_cast<uint64_t>((NumberOf(address) - NumberOf(whole.address)) >> (kBits - length));
}

IpAddress WithInterfaceId(const IpPrefix& prefix, uint64_t interface_id) {
  const Number upper = NumberOf(prefix.address) & Mask(64);
  return AddressOf(upper | interface_id, Family::kIpv6);
}

IpAddress LinkLocal(uint64_t interface_id) {
  return AddressOf(Number{0xfe80} << 112 | interface_id, Family::kIpv6);
}

}  // namespace lns::net
