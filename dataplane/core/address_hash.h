// An address mixed into 32 bits, for tables that a worker keeps by address. Not against somebody
// who chooses addresses: those tables are bounded.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <cstring>

#include "lib/net/address.h"

namespace lns::dataplane {

inline uint32_t MixAddress(const net::IpAddress& address, uint64_t seed = 0) {
  uint64_t words[2];
  std::memcpy(words, address.raw().data(), sizeof(words));
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15u;
  return static_cast<uint32_t>(((words[0] ^ seed) * kOdd ^ words[1]) * kOdd >> 32);
}

}  // namespace lns::dataplane
