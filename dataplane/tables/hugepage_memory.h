// Table memory from DPDK's heap: hugepages where the process has them. Needs the EAL.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_malloc.h>

#include <vector>

#include "dataplane/tables/table_memory.h"

namespace lns::dataplane {

class HugepageMemory final : public TableMemory {
 public:
  explicit HugepageMemory(int socket) : socket_(socket) {}
  ~HugepageMemory() override {
    for (void* block : blocks_) rte_free(block);
  }
  void* Allocate(size_t bytes) override {
    void* block = rte_zmalloc_socket("tables", bytes, kCacheLine, socket_);
    if (block != nullptr) blocks_.push_back(block);
    return block;
  }

 private:
  int socket_;
  std::vector<void*> blocks_;
};

}  // namespace lns::dataplane
