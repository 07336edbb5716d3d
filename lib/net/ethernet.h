// The Ethernet II header: a view over bytes and the two types that are ours. A VLAN tag is just
// another type: tagged frames belong to VLAN interfaces, not to the port.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::net {

inline constexpr size_t kEthernetHeaderLength = 14;
inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeArp = 0x0806;
inline constexpr uint16_t kEtherTypeVlan = 0x8100;
inline constexpr uint16_t kEtherTypeIpv6 = 0x86dd;

//   0            6            12      14
//  | destination |   source   | type  | payload
struct EthernetHeader {
  MacAddress destination{};
  MacAddress source{};
  uint16_t type = 0;
  friend bool operator==(const EthernetHeader&, const EthernetHeader&) = default;
};

// False: too short.
inline bool ParseEthernet(ByteView frame, EthernetHeader& out) {
  if (frame.size() < kEthernetHeaderLength) return false;
  std::copy_n(frame.data(), 6, out.destination.begin());
  std::copy_n(frame.data() + 6, 6, out.source.begin());
  out.type = LoadBe16(frame.data() + 12);
  return true;
}

// Bytes written; 0: does not fit.
inline size_t WriteEthernet(const EthernetHeader& header, MutableByteView out) {
  if (out.size() < kEthernetHeaderLength) return 0;
  std::copy_n(header.destination.begin(), 6, out.data());
  std::copy_n(header.source.begin(), 6, out.data() + 6);
  StoreBe16(out.data() + 12, header.type);
  return kEthernetHeaderLength;
}

}  // namespace lns::net
