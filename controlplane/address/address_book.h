// Every subscriber address of the LNS: the pools by name, and fixed addresses that lie in none. One
// address has one holder. Used by the engine on its thread; validated settings only.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/address/ipv4_pool.h"
#include "lib/base/result.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace lns::controlplane {

struct AddressPoolSettings {
  std::string name;
  net::IpPrefix prefix;
  net::IpAddress gateway;  // none: the first host address
};

// IPv4, distinct names, no overlap, gateway inside its pool; the Status names the pool.
absl::Status ValidatePools(const std::vector<AddressPoolSettings>& pools);

enum class LeaseError : uint8_t { kNoSuchPool, kExhausted, kInUse };

// Four bytes of address, host order, and the pool it came from.
struct Lease {
  static constexpr uint16_t kNoPool = UINT16_MAX;
  uint32_t address = 0;  // 0: no lease
  uint16_t pool = kNoPool;
  bool operator==(const Lease&) const = default;
};

class AddressBook {
 public:
  using Owner = Ipv4Pool::Owner;

  // `ours`: addresses of the LNS itself, never leased.
  AddressBook(const std::vector<AddressPoolSettings>& pools, const std::vector<uint32_t>& ours);

  // From the named pool; the empty name is the first pool.
  Result<Lease, LeaseError> Allocate(std::string_view pool, Owner owner);
  // This very address, in whatever pool it lies or in none.
  Result<Lease, LeaseError> Take(uint32_t address, Owner owner);
  void Free(const Lease& lease);

  Owner OwnerOf(uint32_t address) const;
  // What the LNS calls itself towards the holder of `lease`: its pool's gateway, else the first's.
  uint32_t GatewayOf(const Lease& lease) const;

  size_t pool_count() const { return pools_.size(); }
  const AddressPoolSettings& settings(size_t pool) const { return pools_[pool].settings; }
  const Ipv4Pool& pool(size_t pool) const { return pools_[pool].addresses; }
  uint64_t used() const;

 private:
  struct Entry {
    AddressPoolSettings settings;  // gateway filled in
    Ipv4Pool addresses;
  };

  std::vector<Entry> pools_;
  absl::flat_hash_map<uint32_t, Owner> outside_;  // fixed addresses of no pool
};

}  // namespace lns::controlplane
