// The punt reasons of punt_reason.def as an enum, with class and text. Both processes use it: one
// table, so that a number in shared memory means the same on either side.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/punt/layout.h"

namespace lns::punt {

enum class PuntReason : uint8_t {
  kNone = 0,  // injected frames carry no reason
#define LNS_PUNT_REASON(name, punt_class, text) name,
#include "lib/punt/punt_reason.def"
#undef LNS_PUNT_REASON
};

struct PuntReasonRow {
  std::string_view name;  // as in punt_reason.def, without the k
  PuntClass punt_class;
  std::string_view text;
};

inline constexpr std::array kPuntReasons = {
    PuntReasonRow{"None", PuntClass::kUnproven, "injected"},
#define LNS_PUNT_REASON(name, punt_class, text) \
  PuntReasonRow{std::string_view(#name).substr(1), PuntClass::punt_class, text},
#include "lib/punt/punt_reason.def"
#undef LNS_PUNT_REASON
};
inline constexpr size_t kPuntReasonCount = kPuntReasons.size();

constexpr const PuntReasonRow& Describe(PuntReason reason) {
  const auto index = static_cast<size_t>(reason);
  return kPuntReasons[index < kPuntReasonCount ? index : 0];
}

constexpr std::string_view ClassName(PuntClass punt_class) {
  constexpr std::array<std::string_view, kClassCount> kNames = {"class0", "class1", "class2"};
  const auto index = static_cast<size_t>(punt_class);
  return index < kNames.size() ? kNames[index] : "mirror";
}

}  // namespace lns::punt
