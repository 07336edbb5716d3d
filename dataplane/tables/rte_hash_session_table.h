// The reference beside tables/session_table.h: DPDK's rte_hash in its lock-free read mode, behind
// the same interface and under the same tests. Not used by the product; the benchmark compares
// them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>

#include "dataplane/tables/session_table.h"

namespace lns::dataplane {

class RteHashSessionTable {
 public:
  static std::unique_ptr<RteHashSessionTable> Make(TableMemory&, uint32_t capacity) {
    static uint32_t instances = 0;  // rte_hash wants a name of its own for each table
    char name[RTE_HASH_NAMESIZE];
    std::snprintf(name, sizeof(name), "session_table_%u", instances++);
    rte_hash_parameters parameters{};
    parameters.name = name;
    parameters.entries = capacity < 64 ? 64 : capacity;
    parameters.key_len = sizeof(uint32_t);
    parameters.hash_func = rte_hash_crc;
    parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
    rte_hash* hash = rte_hash_create(&parameters);
    if (hash == nullptr) return nullptr;
    return std::unique_ptr<RteHashSessionTable>(new RteHashSessionTable(hash, capacity));
  }
  RteHashSessionTable(const RteHashSessionTable&) = delete;
  RteHashSessionTable& operator=(const RteHashSessionTable&) = delete;
  ~RteHashSessionTable() { rte_hash_free(hash_); }

  uint32_t Find(uint32_t key) const {
    void* data = nullptr;
    if (rte_hash_lookup_data(hash_, &key, &data) < 0) return kNotFound;
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data));
  }

  void FindBurst(std::span<const uint32_t> keys, std::span<uint32_t> values) const {
    const void* pointers[RTE_HASH_LOOKUP_BULK_MAX];
    void* data[RTE_HASH_LOOKUP_BULK_MAX];
    for (size_t base = 0; base < keys.size(); base += RTE_HASH_LOOKUP_BULK_MAX) {
      const size_t left = keys.size() - base;
      const size_t count = left < RTE_HASH_LOOKUP_BULK_MAX ? left : RTE_HASH_LOOKUP_BULK_MAX;
      for (size_t i = 0; i < count; ++i) pointers[i] = &keys[base + i];
      uint64_t hits = 0;
      rte_hash_lookup_bulk_data(hash_, pointers, static_cast<uint32_t>(count), &hits, data);
      for (size_t i = 0; i < count; ++i) {
        values[base + i] = (hits >> i & 1) != 0
                               ? static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data[i]))
                               : kNotFound;
      }
    }
  }

  bool Upsert(uint32_t key, uint32_t value) {
    const bool present = rte_hash_lookup(hash_, &key) >= 0;
    if (!present && size_ >= capacity_) return false;
    void* data = reinterpret_cast<void*>(static_cast<uintptr_t>(value));
    if (rte_hash_add_key_data(hash_, &key, data) != 0) return false;
    if (!present) ++size_;
    return true;
  }

  bool Erase(uint32_t key) {
    const int32_t position = rte_hash_del_key(hash_, &key);
    if (position < 0) return false;
    // Lock-free mode leaves the key's slot to us. Freed at once: tests erase without readers.
    rte_hash_free_key_with_position(hash_, position);
    --size_;
    return true;
  }

  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }

 private:
  RteHashSessionTable(rte_hash* hash, uint32_t capacity) : hash_(hash), capacity_(capacity) {}

  rte_hash* hash_;
  uint32_t capacity_;
  uint32_t size_ = 0;
};

}  // namespace lns::dataplane
