// Deadlines of a fixed population of things with small dense ids: at most one each, set and changed
// in O(log n), kept in an indexed binary heap. Knows no clock.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/time.h"

namespace lns::lacsim {

class TimerHeap {
 public:
  explicit TimerHeap(size_t population) : slots_(population, kNotQueued) {}

  // Instant::Never() takes it out.
  void Set(uint32_t id, Instant deadline);
  Instant Next() const { return heap_.empty() ? Instant::Never() : heap_.front().deadline; }
  // Takes out one id that is due, or none is.
  std::optional<uint32_t> PopDue(Instant now);
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Instant deadline;
    uint32_t id = 0;
  };
  static constexpr uint32_t kNotQueued = UINT32_MAX;

  void Remove(size_t at);
  void Place(size_t at, const Entry& entry);
  void SiftUp(size_t at, const Entry& entry);
  void SiftDown(size_t at, const Entry& entry);

  std::vector<Entry> heap_;
  std::vector<uint32_t> slots_;  // by id: its place in heap_
};

}  // namespace lns::lacsim
