// Tunnel and session ids: 16 bits, never zero, unpredictable (an off-path sender must not be able
// to guess a live pair), none reused while live or resting. One allocator for the tunnels, one per
// tunnel for its sessions; a tunnel with one session pays for one small block of bits.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "lib/base/rng.h"
#include "lib/base/time.h"

namespace lns::controlplane {

class IdAllocator {
 public:
  static constexpr uint32_t kIds = 65535;  // 1..65535

  // nullopt: every id is live or resting.
  std::optional<uint16_t> Allocate(Rng& rng);
  // `id` was allocated and its rest is over.
  void Release(uint16_t id);

  bool taken(uint16_t id) const;
  // The smallest taken id above `id`, to walk them in order; 0: none.
  uint16_t NextTaken(uint16_t id) const;
  uint32_t taken_count() const { return taken_count_; }

 private:
  static constexpr uint32_t kBlockIds = 1024;
  static constexpr uint32_t kBlocks = 65536 / kBlockIds;
  static constexpr uint32_t kWordBits = 64;
  // Tries at random before falling back to the first free id after a random one, whose search is
  // bounded by kBlocks + words of one block however full the space is.
  static constexpr int kRandomTries = 16;

  struct Block {
    std::array<uint64_t, kBlockIds / kWordBits> words{};
    uint32_t taken = 0;
  };

  bool TryTake(uint16_t id);
  std::optional<uint16_t> TakeFirstFree(uint16_t from);

  std::array<std::unique_ptr<Block>, kBlocks> blocks_;
  uint32_t taken_count_ = 0;
};

// Retired keys in the order they may be used again. The rest is the same for all, so the queue is
// in order of time by itself.
template <typename Key>
class RestQueue {
 public:
  void Add(const Key& key, Instant until) { queue_.push_back({key, until}); }
  // Never() when nothing rests.
  Instant earliest() const { return queue_.empty() ? Instant::Never() : queue_.front().until; }
  std::optional<Key> TakeRested(Instant now) {
    if (earliest() > now) return std::nullopt;
    const Key key = queue_.front().key;
    queue_.pop_front();
    return key;
  }
  size_t size() const { return queue_.size(); }

 private:
  struct Entry {
    Key key;
    Instant until;
  };
  std::deque<Entry> queue_;
};

}  // namespace lns::controlplane
