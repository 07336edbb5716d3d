// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/id_allocator.h"

#include <bit>

#include "lib/base/check.h"

namespace lns::controlplane {

std::optional<uint16_t> IdAllocator::Allocate(Rng& rng) {
  if (taken_count_ == kIds) return std::nullopt;
  uint16_t id = 0;
  for (int i = 0; i < kRandomTries; ++i) {
    id = static_cast<uint16_t>(1 + rng.Below(kIds));
    if (TryTake(id)) return id;
  }
  return TakeFirstFree(id);
}

void IdAllocator::Release(uint16_t id) {
  LNS_CHECK(taken(id));
  std::unique_ptr<Block>& block = blocks_[id / kBlockIds];
  block->words[id % kBlockIds / kWordBits] &= ~(uint64_t{1} << (id % kWordBits));
  --taken_count_;
  if (--block->taken == 0) block.reset();
}

bool IdAllocator::taken(uint16_t id) const {
  const std::unique_ptr<Block>& block = blocks_[id / kBlockIds];
  return block != nullptr &&
         (block->words[id % kBlockIds / kWordBits] >> (id % kWordBits) & 1) != 0;
}

uint16_t IdAllocator::NextTaken(uint16_t id) const {
  uint32_t next = uint32_t{id} + 1;
  while (next <= kIds) {
    const std::unique_ptr<Block>& block = blocks_[next / kBlockIds];
    if (block == nullptr) {
      next = (next / kBlockIds + 1) * kBlockIds;
      continue;
    }
    const uint64_t rest = block->words[next % kBlockIds / kWordBits] >> (next % kWordBits);
    if (rest != 0)
      return static_cast<uint16_t>(next + static_cast<uint32_t>(std::countr_zero(rest)));
    next = (next / kWordBits + 1) * kWordBits;
  }
  return 0;
}

bool IdAllocator::TryTake(uint16_t id) {
  std::unique_ptr<Block>& block = blocks_[id / kBlockIds];
  if (block == nullptr) block = std::make_unique<Block>();
  uint64_t& word = block->words[id % kBlockIds / kWordBits];
  const uint64_t bit = uint64_t{1} << (id % kWordBits);
  if ((word & bit) != 0) return false;
  word |= bit;
  ++block->taken;
  ++taken_count_;
  return true;
}

// Some id is free. Whole blocks are skipped by their count, whole words by their value.
std::optional<uint16_t> IdAllocator::TakeFirstFree(uint16_t from) {
  for (uint32_t i = 0; i <= kBlocks; ++i) {
    const uint32_t number = (from / kBlockIds + i) % kBlocks;
    // Id 0 is never taken and never free.
    const uint32_t usable = number == 0 ? kBlockIds - 1 : kBlockIds;
    const std::unique_ptr<Block>& block = blocks_[number];
    if (block != nullptr && block->taken == usable) continue;
    for (uint32_t word = 0; word < kBlockIds / kWordBits; ++word) {
      uint64_t used = block == nullptr ? 0 : block->words[word];
      if (number == 0 && word == 0) used |= 1;
      if (used == UINT64_MAX) continue;
      const uint32_t id =
          number * kBlockIds + word * kWordBits + static_cast<uint32_t>(std::countr_one(used));
      LNS_CHECK(TryTake(static_cast<uint16_t>(id)));
      return static_cast<uint16_t>(id);
    }
  }
  return std::nullopt;
}

}  // namespace lns::controlplane
