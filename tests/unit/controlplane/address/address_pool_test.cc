// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "controlplane/address/address_pool.h"
#include "lib/base/rng.h"
#include "lib/net/prefix.h"

namespace lns::controlplane {
namespace {

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }
net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Host(const char* text) { return net::IpPrefix::Host(Address(text)); }

// With the network address for a gateway, so that no other address is lost to it.
AddressPool PoolOf(const char* prefix, std::vector<net::IpAddress> ours = {}) {
  AddressPoolSettings settings{.name = "pool", .prefix = Prefix(prefix)};
  const bool has_broadcast = settings.prefix.length < 31;
  settings.gateway = has_broadcast ? settings.prefix.address : net::IpAddress();
  return AddressPool(settings, ours);
}

std::optional<net::IpPrefix> Allocate(AddressPool& pool, LeaseTable::Owner owner = 1,
                                      LeaseTable::User user = 0) {
  return pool.Allocate(owner, user);
}
void Free(AddressPool& pool, const char* text, LeaseTable::User user = 0) {
  pool.Free(Prefix(text), user);
}

TEST(AddressPoolTest, LeavesOutNetworkAndBroadcast) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  EXPECT_EQ(pool.size(), 6u);
  std::set<net::IpPrefix> got;
  while (auto address = Allocate(pool)) got.insert(*address);
  EXPECT_EQ(got.size(), 6u);
  EXPECT_EQ(*got.begin(), Host("192.0.2.1"));
  EXPECT_EQ(*got.rbegin(), Host("192.0.2.6"));
  EXPECT_EQ(pool.used(), 6u);
}

TEST(AddressPoolTest, PointToPointPrefixesUseEveryAddressButTheGateway) {
  EXPECT_EQ(PoolOf("192.0.2.4/31").size(), 1u);
  EXPECT_EQ(PoolOf("192.0.2.4/32").size(), 0u);
}

TEST(AddressPoolTest, OwnAddressIsNeitherAllocatedNorTaken) {
  AddressPool pool = PoolOf("192.0.2.0/30", {Address("192.0.2.1"), Address("192.0.2.1")});
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_FALSE(pool.Take(Host("192.0.2.1"), 7));
  EXPECT_EQ(Allocate(pool, 7), Host("192.0.2.2"));
  EXPECT_EQ(Allocate(pool, 7), std::nullopt);
  EXPECT_EQ(pool.exhausted(), 1u);
  EXPECT_FALSE(pool.Take(Host("192.0.2.1"), 7));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.1")), 0u);
}

TEST(AddressPoolTest, FreedAddressIsReusedLast) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Allocate(pool, 1));
  Free(pool, "192.0.2.3");
  Free(pool, "192.0.2.1");
  Free(pool, "192.0.2.5");
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.3"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.1"));
  Free(pool, "192.0.2.3");
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.5"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.3"));
}

TEST(AddressPoolTest, FreshAddressesGoBeforeFreedOnes) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  ASSERT_EQ(Allocate(pool, 1), Host("192.0.2.1"));
  Free(pool, "192.0.2.1");
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.2"));
}

TEST(AddressPoolTest, FixedAddressIsNotAllocatedToAnotherAndComesBack) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  ASSERT_TRUE(pool.Take(Host("192.0.2.2"), 9));  // ahead of the fresh mark
  EXPECT_FALSE(pool.Take(Host("192.0.2.2"), 8));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.2")), 9u);
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.1"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.3"));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.2")), 9u);
  Free(pool, "192.0.2.2");
  ASSERT_TRUE(pool.Take(Host("192.0.2.2"), 5));  // from the queue
  Free(pool, "192.0.2.2");
  for (const char* next : {"192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.2"}) {
    EXPECT_EQ(Allocate(pool, 1), Host(next));
  }
  EXPECT_EQ(Allocate(pool, 1), std::nullopt);
}

TEST(AddressPoolTest, FixedAddressFreedAheadOfTheMarkIsAllocatedOnce) {
  AddressPool pool = PoolOf("192.0.2.0/30");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pool.Take(Host("192.0.2.2"), 9));
    Free(pool, "192.0.2.2");
  }
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.1"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.2"));
  EXPECT_EQ(Allocate(pool, 1), std::nullopt);
}

TEST(AddressPoolTest, OutsideAddressesAreNobodys) {
  AddressPool pool = PoolOf("192.0.2.0/30");
  EXPECT_FALSE(pool.Take(Host("192.0.2.0"), 1));
  EXPECT_FALSE(pool.Take(Host("192.0.2.3"), 1));
  EXPECT_FALSE(pool.Take(Host("192.0.2.9"), 1));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.9")), 0u);
}

// --- what a user had ---

