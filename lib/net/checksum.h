// The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are of 16-bit words
// as they lie in memory, so a folded sum is stored without a swap (RFC 1071 2, byte order
// independence). In the header but for long stretches (checksum_blocks.h): workers use it per
// packet.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/net/checksum_blocks.h"

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
    while (left >= kLong) [[unlikely]] {
        const size_t blocks = std::min(left / kChecksumBlock, kMaxChecksumBlocks);
        AddWithCarry(SumBlocks(p, blocks));
        p += blocks * kChecksumBlock;
        left -= blocks * kChecksumBlock;
      }
    for (; left >= 8; left -= 8, p += 8) AddWithCarry(Load<uint64_t>(p));
    if (left == 0) return;
    if (bytes.size() >= 8) {
      AddWithCarry(LastOf(Load<uint64_t>(p + left - 8), left));
    } else {
      AddShort(p, left);
    }
  }
  // A 16-bit field in host order.
  void AddField(uint16_t host) { AddWithCarry(InMemoryOrder(host)); }
  static constexpr uint32_t InMemoryOrder(uint16_t host) { return __builtin_bswap16(host); }
  // Of two such fields, which AddWord takes as they are.
  static constexpr uint32_t InMemoryOrder32(uint32_t host) { return __builtin_bswap32(host); }
  // Any number of 16-bit words in memory order, or sums of such that have not overflowed: several
  // fields added up first cost one carry.
  void AddWord(uint64_t word) { AddWithCarry(word); }
  // A sum made before by Fold().
  void AddFolded(uint32_t folded) { AddWithCarry(folded); }

  // What was added so far stands one byte further on, behind an odd number of bytes (RFC 1071 2
  // (B)).
  void ShiftByOneByte() { sum_ = std::rotl(sum_, 8); }

  // At most 0xffff. Adding a word to itself turned by half leaves the sum of its halves, end-around
  // carry and all, in the upper one.
  uint32_t Fold() const {
    const auto halves = static_cast<uint32_t>((sum_ + std::rotr(sum_, 32)) >> 32);
    return (halves + std::rotr(halves, 16)) >> 16;
  }
  // To be stored with memcpy (it is in memory order).
  uint16_t Checksum() const { return static_cast<uint16_t>(~Fold()); }

 private:
  // From here on a call for vectors pays.
  static constexpr size_t kLong = 2 * kChecksumBlock;

  template <typename Word>
  static Word Load(const uint8_t* p) {
    Word word;
    std::memcpy(&word, p, sizeof(word));
    return word;
  }
  // Of eight bytes the last `count`, moved to the front of a word of zeros: one load without a
  // branch instead of up to three.
  static constexpr uint64_t LastOf(uint64_t word, size_t count) {
    const size_t others = 8 * (8 - count);  // bits
    return std::endian::native == std::endian::little ? word >> others : word << others;
  }
  void AddShort(const uint8_t* p, size_t count) {
    uint64_t word = 0;
    std::memcpy(&word, p, count);
    AddWithCarry(word);
  }
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
