// What is wrong with a field of a message.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {

// Both as values, so that a caller's `return` fits any StatusOr.
inline absl::Status Invalid(const std::string& field, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

inline absl::StatusOr<uint64_t> AtMost(uint64_t value, uint64_t most, const std::string& field) {
  if (value <= most) return value;
  return Invalid(field, absl::StrCat("expected at most ", most, ", found ", value));
}

}  // namespace lns::dataplane