TEST(AddressPoolTest, UserGetsTheOldAddressBackWhileItIsFree) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  for (const LeaseTable::User user : {11u, 12u, 13u}) ASSERT_TRUE(Allocate(pool, user, user));
  Free(pool, "192.0.2.2/32", 12);
  Free(pool, "192.0.2.1/32", 11);
  EXPECT_EQ(Allocate(pool, 5, 11), Host("192.0.2.1"));
  EXPECT_EQ(Allocate(pool, 6, 99), Host("192.0.2.4"));  // a stranger: one never leased
  EXPECT_EQ(Allocate(pool, 7, 12), Host("192.0.2.2"));
}

TEST(AddressPoolTest, WhatAnotherGotIsNotRememberedAnyMore) {
  AddressPool pool = PoolOf("192.0.2.0/30");
  ASSERT_EQ(Allocate(pool, 1, 11), Host("192.0.2.1"));
  Free(pool, "192.0.2.1/32", 11);
  ASSERT_EQ(Allocate(pool, 2, 12), Host("192.0.2.2"));
  ASSERT_EQ(Allocate(pool, 3, 13), Host("192.0.2.1"));
  Free(pool, "192.0.2.1/32", 13);
  Free(pool, "192.0.2.2/32", 12);
  EXPECT_EQ(Allocate(pool, 4, 11), Host("192.0.2.1"));  // the longest rested, by chance the same
  EXPECT_EQ(Allocate(pool, 5, 13), Host("192.0.2.2"));
}

// --- ranges, prefixes ---

