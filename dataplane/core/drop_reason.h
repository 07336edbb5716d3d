// The drop reasons of drop_reason.def as an enum, with the stage that drops and a text for people.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lns::dataplane {

enum class DropReason : uint8_t {
#define LNS_DROP_REASON(name, stage, text) name,
#include "dataplane/core/drop_reason.def"
#undef LNS_DROP_REASON
};

struct DropReasonRow {
  std::string_view name;  // as in drop_reason.def, without the k
  std::string_view stage;
  std::string_view text;
};

inline constexpr std::array kDropReasons = {
#define LNS_DROP_REASON(name, stage, text) \
  DropReasonRow{std::string_view(#name).substr(1), #stage, text},
#include "dataplane/core/drop_reason.def"
#undef LNS_DROP_REASON
};
inline constexpr size_t kDropReasonCount = kDropReasons.size();

}  // namespace lns::dataplane
