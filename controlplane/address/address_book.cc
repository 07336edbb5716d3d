// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/address/address_book.h"

#include <algorithm>

#include "lib/base/check.h"
#include "lib/net/prefix.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

const AddressPoolSettings* Named(const std::vector<AddressPoolSettings>& pools,
                                 std::string_view name) {
  const auto it = std::find_if(pools.begin(), pools.end(),
                               [name](const auto& pool) { return pool.name == name; });
  return it == pools.end() ? nullptr : &*it;
}

absl::Status ValidateChain(const std::vector<AddressPoolSettings>& pools,
                           const AddressPoolSettings& pool) {
  const AddressPoolSettings* at = &pool;
  for (size_t steps = 0; !at->next.empty(); ++steps) {
    const AddressPoolSettings* next = Named(pools, at->next);
    if (next == nullptr || UseOf(*next) != UseOf(pool) || next->vrf != pool.vrf) {
      return absl::InvalidArgumentError(
          absl::StrCat("pool ", at->name, ": no pool of its kind to go on with: ", at->next));
    }
    if (steps == pools.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("pool ", pool.name, ": the chain of next pools never ends"));
    }
    at = next;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidatePools(const std::vector<AddressPoolSettings>& pools) {
  if (pools.size() >= Lease::kNoPool) return absl::InvalidArgumentError("too many pools");
  for (size_t i = 0; i < pools.size(); ++i) {
    const AddressPoolSettings& pool = pools[i];
    absl::Status status = ValidatePool(pool);
    if (status.ok()) status = ValidateChain(pools, pool);
    if (!status.ok()) return status;
    for (size_t j = 0; j < i; ++j) {
      if (pools[j].name == pool.name) {
        return absl::InvalidArgumentError(absl::StrCat("pool ", pool.name, ": the name is taken"));
      }
      if (pools[j].vrf == pool.vrf && net::Overlap(pools[j].prefix, pool.prefix)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "pool ", pool.name, ": ", pool.prefix.ToString(), " overlaps pool ", pools[j].name));
      }
    }
  }
  return absl::OkStatus();
}

// FNV-1a: the same in every process, so that what is remembered could be kept on disk.
LeaseTable::User UserHash(std::string_view user_name, uint32_t distinction) {
  if (user_name.empty()) return 0;
  constexpr uint32_t kPrime = 16777619;
  uint32_t hash = 2166136261;
  for (const char c : user_name) hash = (hash ^ static_cast<uint8_t>(c)) * kPrime;
  for (int shift = 0; shift < 32; shift += 8)
    hash = (hash ^ (distinction >> shift & 0xff)) * kPrime;
  return hash != 0 ? hash : 1;
}

AddressBook::AddressBook(const std::vector<AddressPoolSettings>& pools,
                         const std::vector<net::IpAddress>& ours) {
  LNS_CHECK(ValidatePools(pools).ok());
  pools_.reserve(pools.size());
  for (const AddressPoolSettings& settings : pools) pools_.emplace_back(settings, ours);
  for (const AddressPool& pool : pools_) {
    const std::string& next = pool.settings().next;
    next_.push_back(next.empty() ? Lease::kNoPool : PoolNamed(next, pool.use()));
  }
}

uint16_t AddressBook::FirstPoolFor(PoolUse use) const {
  const auto it = std::find_if(pools_.begin(), pools_.end(),
                               [use](const AddressPool& pool) { return pool.use() == use; });
  return it == pools_.end() ? Lease::kNoPool : static_cast<uint16_t>(it - pools_.begin());
}

bool AddressBook::KnowsAnyOf(PoolUse use, std::span<const std::string> pools) const {
  if (pools.empty()) return true;
  return std::any_of(pools.begin(), pools.end(), [&](const std::string& name) {
    return PoolNamed(name, use) != Lease::kNoPool;
  });
}

const AddressPool* AddressBook::FindPool(std::string_view name) const {
  const auto it = std::find_if(pools_.begin(), pools_.end(), [name](const AddressPool& pool) {
    return pool.settings().name == name;
  });
  return it == pools_.end() ? nullptr : &*it;
}

uint16_t AddressBook::PoolNamed(std::string_view name, PoolUse use) const {
  const auto it = std::find_if(pools_.begin(), pools_.end(), [&](const AddressPool& pool) {
    return pool.settings().name == name && pool.use() == use;
  });
  return it == pools_.end() ? Lease::kNoPool : static_cast<uint16_t>(it - pools_.begin());
}

Result<Lease, LeaseError> AddressBook::Allocate(PoolUse use, std::span<const std::string> pools,
                                                Owner owner, User user) {
  LeaseError error = LeaseError::kNoSuchPool;
  const size_t names = std::max<size_t>(pools.size(), 1);
  for (size_t i = 0; i < names; ++i) {
    uint16_t pool =
        pools.empty() || pools[i].empty() ? FirstPoolFor(use) : PoolNamed(pools[i], use);
    // Validated: chains end.
    for (; pool != Lease::kNoPool; pool = next_[pool]) {
      if (const auto unit = pools_[pool].Allocate(owner, user)) {
        const Lease lease{*unit, pool};
        Note(lease, user, /*held=*/true);
        return lease;
      }
      error = LeaseError::kExhausted;
    }
  }
  return Failure(error);
}

Result<Lease, LeaseError> AddressBook::Take(const net::IpPrefix& prefix, Owner owner) {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (!net::Overlap(pools_[i].settings().prefix, prefix)) continue;
    if (!pools_[i].Take(prefix, owner)) return Failure(LeaseError::kInUse);
    return Lease{prefix, static_cast<uint16_t>(i)};
  }
  if (!outside_.emplace(prefix, owner).second) return Failure(LeaseError::kInUse);
  return Lease{prefix, Lease::kNoPool};
}

void AddressBook::Free(const Lease& lease, User user) {
  if (lease.pool == Lease::kNoPool) {
    LNS_CHECK(outside_.erase(lease.prefix) == 1);
  } else {
    pools_[lease.pool].Free(lease.prefix, user);
    Note(lease, user, /*held=*/false);
  }
}

size_t AddressBook::Remember(std::span<const RememberedLease> leases) {
  keeps_changes_ = true;
  size_t taken = 0;
  for (const RememberedLease& lease : leases) {
    if (lease.user == 0 || lease.pool >= pools_.size()) continue;
    if (pools_[lease.pool].Remember(lease.unit, lease.user)) ++taken;
  }
  return taken;
}

void AddressBook::TakeChanges(std::vector<RememberedLease>& out) {
  out.clear();
  out.swap(changes_);
}

void AddressBook::Note(const Lease& lease, User user, bool held) {
  if (keeps_changes_ && user != 0) changes_.push_back({lease.pool, lease.prefix, user, held});
}

AddressBook::Owner AddressBook::OwnerOf(const net::IpPrefix& prefix) const {
  for (const AddressPool& pool : pools_) {
    if (pool.settings().prefix.Contains(prefix.address)) return pool.OwnerOf(prefix);
  }
  const auto it = outside_.find(prefix);
  return it == outside_.end() ? 0 : it->second;
}

net::IpAddress AddressBook::GatewayOf(const Lease& lease) const {
  const uint16_t pool = lease.pool == Lease::kNoPool ? FirstPoolFor(PoolUse::kAddress) : lease.pool;
  return pool == Lease::kNoPool ? net::IpAddress() : pools_[pool].settings().gateway;
}

uint64_t AddressBook::used() const {
  uint64_t used = outside_.size();
  for (const AddressPool& pool : pools_) used += pool.used();
  return used;
}

}  // namespace lns::controlplane