TEST(AddressPoolTest, WhatIsRememberedOfAnEarlierRunGoesToOthersLast) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  EXPECT_TRUE(pool.Remember(Host("192.0.2.1"), 11));
  EXPECT_TRUE(pool.Remember(Host("192.0.2.4"), 44));
  EXPECT_TRUE(pool.Remember(Host("192.0.2.5"), 55));
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.4")), 0u);
  // Whoever was not there before gets what nobody had, then what has rested longest.
  EXPECT_EQ(Allocate(pool, 1, 77), Host("192.0.2.2"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.3"));
  EXPECT_EQ(Allocate(pool, 5, 55), Host("192.0.2.5"));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.5")), 5u);
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.6"));
  EXPECT_EQ(Allocate(pool, 1), Host("192.0.2.1"));
  EXPECT_EQ(Allocate(pool, 1, 11), Host("192.0.2.4"));
  EXPECT_EQ(Allocate(pool, 1, 44), std::nullopt);
  EXPECT_EQ(pool.used(), 6u);
}

TEST(AddressPoolTest, WhatIsRememberedMayBeTakenAndGivenBackAheadOfTheMark) {
  AddressPool pool = PoolOf("192.0.2.0/29");
  ASSERT_TRUE(pool.Remember(Host("192.0.2.4"), 44));
  ASSERT_TRUE(pool.Take(Host("192.0.2.4"), 9));
  EXPECT_FALSE(pool.Take(Host("192.0.2.4"), 10));
  EXPECT_EQ(Allocate(pool, 1, 44), Host("192.0.2.1"));  // it is another's now
  Free(pool, "192.0.2.4/32", 99);
  EXPECT_EQ(Allocate(pool, 1, 99), Host("192.0.2.4"));
  EXPECT_EQ(pool.used(), 2u);
}

TEST(AddressPoolTest, HandsOutItsRangesInOrderAndEachUnitOnce) {
  AddressPoolSettings settings{.name = "pool",
                               .prefix = Prefix("192.0.2.0/24"),
                               .ranges = {{Address("192.0.2.20"), Address("192.0.2.21")},
                                          {Address("192.0.2.10"), Address("192.0.2.11")},
                                          {Address("192.0.2.11"), Address("192.0.2.12")}}};
  AddressPool pool(settings, {});
  EXPECT_EQ(pool.size(), 5u);
  for (const char* next : {"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.20", "192.0.2.21"}) {
    EXPECT_EQ(Allocate(pool), Host(next));
  }
  EXPECT_EQ(Allocate(pool), std::nullopt);
  EXPECT_FALSE(pool.Take(Host("192.0.2.13"), 1));
  Free(pool, "192.0.2.20/32");
  EXPECT_TRUE(pool.Take(Host("192.0.2.20"), 2));
  EXPECT_EQ(pool.OwnerOf(Host("192.0.2.20")), 2u);
}

TEST(AddressPoolTest, LinkPrefixesAreEachA64) {
  AddressPool pool({.name = "six", .prefix = Prefix("2001:db8:1::/62")}, {});
  EXPECT_EQ(pool.use(), PoolUse::kLink);
  EXPECT_EQ(pool.size(), 4u);
  for (const char* next :
       {"2001:db8:1::/64", "2001:db8:1:1::/64", "2001:db8:1:2::/64", "2001:db8:1:3::/64"}) {
    EXPECT_EQ(Allocate(pool), Prefix(next));
  }
  EXPECT_EQ(Allocate(pool), std::nullopt);
  EXPECT_FALSE(pool.Take(Prefix("2001:db8:1:2::/63"), 1));
}

TEST(AddressPoolTest, DelegatesPrefixesOfItsLength) {
  AddressPool pool({.name = "pd", .prefix = Prefix("2001:db8::/40"), .delegated_length = 56}, {});
  EXPECT_EQ(pool.use(), PoolUse::kDelegation);
  EXPECT_EQ(pool.size(), 65536u);
  EXPECT_EQ(Allocate(pool), Prefix("2001:db8::/56"));
  EXPECT_EQ(Allocate(pool), Prefix("2001:db8:0:100::/56"));
  EXPECT_TRUE(pool.Take(Prefix("2001:db8:ff:ff00::/56"), 9));
  EXPECT_EQ(pool.OwnerOf(Prefix("2001:db8:ff:ff00::/56")), 9u);
}

TEST(AddressPoolTest, AddressesOfIpv6BeginAfterTheRoutersAnycast) {
  AddressPool pool({.name = "six", .prefix = Prefix("2001:db8::/126"), .addresses = true},
                   {Address("2001:db8::2")});
  EXPECT_EQ(pool.use(), PoolUse::kHostAddress);
  EXPECT_EQ(Allocate(pool), Host("2001:db8::1"));
  EXPECT_EQ(Allocate(pool), Host("2001:db8::3"));
  EXPECT_EQ(Allocate(pool), std::nullopt);
  EXPECT_FALSE(pool.Take(Prefix("2001:db8::/127"), 1));
  AddressPool point({.name = "two", .prefix = Prefix("2001:db8::/127"), .addresses = true}, {});
  EXPECT_EQ(point.size(), 2u);  // RFC 6164
  AddressPool large({.name = "whole", .prefix = Prefix("2001:db8::/64"), .addresses = true}, {});
  EXPECT_EQ(large.size(), AddressPool::kMaxUnits - 1);
  EXPECT_EQ(large.OwnerOf(Host("2001:db8::ffff:ffff:ffff:ffff")), 0u);
  AddressPool ranges({.name = "some",
                      .prefix = Prefix("2001:db8::/64"),
                      .ranges = {{Address("2001:db8::f:0:0:1"), Address("2001:db8::f:0:0:1")}},
                      .addresses = true},
                     {});
  EXPECT_EQ(Allocate(ranges), Host("2001:db8::f:0:0:1"));
  EXPECT_EQ(Allocate(ranges), std::nullopt);
}

TEST(AddressPoolTest, AHugePoolIsUsedToItsBound) {
  AddressPool pool({.name = "six", .prefix = Prefix("2001:db8::/32")}, {});
  EXPECT_EQ(pool.size(), AddressPool::kMaxUnits);
  EXPECT_TRUE(Allocate(pool));
}

// A hundred thousand leases against a plain model: same owners, no address twice, exact counts.
TEST(AddressPoolTest, AgreesWithAModelOverManyLeases) {
  AddressPool pool = PoolOf("100.64.0.0/15");
  SeededRng rng(1);
  std::map<net::IpPrefix, uint32_t> model;
  std::deque<net::IpPrefix> leased;
  for (uint32_t i = 1; i <= 100'000; ++i) {
    const auto address = Allocate(pool, i);
    ASSERT_TRUE(address);
    ASSERT_TRUE(model.emplace(*address, i).second);
    leased.push_back(*address);
  }
  for (uint32_t i = 0; i < 300'000; ++i) {
    const uint32_t what = rng.Below(3);
    if (what == 0 && !leased.empty()) {
      std::swap(leased.front(), leased[rng.Below(static_cast<uint32_t>(leased.size()))]);
      pool.Free(leased.front(), 1 + rng.Below(1000));
      model.erase(leased.front());
      leased.pop_front();
    } else if (what == 1) {
      const auto address = Allocate(pool, i + 1, rng.Below(1000));
      ASSERT_EQ(address.has_value(), model.size() < pool.size());
      if (!address) continue;
      ASSERT_TRUE(model.emplace(*address, i + 1).second);
      leased.push_back(*address);
    } else {
      const net::IpPrefix address = net::SubPrefix(
          Prefix("100.64.0.0/15"), 32, 1 + rng.Below(static_cast<uint32_t>(pool.size())));
      const bool taken = pool.Take(address, i + 1);
      ASSERT_EQ(taken, model.emplace(address, i + 1).second);
      if (taken) leased.push_back(address);
    }
    ASSERT_EQ(pool.used(), model.size());
  }
  for (const auto& [address, owner] : model) ASSERT_EQ(pool.OwnerOf(address), owner);
  for (const auto& [address, owner] : model) pool.Free(address, 0);
  EXPECT_EQ(pool.used(), 0u);
}

}  // namespace
}  // namespace lns::controlplane
