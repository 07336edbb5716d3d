// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/address/lease_table.h"

#include "lib/base/check.h"

namespace lns::controlplane {

void LeaseTable::Exclude(uint32_t number) {
  LNS_CHECK(slots_.empty() && used_ == 0);
  if (number >= count_) return;
  if (ahead_.emplace(number, Ahead{.owner = kExcluded}).second) --size_;
}

std::optional<uint32_t> LeaseTable::Allocate(Owner owner, User user) {
  LNS_CHECK(owner != 0 && owner != kExcluded);
  if (user != 0) {
    if (const auto known = remembered_.find(user); known != remembered_.end()) {
      const uint32_t number = known->second;
      Lease(number, owner);
      return number;
    }
  }
  if (std::optional<uint32_t> fresh = AllocateFresh(owner)) return fresh;
  if (head_ == kNil) return std::nullopt;
  const uint32_t number = head_;
  Lease(number, owner);
  return number;
}

// Moves the fresh mark over whatever was taken or remembered ahead of it: what is somebody's goes
// to the queue. Each such number is passed once in the table's life, so the loop is O(1) per
// allocation over time.
std::optional<uint32_t> LeaseTable::AllocateFresh(Owner owner) {
  while (slots_.size() < count_) {
    const auto number = static_cast<uint32_t>(slots_.size());
    const auto taken = ahead_.find(number);
    if (taken == ahead_.end()) {
      slots_.push_back({.owner = owner});
      ++used_;
      return number;
    }
    const Ahead ahead = taken->second;
    ahead_.erase(taken);
    slots_.push_back({.owner = ahead.owner, .user = ahead.user});
    if (ahead.owner == 0) PushBack(number);
  }
  return std::nullopt;
}

bool LeaseTable::Take(uint32_t number, Owner owner) {
  LNS_CHECK(owner != 0 && owner != kExcluded);
  if (number >= count_) return false;
  if (number < slots_.size()) {
    if (slots_[number].owner != 0) return false;
  } else if (const auto known = ahead_.find(number); known != ahead_.end()) {
    if (known->second.owner != 0) return false;
  }
  Lease(number, owner);
  return true;
}

void LeaseTable::Free(uint32_t number, User user) {
  LNS_CHECK(number < count_);
  --used_;
  if (number >= slots_.size()) {
    const auto taken = ahead_.find(number);
    LNS_CHECK(taken != ahead_.end() && taken->second.owner != 0 &&
              taken->second.owner != kExcluded);
    if (user != 0 && remembered_.emplace(user, number).second) {
      taken->second = {.user = user};
    } else {
      ahead_.erase(taken);
    }
    return;
  }
  Slot& slot = slots_[number];
  LNS_CHECK(slot.owner != 0 && slot.owner != kExcluded);
  slot.owner = 0;
  // A user with several keeps the first that was freed.
  if (user != 0 && remembered_.emplace(user, number).second) slot.user = user;
  PushBack(number);
}

bool LeaseTable::Remember(uint32_t number, User user) {
  LNS_CHECK(user != 0);
  // Whoever knows a number below the mark knows more of it than an earlier run.
  if (number >= count_ || number < slots_.size() || ahead_.contains(number)) return false;
  if (!remembered_.emplace(user, number).second) return false;
  ahead_.emplace(number, Ahead{.user = user});
  return true;
}

LeaseTable::Owner LeaseTable::OwnerOf(uint32_t number) const {
  Owner owner = 0;
  if (number < slots_.size()) {
    owner = slots_[number].owner;
  } else if (const auto taken = ahead_.find(number); taken != ahead_.end()) {
    owner = taken->second.owner;
  }
  return owner == kExcluded ? 0 : owner;
}

void LeaseTable::PushBack(uint32_t number) {
  Slot& slot = slots_[number];
  slot.next = kNil;
  slot.previous = tail_;
  (tail_ == kNil ? head_ : slots_[tail_].next) = number;
  tail_ = number;
}

void LeaseTable::Lease(uint32_t number, Owner owner) {
  ++used_;
  if (number >= slots_.size()) {
    Ahead& ahead = ahead_[number];
    if (ahead.user != 0) remembered_.erase(ahead.user);
    ahead = {.owner = owner};
    return;
  }
  Slot& slot = slots_[number];
  (slot.previous == kNil ? head_ : slots_[slot.previous].next) = slot.next;
  (slot.next == kNil ? tail_ : slots_[slot.next].previous) = slot.previous;
  if (slot.user != 0) remembered_.erase(slot.user);
  slot = {.owner = owner};
}

}  // namespace lns::controlplane
