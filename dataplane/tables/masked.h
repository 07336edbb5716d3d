// An address with all bits past a prefix length cleared.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/net/address.h"

namespace lns::dataplane {

inline net::IpAddress Masked(const net::IpAddress& address, int length) {
  std::array<uint8_t, 16> raw = address.raw();
  for (int bit = length; bit < address.bits(); ++bit) {
    raw[static_cast<size_t>(bit / 8)] &= static_cast<uint8_t>(~(0x80 >> (bit % 8)));
  }
  return *net::IpAddress::FromBytes(ByteView(raw).first(address.bytes().size()));
}

}  // namespace lns::dataplane
