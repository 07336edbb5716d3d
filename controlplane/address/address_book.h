// Every address and prefix the LNS hands to the subscribers of one VRF: the pools of all kinds by
// name, and fixed ones that lie in none. Each has one holder. Used by the engine on its thread;
// validated settings only. What a user had is remembered while it is free; over a restart by
// whoever takes out what changes (RememberedLease) and tells the next run.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/address/address_pool.h"
#include "lib/base/result.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace lns::controlplane {

// Distinct names, no overlap within a VRF, chains that lead to pools of the same kind and VRF and
// end, each pool right by itself; the Status names the pool.
absl::Status ValidatePools(const std::vector<AddressPoolSettings>& pools);

enum class LeaseError : uint8_t { kNoSuchPool, kExhausted, kInUse };

// What somebody holds, and the pool it came from.
struct Lease {
  static constexpr uint16_t kNoPool = UINT16_MAX;
  net::IpPrefix prefix;  // none: no lease
  uint16_t pool = kNoPool;

  bool held() const { return !prefix.address.is_none(); }
  // In host order; 0: no lease of IPv4.
  uint32_t ipv4() const { return prefix.address.is_v4() ? prefix.address.v4() : 0; }
  bool operator==(const Lease&) const = default;
};

// Of a user's name, and of what tells several leases of one user apart; never 0 but for nobody.
LeaseTable::User UserHash(std::string_view user_name, uint32_t distinction = 0);

// What a user has or had, for a book that is made anew.
struct RememberedLease {
  uint16_t pool = 0;  // index of the book's pools
  net::IpPrefix unit;
  LeaseTable::User user = 0;
  bool held = false;
  bool operator==(const RememberedLease&) const = default;
};

class AddressBook {
 public:
  using Owner = LeaseTable::Owner;
  using User = LeaseTable::User;

  // `ours`: addresses of the LNS itself, never leased.
  AddressBook(const std::vector<AddressPoolSettings>& pools,
              const std::vector<net::IpAddress>& ours);

  // From the named pools in this order, each with those chained to it; no name is the first pool of
  // this use. kNoSuchPool: none of them exists.
  Result<Lease, LeaseError> Allocate(PoolUse use, std::span<const std::string> pools, Owner owner,
                                     User user = 0);
  // This very one, in whatever pool it lies or in none. What lies in a pool but is no unit of it
  // would take what the pool hands out: in use.
  Result<Lease, LeaseError> Take(const net::IpPrefix& prefix, Owner owner);
  void Free(const Lease& lease, User user = 0);

  // Before the first lease: what an earlier run remembered, the latest first (which is the one a
  // user with several gets). What does not fit the pools any more is left out; how many were taken.
  // From here on changes are kept.
  size_t Remember(std::span<const RememberedLease> leases);
  // What has changed since the last time, in order; without Remember nothing is kept.
  void TakeChanges(std::vector<RememberedLease>& out);

  Owner OwnerOf(const net::IpPrefix& prefix) const;
  // What the LNS calls itself towards the holder of an IPv4 lease: its pool's gateway, else the
  // first's. None: there is no IPv4 pool.
  net::IpAddress GatewayOf(const Lease& lease) const;

  bool HasPoolFor(PoolUse use) const { return FirstPoolFor(use) != Lease::kNoPool; }
  // Whether any of those named is there; true where none is named.
  bool KnowsAnyOf(PoolUse use, std::span<const std::string> pools) const;
  size_t pool_count() const { return pools_.size(); }
  const AddressPool& pool(size_t index) const { return pools_[index]; }
  // Null: there is none of this name.
  const AddressPool* FindPool(std::string_view name) const;
  uint64_t used() const;

 private:
  uint16_t FirstPoolFor(PoolUse use) const;
  uint16_t PoolNamed(std::string_view name, PoolUse use) const;
  void Note(const Lease& lease, User user, bool held);

  std::vector<AddressPool> pools_;
  std::vector<uint16_t> next_;                         // by pool: the one chained to it
  absl::flat_hash_map<net::IpPrefix, Owner> outside_;  // fixed ones of no pool
  bool keeps_changes_ = false;
  std::vector<RememberedLease> changes_;
};

}  // namespace lns::controlplane
