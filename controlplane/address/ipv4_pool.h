// One IPv4 pool: which of a prefix's addresses are leased, and to whom. Every operation is O(1) and
// memory grows with the most addresses ever leased at once, not with the prefix, so a /10 costs
// nothing until used.
//
// Addresses never leased yet go out in ascending order; then those given back, the longest rested
// first. A freed address joins the end of the queue: it is the last to be reused, so packets still
// under way to its old holder rarely meet a new one.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

class Ipv4Pool {
 public:
  // Who holds an address; the pool only stores and returns it. Zero is not an owner.
  using Owner = uint32_t;

  // Network and broadcast address are left out (except of /31 and /32, RFC 3021).
  explicit Ipv4Pool(const net::IpPrefix& prefix);

  // The first host address: the gateway where none is configured.
  static uint32_t FirstHost(const net::IpPrefix& prefix);

  // Never hands `address` out (a gateway, an address of our own). Before the first lease only.
  void Exclude(uint32_t address);

  // Host order. nullopt: exhausted.
  std::optional<uint32_t> Allocate(Owner owner);
  // This very address, for a user who always gets it. False: outside, excluded or leased.
  bool Take(uint32_t address, Owner owner);
  // `address` must be leased.
  void Free(uint32_t address);

  bool Contains(uint32_t address) const { return address >= first_ && address <= last_; }
  // Zero: nobody, or not an address of this pool.
  Owner OwnerOf(uint32_t address) const;
  uint64_t size() const { return size_; }
  uint64_t used() const { return used_; }

 private:
  static constexpr uint32_t kNil = UINT32_MAX;
  static constexpr Owner kExcluded = UINT32_MAX;
  // One per address below fresh_. Free ones form the queue, linked by offset in the prefix.
  struct Slot {
    Owner owner = 0;
    uint32_t next = kNil;
    uint32_t previous = kNil;
  };

  void PushBack(uint32_t offset);
  void Unlink(uint32_t offset);
  std::optional<uint32_t> AllocateFresh(Owner owner);

  uint32_t first_ = 0;
  uint32_t last_ = 0;
  uint64_t size_ = 0;
  uint64_t used_ = 0;
  std::vector<Slot> slots_;  // offsets [0, fresh)
  uint32_t head_ = kNil;     // longest rested
  uint32_t tail_ = kNil;
  // Taken or excluded ahead of the fresh mark; moves into slots_ when the mark gets there.
  absl::flat_hash_map<uint32_t, Owner> ahead_;
};

}  // namespace lns::controlplane
