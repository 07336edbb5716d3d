// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/address/address_pool.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/net/prefix.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// RFC 3021: two addresses and one have none.
bool HasBroadcast(const net::IpPrefix& prefix) {
  return prefix.address.is_v4() && prefix.length < 31;
}

struct LeftOut {
  uint64_t first = 0;
  uint64_t last = 0;
};

// How many units at either end are nobody's.
LeftOut LeftOutOf(const AddressPoolSettings& settings) {
  if (HasBroadcast(settings.prefix)) return {.first = 1, .last = 1};
  const bool has_anycast = settings.addresses && settings.prefix.length < 127;  // RFC 6164
  return {.first = has_anycast ? uint64_t{1} : uint64_t{0}};
}

// Units in a prefix, at most kMaxUnits.
uint64_t UnitsIn(const net::IpPrefix& prefix, uint8_t unit_length) {
  const int bits = unit_length - prefix.length;
  return bits >= 24 ? AddressPool::kMaxUnits : uint64_t{1} << bits;
}

net::IpPrefix UnitAround(const AddressPoolSettings& settings, const net::IpAddress& address) {
  return net::PrefixOf(address, UnitLength(settings));
}

}  // namespace

PoolUse UseOf(const AddressPoolSettings& settings) {
  if (settings.prefix.address.is_v4()) return PoolUse::kAddress;
  if (settings.addresses) return PoolUse::kHostAddress;
  return settings.delegated_length == 0 ? PoolUse::kLink : PoolUse::kDelegation;
}

uint8_t UnitLength(const AddressPoolSettings& settings) {
  switch (UseOf(settings)) {
    case PoolUse::kAddress:
      return 32;
    case PoolUse::kLink:
      return kLinkPrefixLength;
    case PoolUse::kHostAddress:
      return 128;
    case PoolUse::kDelegation:
      break;
  }
  return settings.delegated_length;
}

absl::Status ValidatePool(const AddressPoolSettings& pool) {
  const auto invalid = [&pool](const auto&... words) {
    return absl::InvalidArgumentError(absl::StrCat("pool ", pool.name, ": ", words...));
  };
  if (pool.name.empty()) return absl::InvalidArgumentError("a pool without a name");
  if (pool.prefix.address.is_none() || pool.prefix.length == 0) {
    return invalid("not a prefix: ", pool.prefix.ToString());
  }
  const bool is_v4 = pool.prefix.address.is_v4();
  if (is_v4 && pool.delegated_length != 0) return invalid("IPv4 is not delegated");
  if (pool.delegated_length > kLinkPrefixLength) {
    return invalid("prefixes longer than /64 are not delegated");
  }
  if (pool.addresses && (is_v4 || pool.delegated_length != 0)) {
    return invalid("single addresses are of IPv6, and nothing is delegated beside");
  }
  // A unit's number has 64 bits.
  if (pool.addresses && pool.prefix.length < kLinkPrefixLength) {
    return invalid("single addresses of more than a /64: ", pool.prefix.ToString());
  }
  if (pool.prefix.length > UnitLength(pool)) {
    return invalid(pool.prefix.ToString(), " holds no /", int{UnitLength(pool)});
  }
  if (!pool.gateway.is_none() && (!is_v4 || !pool.prefix.Contains(pool.gateway))) {
    return invalid("gateway ", pool.gateway.ToString(), " is not in ", pool.prefix.ToString());
  }
  for (const AddressRange& range : pool.ranges) {
    if (pool.prefix.Contains(range.first) && pool.prefix.Contains(range.last) &&
        range.first <= range.last) {
      continue;
    }
    return invalid("range ", range.first.ToString(), "-", range.last.ToString(), " is not in ",
                   pool.prefix.ToString());
  }
  return absl::OkStatus();
}

AddressPool::AddressPool(AddressPoolSettings settings, const std::vector<net::IpAddress>& ours)
    : settings_(std::move(settings)), runs_(RunsOf(settings_)), leases_(CountOf(runs_)) {
  LNS_CHECK(ValidatePool(settings_).ok());
  if (use() == PoolUse::kAddress) {
    if (settings_.gateway.is_none()) {
      const uint64_t first = HasBroadcast(settings_.prefix) ? 1 : 0;
      settings_.gateway = net::SubPrefix(settings_.prefix, 32, first).address;
    }
    Exclude(settings_.gateway);
  }
  for (const net::IpAddress& address : ours) Exclude(address);
}

