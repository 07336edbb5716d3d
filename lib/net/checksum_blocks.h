// Sums of long stretches for lib/net/checksum.h, with vectors: those every x86-64 has, or AVX2's
// where the processor has them (asked at run time). Workers use it per packet.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

namespace lns::net {

inline constexpr size_t kChecksumBlock = 64;            // bytes
inline constexpr size_t kMaxChecksumBlocks = 1u << 10;  // in one call: lanes cannot overflow

// A word that is as much, modulo 65535, as the 16-bit words of `blocks` blocks, at most
// kMaxChecksumBlocks.
uint64_t SumBlocks(const uint8_t* bytes, size_t blocks);

// The same, by the one way and the other: for tests. The second only where HasWideVectors().
uint64_t SumBlocksPlainly(const uint8_t* bytes, size_t blocks);
uint64_t SumBlocksWide(const uint8_t* bytes, size_t blocks);
bool HasWideVectors();

}  // namespace lns::net
