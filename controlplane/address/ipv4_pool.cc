// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/address/ipv4_pool.h"

#include "lib/base/check.h"

namespace lns::controlplane {
namespace {
bool HasBroadcast(const net::IpPrefix& prefix) { return prefix.length < 31; }
uint32_t LastAddress(const net::IpPrefix& prefix) {
  const uint32_t host_bits =
      prefix.length == 0 ? UINT32_MAX : (uint32_t{1} << (32 - prefix.length)) - 1;
  return prefix.address.v4() | host_bits;
}
}  // namespace

Ipv4Pool::Ipv4Pool(const net::IpPrefix& prefix)
    : first_(FirstHost(prefix)), last_(LastAddress(prefix) - (HasBroadcast(prefix) ? 1 : 0)) {
  LNS_CHECK(prefix.address.is_v4());
  size_ = uint64_t{last_} - first_ + 1;
}

uint32_t Ipv4Pool::FirstHost(const net::IpPrefix& prefix) {
  return prefix.address.v4() + (HasBroadcast(prefix) ? 1 : 0);
}

void Ipv4Pool::Exclude(uint32_t address) {
  LNS_CHECK(slots_.empty() && used_ == 0);
  if (!Contains(address)) return;
  if (ahead_.emplace(address - first_, kExcluded).second) --size_;
}

std::optional<uint32_t> Ipv4Pool::Allocate(Owner owner) {
  LNS_CHECK(owner != 0 && owner != kExcluded);
  if (std::optional<uint32_t> fresh = AllocateFresh(owner)) return fresh;
  if (head_ == kNil) return std::nullopt;
  const uint32_t offset = head_;
  Unlink(offset);
  slots_[offset].owner = owner;
  ++used_;
  return first_ + offset;
}

// Moves the fresh mark over whatever was taken ahead of it. Each such address is passed once in the
// pool's life, so the loop is O(1) per allocation over time.
std::optional<uint32_t> Ipv4Pool::AllocateFresh(Owner owner) {
  while (slots_.size() <= last_ - first_) {
    const uint32_t offset = static_cast<uint32_t>(slots_.size());
    const auto taken = ahead_.find(offset);
    if (taken == ahead_.end()) {
      slots_.push_back({.owner = owner});
      ++used_;
      return first_ + offset;
    }
    slots_.push_back({.owner = taken->second});
    ahead_.erase(taken);
  }
  return std::nullopt;
}

bool Ipv4Pool::Take(uint32_t address, Owner owner) {
  LNS_CHECK(owner != 0 && owner != kExcluded);
  if (!Contains(address)) return false;
  const uint32_t offset = address - first_;
  if (offset >= slots_.size()) {
    if (!ahead_.emplace(offset, owner).second) return false;
  } else {
    if (slots_[offset].owner != 0) return false;
    Unlink(offset);
    slots_[offset].owner = owner;
  }
  ++used_;
  return true;
}

void Ipv4Pool::Free(uint32_t address) {
  LNS_CHECK(Contains(address));
  const uint32_t offset = address - first_;
  if (offset >= slots_.size()) {
    const auto taken = ahead_.find(offset);
    LNS_CHECK(taken != ahead_.end() && taken->second != kExcluded);
    ahead_.erase(taken);
  } else {
    LNS_CHECK(slots_[offset].owner != 0 && slots_[offset].owner != kExcluded);
    slots_[offset].owner = 0;
    PushBack(offset);
  }
  --used_;
}

Ipv4Pool::Owner Ipv4Pool::OwnerOf(uint32_t address) const {
  if (!Contains(address)) return 0;
  const uint32_t offset = address - first_;
  Owner owner = 0;
  if (offset < slots_.size()) {
    owner = slots_[offset].owner;
  } else if (const auto taken = ahead_.find(offset); taken != ahead_.end()) {
    owner = taken->second;
  }
  return owner == kExcluded ? 0 : owner;
}

void Ipv4Pool::PushBack(uint32_t offset) {
  Slot& slot = slots_[offset];
  slot.next = kNil;
  slot.previous = tail_;
  (tail_ == kNil ? head_ : slots_[tail_].next) = offset;
  tail_ = offset;
}

void Ipv4Pool::Unlink(uint32_t offset) {
  Slot& slot = slots_[offset];
  (slot.previous == kNil ? head_ : slots_[slot.previous].next) = slot.next;
  (slot.next == kNil ? tail_ : slots_[slot.next].previous) = slot.previous;
  slot.next = slot.previous = kNil;
}

}  // namespace lns::controlplane
