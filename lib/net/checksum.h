// The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are of 16-bit words
// as they lie in memory, so a folded sum is stored without a swap (RFC 1071 2, byte order
// independence). Header-only: workers use it per packet.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "lib/base/bytes.h"

namespace lns::net {

// One's complement sum in progress, eight bytes at a time; folded at the end.
class ChecksumSum {
 public:
  constexpr ChecksumSum() = default;
  explicit constexpr ChecksumSum(uint32_t folded) : sum_(folded) {}

  // An odd length is padded with a zero byte, so only the last piece may be odd.
  void Add(ByteView bytes) {
    const uint8_t* p = bytes.data();
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, p += 8) {
      uint64_t words;
      std::memcpy(&words, p, sizeof(words));
      AddWithCarry(words);
    }
    if (left >= 4) {
      uint32_t words;
      std::memcpy(&words, p, sizeof(words));
      AddWithCarry(words);
      p += 4;
      left -= 4;
    }
    if (left >= 2) {
      uint16_t word;
      std::memcpy(&word, p, sizeof(word));
      AddWithCarry(word);
      p += 2;
      left -= 2;
    }
    if (left == 1) AddWithCarry(*p);
  }
  // A 16-bit field in host order.
  void AddField(uint16_t host) { AddWithCarry(__builtin_bswap16(host)); }
  // A sum made before by Fold().
  void AddFolded(uint32_t folded) { AddWithCarry(folded); }

  // At most 0xffff. Adding a word to itself turned by half leaves the sum of its halves, end-around
  // carry and all, in the upper one.
  uint32_t Fold() const {
    const auto halves = static_cast<uint32_t>((sum_ + std::rotr(sum_, 32)) >> 32);
    return (halves + std::rotr(halves, 16)) >> 16;
  }
  // To be stored with memcpy (it is in memory order).
  uint16_t Checksum() const { return static_cast<uint16_t>(~Fold()); }

 private:
  // One's complement addition in 64 bits; folding makes 16 of them (RFC 1071 2, parallel
  // summation).
  void AddWithCarry(uint64_t words) {
    sum_ += words;
    sum_ += sum_ < words ? 1 : 0;
  }

  uint64_t sum_ = 0;
};

// Of a whole header whose checksum field holds what it should: zero.
inline uint16_t Checksum(ByteView bytes) {
  ChecksumSum sum;
  sum.Add(bytes);
  return sum.Checksum();
}

inline void StoreChecksum(uint8_t* field, uint16_t checksum) {
  std::memcpy(field, &checksum, sizeof(checksum));
}

// RFC 1624 3, equation 3: HC' = ~(~HC + ~m + m'). All in one byte order,
// whichever.
constexpr uint16_t UpdateChecksum(uint16_t checksum, uint16_t old_word, uint16_t new_word) {
  uint32_t sum = static_cast<uint16_t>(~checksum);
  sum += static_cast<uint16_t>(~old_word);
  sum += new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace lns::net
