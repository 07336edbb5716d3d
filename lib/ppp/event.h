// The names of what links count; the rows are in event.def.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/ppp/link.h"

namespace lns::ppp {

enum class PppEvent : uint8_t {
#define PPP_EVENT(enumerator, name, meaning) enumerator,
#include "lib/ppp/event.def"
#undef PPP_EVENT
};

inline constexpr size_t kPppEventCount = 0
#define PPP_EVENT(enumerator, name, meaning) +1
#include "lib/ppp/event.def"
#undef PPP_EVENT
    ;

// "stale-reply"; the name of a counter.
constexpr const char* ToString(PppEvent event) {
  switch (event) {
#define PPP_EVENT(enumerator, name, meaning) \
  case PppEvent::enumerator:                 \
    return name;
#include "lib/ppp/event.def"
#undef PPP_EVENT
  }
  return "unknown";
}

}  // namespace lns::ppp
