// Where tables get their memory: once, at start, zeroed, cache-line aligned; given back when the
// TableMemory is destroyed. The tables themselves know nothing of DPDK (so that they are tested
// without it and under thread sanitiser); the process gives them hugepages
// (tables/hugepage_memory.h), tests give them the heap.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <vector>

#include "lib/base/check.h"

namespace lns::dataplane {

inline constexpr size_t kCacheLine = 64;

class TableMemory {
 public:
  TableMemory() = default;
  TableMemory(const TableMemory&) = delete;
  TableMemory& operator=(const TableMemory&) = delete;
  virtual ~TableMemory() = default;

  // Null when there is no more.
  virtual void* Allocate(size_t bytes) = 0;

  // Default-constructed elements; empty when there is no memory. The elements are never destroyed.
  template <typename T>
  std::span<T> AllocateArray(size_t count) {
    static_assert(alignof(T) <= kCacheLine);
    void* memory = Allocate(count * sizeof(T));
    if (memory == nullptr) return {};
    T* first = static_cast<T*>(memory);
    for (size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }
};

class HeapMemory final : public TableMemory {
 public:
  ~HeapMemory() override {
    for (void* block : blocks_) std::free(block);
  }
  void* Allocate(size_t bytes) override {
    const size_t rounded = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    void* block = std::aligned_alloc(kCacheLine, rounded);
    if (block == nullptr) return nullptr;
    std::memset(block, 0, rounded);
    blocks_.push_back(block);
    return block;
  }

 private:
  std::vector<void*> blocks_;
};

}  // namespace lns::dataplane
