// The names of what IPv6 services count; the rows are in event.def.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

namespace lns::controlplane {

enum class Ipv6Event : uint8_t {
#define IPV6_EVENT(enumerator, name, meaning) enumerator,
#include "controlplane/ipv6/event.def"
#undef IPV6_EVENT
};

inline constexpr size_t kIpv6EventCount = 0
#define IPV6_EVENT(enumerator, name, meaning) +1
#include "controlplane/ipv6/event.def"
#undef IPV6_EVENT
    ;

constexpr const char* ToString(Ipv6Event event) {
  switch (event) {
#define IPV6_EVENT(enumerator, name, meaning) \
  case Ipv6Event::enumerator:                 \
    return name;
#include "controlplane/ipv6/event.def"
#undef IPV6_EVENT
  }
  return "unknown";
}

}  // namespace lns::controlplane
