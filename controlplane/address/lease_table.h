// Which of a row of equal things (addresses, prefixes of one length), numbered from 0, are leased,
// and to whom. Every operation is O(1) and memory grows with the most ever leased at once, not with
// the row, so a large pool costs nothing until used.
//
// Those never leased yet go out in ascending order; then those given back, the longest rested
// first. What is freed joins the end of the queue: it is the last to be reused, so packets still
// under way to its old holder rarely meet a new one. Until then it is remembered for whom it was,
// by 32 bits of a hash of the user, and goes to them first; that two users may share a hash costs
// one of them no more than the old address.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

class LeaseTable {
 public:
  // Who holds one; the table only stores and returns it. Zero is not an owner.
  using Owner = uint32_t;
  // For whom it is remembered; zero: for nobody.
  using User = uint32_t;

  explicit LeaseTable(uint32_t size) : count_(size), size_(size) {}

  // Never hands this one out (a gateway, an address of our own). Before the first lease only.
  void Exclude(uint32_t number);

  // The one `user` had last where it is free. nullopt: exhausted.
  std::optional<uint32_t> Allocate(Owner owner, User user = 0);
  // This very one, for a user who always gets it. False: outside, excluded or leased.
  bool Take(uint32_t number, Owner owner);
  // It must be leased.
  void Free(uint32_t number, User user = 0);
  // An earlier run leased it to `user`: it is as if it had been freed just now, but for its place
  // in the queue. False: it is excluded, leased or known to be somebody's, or the user has another.
  bool Remember(uint32_t number, User user);

  // Zero: nobody, or there is no such number.
  Owner OwnerOf(uint32_t number) const;
  uint64_t size() const { return size_; }
  uint64_t used() const { return used_; }

 private:
  static constexpr uint32_t kNil = UINT32_MAX;
  static constexpr Owner kExcluded = UINT32_MAX;
  // One per number below the fresh mark. Free ones form the queue.
  struct Slot {
    Owner owner = 0;
    User user = 0;  // of a free one
    uint32_t next = kNil;
    uint32_t previous = kNil;
  };

  // Of one at or above the fresh mark; those that are free are remembered for somebody.
  struct Ahead {
    Owner owner = 0;
    User user = 0;
  };

  void PushBack(uint32_t number);
  // A free one, to `owner`.
  void Lease(uint32_t number, Owner owner);
  std::optional<uint32_t> AllocateFresh(Owner owner);

  uint32_t count_;
  uint64_t size_;  // without those excluded
  uint64_t used_ = 0;
  std::vector<Slot> slots_;  // [0, fresh)
  uint32_t head_ = kNil;     // longest rested
  uint32_t tail_ = kNil;
  // Taken, excluded or remembered ahead of the fresh mark; moves into slots_ when the mark gets
  // there.
  absl::flat_hash_map<uint32_t, Ahead> ahead_;
  absl::flat_hash_map<User, uint32_t> remembered_;  // free ones, by their last user
};

}  // namespace lns::controlplane
