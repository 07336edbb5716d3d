// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/checksum_blocks.h"

#include <array>
#include <cstring>

namespace lns::net {
namespace {

using Lanes128 = uint32_t __attribute__((vector_size(16)));
using Lanes256 = uint32_t __attribute__((vector_size(32)));

// Inlined into a function for the processor it is meant for.
template <typename Lanes>
[[gnu::always_inline]] inline uint64_t SumWith(const uint8_t* p, size_t blocks) {
  // Of the two 16-bit words in each 32 bits the upper ones are added up, and both as they stand,
  // modulo 2^32: the lower ones are what is left without the upper.
  Lanes upper{};
  Lanes all{};
  for (const uint8_t* const end = p + blocks * kChecksumBlock; p != end; p += kChecksumBlock) {
    for (size_t at = 0; at < kChecksumBlock; at += sizeof(Lanes)) {
      Lanes words;
      std::memcpy(&words, p + at, sizeof(words));
      upper += words >> 16;
      all += words;
    }
  }
  const Lanes lower = all - (upper << 16);
  // 2^32 is 1 modulo 65535, so it does not matter which half of 64 bits a lane lies in.
  const Lanes both = lower + upper;
  std::array<uint64_t, sizeof(Lanes) / sizeof(uint64_t)> pairs;
  std::memcpy(pairs.data(), &both, sizeof(both));
  uint64_t sum = 0;
  for (const uint64_t pair : pairs) sum += pair;
  return sum;
}

}  // namespace

uint64_t SumBlocksPlainly(const uint8_t* bytes, size_t blocks) {
  return SumWith<Lanes128>(bytes, blocks);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] uint64_t SumBlocksWide(const uint8_t* bytes, size_t blocks) {
  return SumWith<Lanes256>(bytes, blocks);
}
bool HasWideVectors() { return __builtin_cpu_supports("avx2"); }
#else
uint64_t SumBlocksWide(const uint8_t* bytes, size_t blocks) {
  return SumWith<Lanes128>(bytes, blocks);
}
bool HasWideVectors() { return false; }
#endif

uint64_t SumBlocks(const uint8_t* bytes, size_t blocks) {
  return HasWideVectors() ? SumBlocksWide(bytes, blocks) : SumBlocksPlainly(bytes, blocks);
}

}  // namespace lns::net
