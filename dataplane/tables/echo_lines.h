// The EchoEntry of each session slot, in blocks that are made when the first of their sessions has
// echoes: an LNS whose subscribers have none pays nothing for them. Blocks stay for good.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "dataplane/tables/echo_entry.h"
#include "dataplane/tables/table_memory.h"

namespace lns::dataplane {

class EchoLines {
 public:
  static constexpr uint32_t kBlockLog2 = 10;
  static constexpr uint32_t kBlock = 1u << kBlockLog2;

  // Before anybody reads. False: no memory.
  bool Prepare(TableMemory& memory, uint32_t slots) {
    blocks_ = memory.AllocateArray<std::atomic<EchoEntry*>>((slots + kBlock - 1) >> kBlockLog2);
    return !blocks_.empty();
  }
  // By the table writer, before it says that the session in the slot has echoes. False: no memory.
  bool Provide(TableMemory& memory, uint32_t slot) {
    std::atomic<EchoEntry*>& block = blocks_[slot >> kBlockLog2];
    if (block.load(std::memory_order_relaxed) != nullptr) return true;
    const std::span<EchoEntry> lines = memory.AllocateArray<EchoEntry>(kBlock);
    if (lines.empty()) return false;
    block.store(lines.data(), std::memory_order_release);
    return true;
  }

  // Of a session that has echoes, or had.
  EchoEntry& operator[](uint32_t slot) const {
    return blocks_[slot >> kBlockLog2].load(std::memory_order_acquire)[slot & (kBlock - 1)];
  }

 private:
  std::span<std::atomic<EchoEntry*>> blocks_;
};

}  // namespace lns::dataplane
