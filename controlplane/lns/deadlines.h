// When each of many engines (tunnels, links) wants its OnTimer: an indexed heap of deadlines, one
// per small dense index. Setting, moving and clearing one are O(log n) without garbage; the
// earliest is O(1), so a turn of the loop costs what is due, not what is running. Exact, unlike a
// wheel of ticks, so that a simulation sees the very deadlines the engines named.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/time.h"

namespace lns::controlplane {

class Deadlines {
 public:
  // Instant::Never() clears.
  void Set(uint32_t index, Instant deadline);
  void Clear(uint32_t index);

  // Never() when none is set.
  Instant earliest() const { return heap_.empty() ? Instant::Never() : heap_.front().deadline; }
  // Whose it is; some deadline must be set.
  uint32_t earliest_index() const { return heap_.front().index; }
  size_t size() const { return heap_.size(); }

 private:
  // Four children: half the levels of a binary heap, and siblings share a cache line.
  static constexpr size_t kArity = 4;
  static constexpr uint32_t kAbsent = UINT32_MAX;
  struct Entry {
    Instant deadline;
    uint32_t index;
  };

  void Place(size_t position, Entry entry);
  void SiftUp(size_t position, Entry entry);
  void SiftDown(size_t position, Entry entry);

  std::vector<Entry> heap_;
  std::vector<uint32_t> position_;  // by index
};

}  // namespace lns::controlplane
