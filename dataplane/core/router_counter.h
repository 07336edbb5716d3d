// The counters of router_counter.def as an enum, with the stage that counts and a text for people.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lns::dataplane {

enum class RouterCounter : uint8_t {
#define LNS_ROUTER_COUNTER(name, stage, text) name,
#include "dataplane/core/router_counter.def"
#undef LNS_ROUTER_COUNTER
};

struct RouterCounterRow {
  std::string_view name;  // without the k
  std::string_view stage;
  std::string_view text;
};

inline constexpr std::array kRouterCounters = {
#define LNS_ROUTER_COUNTER(name, stage, text) \
  RouterCounterRow{std::string_view(#name).substr(1), #stage, text},
#include "dataplane/core/router_counter.def"
#undef LNS_ROUTER_COUNTER
};
inline constexpr size_t kRouterCounterCount = kRouterCounters.size();

}  // namespace lns::dataplane
