// Zeroed, page-aligned memory that stands for the mapped memfd. Its end is the end of the heap
// block, so an address sanitizer sees a read past the rings.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>

#include "lib/base/bytes.h"
#include "lib/base/check.h"

namespace lns::punt {

class PageMemory {
 public:
  explicit PageMemory(size_t size) : size_(size) {
    void* memory = nullptr;
    LNS_CHECK(posix_memalign(&memory, 4096, size) == 0);
    std::memset(memory, 0, size);
    data_ = static_cast<uint8_t*>(memory);
  }
  ~PageMemory() { std::free(data_); }
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  uint8_t* data() { return data_; }
  MutableByteView bytes() { return {data_, size_}; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_;
};

}  // namespace lns::punt
