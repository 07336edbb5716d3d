// Identifiers that must not mix are different types: StrongId<struct FooTag, uint16_t>.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace lns {

template <typename Tag, typename Rep>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  explicit constexpr StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const StrongId& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Rep value_ = 0;
};

}  // namespace lns

template <typename Tag, typename Rep>
struct std::hash<lns::StrongId<Tag, Rep>> {
  size_t operator()(const lns::StrongId<Tag, Rep>& id) const {
    return std::hash<Rep>()(id.value());
  }
};
