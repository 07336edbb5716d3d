// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/address/address_book.h"

#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {
bool Overlap(const net::IpPrefix& a, const net::IpPrefix& b) {
  return a.Contains(b.address) || b.Contains(a.address);
}
}  // namespace

absl::Status ValidatePools(const std::vector<AddressPoolSettings>& pools) {
  if (pools.size() >= Lease::kNoPool) return absl::InvalidArgumentError("too many pools");
  for (size_t i = 0; i < pools.size(); ++i) {
    const AddressPoolSettings& pool = pools[i];
    if (pool.name.empty()) return absl::InvalidArgumentError(absl::StrCat("pool ", i, ": no name"));
    if (!pool.prefix.address.is_v4() || pool.prefix.length == 0 || pool.prefix.length > 32) {
      return absl::InvalidArgumentError(
          absl::StrCat("pool ", pool.name, ": not an IPv4 prefix: ", pool.prefix.ToString()));
    }
    if (!pool.gateway.is_none() && !pool.prefix.Contains(pool.gateway)) {
      return absl::InvalidArgumentError(absl::StrCat("pool ", pool.name, ": gateway ",
                                                     pool.gateway.ToString(), " is not in ",
                                                     pool.prefix.ToString()));
    }
    for (size_t j = 0; j < i; ++j) {
      if (pools[j].name == pool.name) {
        return absl::InvalidArgumentError(absl::StrCat("pool ", pool.name, ": the name is taken"));
      }
      if (Overlap(pools[j].prefix, pool.prefix)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "pool ", pool.name, ": ", pool.prefix.ToString(), " overlaps pool ", pools[j].name));
      }
    }
  }
  return absl::OkStatus();
}

AddressBook::AddressBook(const std::vector<AddressPoolSettings>& pools,
                         const std::vector<uint32_t>& ours) {
  LNS_CHECK(ValidatePools(pools).ok());
  pools_.reserve(pools.size());
  for (const AddressPoolSettings& settings : pools) {
    Entry& entry = pools_.emplace_back(Entry{settings, Ipv4Pool(settings.prefix)});
    if (settings.gateway.is_none()) {
      entry.settings.gateway = net::IpAddress::V4(Ipv4Pool::FirstHost(settings.prefix));
    }
    entry.addresses.Exclude(entry.settings.gateway.v4());
    for (uint32_t address : ours) entry.addresses.Exclude(address);
  }
}

Result<Lease, LeaseError> AddressBook::Allocate(std::string_view pool, Owner owner) {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (!pool.empty() && pools_[i].settings.name != pool) continue;
    const std::optional<uint32_t> address = pools_[i].addresses.Allocate(owner);
    if (!address) return Failure(LeaseError::kExhausted);
    return Lease{*address, static_cast<uint16_t>(i)};
  }
  return Failure(LeaseError::kNoSuchPool);
}

Result<Lease, LeaseError> AddressBook::Take(uint32_t address, Owner owner) {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (!pools_[i].settings.prefix.Contains(net::IpAddress::V4(address))) continue;
    if (!pools_[i].addresses.Take(address, owner)) return Failure(LeaseError::kInUse);
    return Lease{address, static_cast<uint16_t>(i)};
  }
  if (!outside_.emplace(address, owner).second) return Failure(LeaseError::kInUse);
  return Lease{address, Lease::kNoPool};
}

void AddressBook::Free(const Lease& lease) {
  if (lease.pool == Lease::kNoPool) {
    LNS_CHECK(outside_.erase(lease.address) == 1);
  } else {
    pools_[lease.pool].addresses.Free(lease.address);
  }
}

AddressBook::Owner AddressBook::OwnerOf(uint32_t address) const {
  for (const Entry& entry : pools_) {
    if (entry.addresses.Contains(address)) return entry.addresses.OwnerOf(address);
  }
  const auto it = outside_.find(address);
  return it == outside_.end() ? 0 : it->second;
}

uint32_t AddressBook::GatewayOf(const Lease& lease) const {
  if (pools_.empty()) return 0;
  const size_t pool = lease.pool == Lease::kNoPool ? 0 : lease.pool;
  return pools_[pool].settings.gateway.v4();
}

uint64_t AddressBook::used() const {
  uint64_t used = outside_.size();
  for (const Entry& entry : pools_) used += entry.addresses.used();
  return used;
}

}  // namespace lns::controlplane
