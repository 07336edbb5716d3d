// Integers kept in network byte order inside wire structs. No implicit conversion either way: a
// field is read with value() and made with From(), so host and wire values cannot mix.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <bit>
#include <cstdint>

namespace lns {

static_assert(std::endian::native == std::endian::little, "Terminus is built for little-endian");

template <typename T>
class BigEndian {
 public:
  BigEndian() = default;
  static constexpr BigEndian From(T host) {
    BigEndian result;
    result.raw_ = Swap(host);
    return result;
  }
  // The in-memory representation, for hashing and comparing without a swap.
  static constexpr BigEndian FromRaw(T wire) {
    BigEndian result;
    result.raw_ = wire;
    return result;
  }
  constexpr T value() const { return Swap(raw_); }
  constexpr T raw() const { return raw_; }
  friend constexpr bool operator==(BigEndian a, BigEndian b) { return a.raw_ == b.raw_; }

 private:
  static constexpr T Swap(T v) {
    if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(v);
    } else if constexpr (sizeof(T) == 4) {
      return __builtin_bswap32(v);
    } else {
      return __builtin_bswap64(v);
    }
  }
  T raw_ = 0;
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
using Be64 = BigEndian<uint64_t>;

}  // namespace lns
