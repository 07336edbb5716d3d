// The way to a tunnel's peer, by its profile: what it carries, and what becomes of data messages
// that are longer.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::controlplane {

struct OuterPath {
  uint16_t mtu = 0;            // octets of an outer IP packet; 0: what the data plane's port takes
  bool fragment = false;       // they are cut; else what is inside is refused or cut
  bool dont_fragment = false;  // IPv4: DF is set

  bool operator==(const OuterPath&) const = default;
};

}  // namespace lns::controlplane