// Ranges in the order given; of what several have in common, each unit once.
std::vector<AddressPool::Run> AddressPool::RunsOf(const AddressPoolSettings& settings) {
  const net::IpPrefix& whole = settings.prefix;
  const uint8_t length = UnitLength(settings);
  std::vector<Run> runs;
  if (settings.ranges.empty()) {
    const LeftOut left_out = LeftOutOf(settings);
    const uint64_t count = UnitsIn(whole, length) - left_out.first - left_out.last;
    runs.push_back({.first = left_out.first, .count = static_cast<uint32_t>(count), .number = 0});
    return runs;
  }
  std::vector<std::pair<uint64_t, uint64_t>> wanted;
  for (const AddressRange& range : settings.ranges) {
    wanted.emplace_back(net::SubPrefixNumber(whole, length, range.first),
                        net::SubPrefixNumber(whole, length, range.last));
  }
  std::sort(wanted.begin(), wanted.end());
  uint64_t next = 0;
  uint32_t number = 0;
  for (const auto& [first, last] : wanted) {
    const uint64_t from = std::max(first, next);
    if (from > last) continue;
    const uint64_t count = std::min<uint64_t>(last - from + 1, kMaxUnits - number);
    if (count == 0) break;
    runs.push_back({from, static_cast<uint32_t>(count), number});
    number += static_cast<uint32_t>(count);
    next = last + 1;
  }
  return runs;
}

uint32_t AddressPool::CountOf(const std::vector<Run>& runs) {
  return runs.empty() ? 0 : runs.back().number + runs.back().count;
}

std::optional<uint32_t> AddressPool::NumberOf(const net::IpPrefix& unit) const {
  const uint8_t length = UnitLength(settings_);
  if (unit.length != length || !settings_.prefix.Contains(unit.address)) return std::nullopt;
  const uint64_t at = net::SubPrefixNumber(settings_.prefix, length, unit.address);
  for (const Run& run : runs_) {
    if (at >= run.first && at - run.first < run.count) {
      return run.number + static_cast<uint32_t>(at - run.first);
    }
  }
  return std::nullopt;
}

net::IpPrefix AddressPool::UnitOf(uint32_t number) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), number,
                                      [](uint32_t n, const Run& run) { return n < run.number; });
  const Run& run = *std::prev(after);
  return net::SubPrefix(settings_.prefix, UnitLength(settings_), run.first + (number - run.number));
}

void AddressPool::Exclude(const net::IpAddress& address) {
  if (!settings_.prefix.Contains(address)) return;
  if (const auto number = NumberOf(UnitAround(settings_, address))) leases_.Exclude(*number);
}

std::optional<net::IpPrefix> AddressPool::Allocate(Owner owner, User user) {
  const std::optional<uint32_t> number = leases_.Allocate(owner, user);
  if (!number) {
    ++exhausted_;
    return std::nullopt;
  }
  return UnitOf(*number);
}

bool AddressPool::Take(const net::IpPrefix& unit, Owner owner) {
  const std::optional<uint32_t> number = NumberOf(unit);
  return number && leases_.Take(*number, owner);
}

void AddressPool::Free(const net::IpPrefix& unit, User user) {
  const std::optional<uint32_t> number = NumberOf(unit);
  LNS_CHECK(number.has_value());
  leases_.Free(*number, user);
}

bool AddressPool::Remember(const net::IpPrefix& unit, User user) {
  const std::optional<uint32_t> number = NumberOf(unit);
  return number && leases_.Remember(*number, user);
}

AddressPool::Owner AddressPool::OwnerOf(const net::IpPrefix& unit) const {
  const std::optional<uint32_t> number = NumberOf(unit);
  return number ? leases_.OwnerOf(*number) : 0;
}

}  // namespace lns::controlplane
