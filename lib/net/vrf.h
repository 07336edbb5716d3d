// Addresses and prefixes as one routing instance (VRF) knows them. Each VRF has a routing table of
// its own, so that addresses of one may be used anew in another. A VRF is a small number, 0 the
// main one, which is always there; what the others are called is configuration.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

#include "lib/net/address.h"

namespace lns::net {

using VrfIndex = uint8_t;
inline constexpr VrfIndex kMainVrf = 0;
inline constexpr uint32_t kMaxVrfs = 64;

// Without a word about it, of the main VRF.
struct VrfAddress {
  VrfAddress() = default;
  VrfAddress(const IpAddress& a) : address(a) {}  // NOLINT(google-explicit-constructor)
  VrfAddress(VrfIndex v, const IpAddress& a) : vrf(v), address(a) {}
  auto operator<=>(const VrfAddress&) const = default;

  VrfIndex vrf = kMainVrf;
  IpAddress address;
};

struct VrfPrefix {
  VrfPrefix() = default;
  VrfPrefix(const IpPrefix& p) : prefix(p) {}  // NOLINT(google-explicit-constructor)
  VrfPrefix(VrfIndex v, const IpPrefix& p) : vrf(v), prefix(p) {}
  auto operator<=>(const VrfPrefix&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const VrfPrefix& p) {
    return H::combine(std::move(h), p.vrf, p.prefix);
  }

  VrfIndex vrf = kMainVrf;
  IpPrefix prefix;
};

}  // namespace lns::net
