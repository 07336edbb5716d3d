// Per-hop behaviour identification codes (RFC 3140), the values of the DiffServ
// AVPs (RFC 3308), and the DSCP that stands for them in an IP header.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

namespace lns::l2tp {

//   0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
//  |         DSCP          | 0   0   0   0   0   0   0   0   X   0 |   a
//  standardised behaviour |             PHB id code                       | 0
//  0   X   1 |   any other
// X: a set of behaviours, such as an AF class, named by the smallest DSCP of
// the set.
inline constexpr uint16_t kPhbOtherBit = 0x0001;
inline constexpr uint16_t kPhbDscpShift = 10;
inline constexpr uint16_t kPhbReservedMask = 0x03fc;

// Nothing for a behaviour that only its own administration can map.
constexpr std::optional<uint8_t> DscpOfPhb(uint16_t phb) {
  if ((phb & (kPhbOtherBit | kPhbReservedMask)) != 0) return std::nullopt;
  return static_cast<uint8_t>(phb >> kPhbDscpShift);
}

// `dscp` is six bits.
constexpr uint16_t PhbOfDscp(uint8_t dscp) {
  return static_cast<uint16_t>((dscp & 0x3f) << kPhbDscpShift);
}

}  // namespace lns::l2tp
