// The verdicts of path_verdict.def as an enum, with a text for people.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lns::dataplane {

enum class PathVerdict : uint8_t {
#define LNS_PATH_VERDICT(name, text) name,
#include "dataplane/core/path_verdict.def"
#undef LNS_PATH_VERDICT
};

struct PathVerdictRow {
  std::string_view name;  // without the k
  std::string_view text;
};

inline constexpr std::array kPathVerdicts = {
#define LNS_PATH_VERDICT(name, text) PathVerdictRow{std::string_view(#name).substr(1), text},
#include "dataplane/core/path_verdict.def"
#undef LNS_PATH_VERDICT
};
inline constexpr size_t kPathVerdictCount = kPathVerdicts.size();

}  // namespace lns::dataplane
