// What the parts of the route book share: how its keys are made, and what it says of bad ones.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/tables/masked.h"
#include "lib/net/address.h"
#include "lib/net/vrf.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {

inline absl::Status BadPrefix(const net::IpPrefix& prefix) {
  return absl::InvalidArgumentError(absl::StrCat("not a prefix: ", prefix.ToString()));
}

inline absl::Status FibFull(const VrfPrefix& prefix) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no room in the FIB for ", prefix.prefix.ToString()));
}

inline VrfPrefix HostOf(const VrfAddress& address) {
  return {address.vrf, net::IpPrefix::Host(address.address)};
}

// The first `length` bits of the address.
inline VrfPrefix Shortened(VrfIndex vrf, const net::IpAddress& address, int length) {
  return {vrf, {Masked(address, length), static_cast<uint8_t>(length)}};
}

}  // namespace lns::dataplane
