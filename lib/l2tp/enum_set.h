// A set of a small enum's values, for the rows of the state machine tables.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::l2tp {

template <typename Enum>
class EnumSet {
 public:
  template <typename... Values>
  static constexpr EnumSet Of(Values... values) {
    EnumSet set;
    ((set.bits_ |= uint32_t{1} << static_cast<unsigned>(values)), ...);
    return set;
  }
  constexpr bool Has(Enum value) const { return (bits_ >> static_cast<unsigned>(value) & 1u) != 0; }

 private:
  uint32_t bits_ = 0;
};

}  // namespace lns::l2tp
