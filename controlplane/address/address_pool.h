// One pool: a prefix, of which all or only some ranges are handed out in units of one size: IPv4
// addresses, IPv6 link prefixes (a /64 per session), IPv6 prefixes to delegate, or IPv6 addresses.
// Translates between them and the numbers of a LeaseTable. Used by the AddressBook; validated
// settings only.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/address/lease_table.h"
#include "lib/net/address.h"
#include "lib/net/vrf.h"

#include "absl/status/status.h"

namespace lns::controlplane {

enum class PoolUse : uint8_t {
  kAddress,      // IPv4, one address each
  kLink,         // IPv6, the prefix of a session's link
  kDelegation,   // IPv6, a prefix for the network behind it
  kHostAddress,  // IPv6, one address each, by DHCPv6
};

// Of IPv6, the unit that each lies in counts.
struct AddressRange {
  net::IpAddress first;
  net::IpAddress last;
};

inline constexpr uint8_t kLinkPrefixLength = 64;  // RFC 4862 5.5.3: what autoconfiguration wants

struct AddressPoolSettings {
  std::string name;
  net::IpPrefix prefix;
  net::IpAddress gateway = {};            // IPv4; none: the first host address
  std::vector<AddressRange> ranges = {};  // within `prefix`; none: all of it
  // Of IPv6: what is delegated, or whether single addresses are given; neither: link prefixes.
  uint8_t delegated_length = 0;
  bool addresses = false;
  std::string next = {};              // asked where this one is exhausted
  net::VrfIndex vrf = net::kMainVrf;  // of the subscribers who get of it
};

PoolUse UseOf(const AddressPoolSettings& settings);
// How long a prefix one unit is.
uint8_t UnitLength(const AddressPoolSettings& settings);
// Of one pool by itself; the Status names it.
absl::Status ValidatePool(const AddressPoolSettings& settings);

class AddressPool {
 public:
  using Owner = LeaseTable::Owner;
  using User = LeaseTable::User;

  // A row is no longer than this; the rest of a larger pool is not used.
  static constexpr uint32_t kMaxUnits = 1u << 24;

  // Network and broadcast address of an IPv4 pool without ranges are left out (except of /31 and
  // /32, RFC 3021), and the first of IPv6 addresses (the routers' anycast, RFC 4291 2.6.1); its
  // gateway and `ours` are always.
  AddressPool(AddressPoolSettings settings, const std::vector<net::IpAddress>& ours);

  std::optional<net::IpPrefix> Allocate(Owner owner, User user);
  // False: not a unit of this pool, or leased.
  bool Take(const net::IpPrefix& unit, Owner owner);
  // It must be leased.
  void Free(const net::IpPrefix& unit, User user);
  // LeaseTable::Remember; false also where it is not a unit of this pool.
  bool Remember(const net::IpPrefix& unit, User user);
  Owner OwnerOf(const net::IpPrefix& unit) const;

  const AddressPoolSettings& settings() const { return settings_; }  // gateway filled in
  PoolUse use() const { return UseOf(settings_); }
  uint64_t size() const { return leases_.size(); }
  uint64_t used() const { return leases_.used(); }
  // Asked in vain: what it had was leased.
  uint64_t exhausted() const { return exhausted_; }

 private:
  // Units [first, first + count) of the prefix have the numbers from `number` on.
  struct Run {
    uint64_t first = 0;
    uint32_t count = 0;
    uint32_t number = 0;
  };

  static std::vector<Run> RunsOf(const AddressPoolSettings& settings);
  static uint32_t CountOf(const std::vector<Run>& runs);
  std::optional<uint32_t> NumberOf(const net::IpPrefix& unit) const;
  net::IpPrefix UnitOf(uint32_t number) const;
  void Exclude(const net::IpAddress& address);

  AddressPoolSettings settings_;
  std::vector<Run> runs_;
  LeaseTable leases_;
  uint64_t exhausted_ = 0;
};

}  // namespace lns::controlplane
