// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "controlplane/address/address_book.h"

namespace lns::controlplane {
namespace {

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }
net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Host(const char* text) { return net::IpPrefix::Host(Address(text)); }
using Names = std::vector<std::string>;
const Names kAny;

std::vector<AddressPoolSettings> TwoPools() {
  return {{.name = "retail", .prefix = Prefix("100.64.0.0/30")},
          {.name = "business",
           .prefix = Prefix("100.64.1.0/29"),
           .gateway = *net::IpAddress::Parse("100.64.1.6")}};
}

TEST(AddressBookTest, EmptyNameIsTheFirstPoolAndGatewaysAreKept) {
  AddressBook book(TwoPools(), {});
  const auto lease = book.Allocate(PoolUse::kAddress, kAny, 1);
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(*lease, (Lease{Host("100.64.0.2"), 0}));
  EXPECT_EQ(book.GatewayOf(*lease), Address("100.64.0.1"));
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, kAny, 2).error(), LeaseError::kExhausted);
  const auto business = book.Allocate(PoolUse::kAddress, Names{"business"}, 3);
  ASSERT_TRUE(business.ok());
  EXPECT_EQ(book.GatewayOf(*business), Address("100.64.1.6"));
  EXPECT_EQ(book.pool(1).size(), 5u);
}

TEST(AddressBookTest, PoolsOfDifferentVrfsMayOverlap) {
  std::vector<AddressPoolSettings> pools = TwoPools();
  pools[1].prefix = pools[0].prefix;
  pools[1].gateway = {};
  EXPECT_FALSE(ValidatePools(pools).ok());
  pools[1].vrf = 1;
  EXPECT_TRUE(ValidatePools(pools).ok()) << ValidatePools(pools);
  pools[0].next = pools[1].name;
  EXPECT_FALSE(ValidatePools(pools).ok()) << "a chain stays in its VRF";
}

TEST(AddressBookTest, UnknownPoolHasItsOwnError) {
  AddressBook book(TwoPools(), {});
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"gold"}, 1).error(), LeaseError::kNoSuchPool);
  EXPECT_EQ(AddressBook({}, {}).Allocate(PoolUse::kAddress, kAny, 1).error(),
            LeaseError::kNoSuchPool);
}

TEST(AddressBookTest, FixedAddressHasOneHolderInsideAndOutsidePools) {
  AddressBook book(TwoPools(), {});
  const auto inside = book.Take(Host("100.64.1.2"), 1);
  const auto outside = book.Take(Host("203.0.113.9"), 2);
  ASSERT_TRUE(inside.ok());
  ASSERT_TRUE(outside.ok());
  EXPECT_EQ(inside->pool, 1);
  EXPECT_EQ(outside->pool, Lease::kNoPool);
  EXPECT_EQ(book.GatewayOf(*outside), Address("100.64.0.1"));
  EXPECT_EQ(book.Take(Host("100.64.1.2"), 3).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Host("203.0.113.9"), 3).error(), LeaseError::kInUse);
  EXPECT_EQ(book.OwnerOf(Host("203.0.113.9")), 2u);
  EXPECT_EQ(book.used(), 2u);
  book.Free(*inside);
  book.Free(*outside);
  EXPECT_EQ(book.used(), 0u);
  EXPECT_TRUE(book.Take(Host("203.0.113.9"), 3).ok());
}

TEST(AddressBookTest, GatewayAndOwnAddressesAreNobodysFixedAddress) {
  AddressBook book(TwoPools(), {Address("100.64.1.3")});
  EXPECT_EQ(book.Take(Host("100.64.0.1"), 1).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Host("100.64.1.3"), 1).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Host("100.64.0.3"), 1).error(), LeaseError::kInUse);  // broadcast
}

TEST(AddressBookTest, ExhaustedPoolGoesOnWithTheNextOfItsChain) {
  auto pools = TwoPools();
  pools[0].next = "business";
  AddressBook book(pools, {});
  ASSERT_EQ(book.Allocate(PoolUse::kAddress, kAny, 1)->prefix, Host("100.64.0.2"));
  const auto second = book.Allocate(PoolUse::kAddress, kAny, 2);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, (Lease{Host("100.64.1.1"), 1}));
  EXPECT_EQ(book.pool(0).exhausted(), 1u);
  EXPECT_EQ(book.GatewayOf(*second), Address("100.64.1.6"));
}

TEST(AddressBookTest, SeveralNamesAreTriedInOrder) {
  AddressBook book(TwoPools(), {});
  const Names names{"gold", "retail", "business"};
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, names, 1)->pool, 0);
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, names, 2)->pool, 1);
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"retail"}, 3).error(), LeaseError::kExhausted);
}

TEST(AddressBookTest, EachUseHasPoolsOfItsOwn) {
  auto pools = TwoPools();
  pools.push_back({.name = "pd", .prefix = Prefix("2001:db8:1000::/40"), .delegated_length = 56});
  pools.push_back({.name = "links", .prefix = Prefix("2001:db8::/48")});
  AddressBook book(pools, {});
  EXPECT_EQ(book.Allocate(PoolUse::kLink, kAny, 1)->prefix, Prefix("2001:db8::/64"));
  EXPECT_EQ(book.Allocate(PoolUse::kDelegation, kAny, 1)->prefix, Prefix("2001:db8:1000::/56"));
  EXPECT_EQ(book.Allocate(PoolUse::kLink, Names{"pd"}, 1).error(), LeaseError::kNoSuchPool);
  EXPECT_EQ(book.used(), 2u);
  EXPECT_FALSE(AddressBook(TwoPools(), {}).HasPoolFor(PoolUse::kLink));
}

// A prefix that AAA names, across what a pool hands out by itself.
TEST(AddressBookTest, FixedPrefixThatOverlapsAPoolIsInUse) {
  AddressBook book({{.name = "links", .prefix = Prefix("2001:db8::/48")}}, {});
  EXPECT_EQ(book.Take(Prefix("2001:db8::/56"), 1).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Prefix("2001:db8::/40"), 1).error(), LeaseError::kInUse);
  EXPECT_TRUE(book.Take(Prefix("2001:db8:0:7::/64"), 1).ok());
  EXPECT_TRUE(book.Take(Prefix("2001:db8:1::/56"), 1).ok());
}

// One run of the LNS after another: what the first keeps on disk, the second is told.
TEST(AddressBookTest, UsersHaveInTheNextRunWhatTheyHadInThis) {
  std::vector<AddressPoolSettings> pools = TwoPools();
  pools.push_back({.name = "links", .prefix = Prefix("2001:db8:1::/48")});
  pools.push_back(
      {.name = "homes", .prefix = Prefix("2001:db8:2000::/40"), .delegated_length = 56});
  std::vector<RememberedLease> kept;
  {
    AddressBook book(pools, {});
    EXPECT_EQ(book.Remember({}), 0u);
    for (uint32_t user = 1; user <= 3; ++user) {
      ASSERT_TRUE(book.Allocate(PoolUse::kAddress, Names{"business"}, user, user).ok());
      ASSERT_TRUE(book.Allocate(PoolUse::kLink, kAny, user, user).ok());
      ASSERT_TRUE(book.Allocate(PoolUse::kDelegation, kAny, user, user).ok());
    }
    book.TakeChanges(kept);
  }
  ASSERT_EQ(kept.size(), 9u);
  EXPECT_EQ(kept[0], (RememberedLease{1, Host("100.64.1.1"), 1, true}));
  AddressBook book(pools, {});
  EXPECT_EQ(book.Remember(kept), 9u);
  EXPECT_EQ(book.used(), 0u);
  // A stranger first, then the others in another order.
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"business"}, 9, 99)->prefix, Host("100.64.1.4"));
  EXPECT_EQ(book.Allocate(PoolUse::kLink, kAny, 9, 99)->prefix, Prefix("2001:db8:1:3::/64"));
  for (const uint32_t user : {3u, 1u, 2u}) {
    const size_t at = (user - 1) * 3;
    EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"business"}, user, user)->prefix,
              kept[at].unit);
    EXPECT_EQ(book.Allocate(PoolUse::kLink, kAny, user, user)->prefix, kept[at + 1].unit);
    EXPECT_EQ(book.Allocate(PoolUse::kDelegation, kAny, user, user)->prefix, kept[at + 2].unit);
  }
}

TEST(AddressBookTest, KeepsWhatChangesOnceItWasAskedTo) {
  AddressBook book(TwoPools(), {});
  std::vector<RememberedLease> changes;
  book.Free(*book.Allocate(PoolUse::kAddress, kAny, 1, 11), 11);
  book.TakeChanges(changes);
  EXPECT_TRUE(changes.empty());
  book.Remember({});
  const auto lease = book.Allocate(PoolUse::kAddress, kAny, 1, 11);
  ASSERT_TRUE(book.Allocate(PoolUse::kAddress, Names{"business"}, 2).ok());  // nobody's
  book.Free(*lease, 11);
  book.TakeChanges(changes);
  EXPECT_EQ(changes, (std::vector<RememberedLease>{{0, Host("100.64.0.2"), 11, true},
                                                   {0, Host("100.64.0.2"), 11, false}}));
  book.TakeChanges(changes);
  EXPECT_TRUE(changes.empty());
}

TEST(AddressBookTest, WhatNoPoolHandsOutIsNotRemembered) {
  AddressBook book(TwoPools(), {});
  const std::vector<RememberedLease> earlier = {
      {1, Host("100.64.1.2"), 7},                                   // the latest of this user's
      {1, Host("100.64.1.3"), 7},      {1, Host("100.64.1.6"), 8},  // a gateway now
      {0, Host("100.64.1.4"), 9},                                   // of another pool
      {7, Host("100.64.1.4"), 9},                                   // of none
      {1, Prefix("100.64.1.4/30"), 9},                              // of another size
      {1, Host("100.64.1.2"), 9},                                   // somebody else's already
      {1, Host("100.64.1.5"), 0},                                   // nobody's
  };
  EXPECT_EQ(book.Remember(earlier), 1u);
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"business"}, 1, 7)->prefix, Host("100.64.1.2"));
  EXPECT_EQ(book.Allocate(PoolUse::kAddress, Names{"business"}, 2, 9)->prefix, Host("100.64.1.1"));
}

TEST(UserHashTest, TellsUsersAndTheirLeasesApart) {
  EXPECT_EQ(UserHash(""), 0u);
  EXPECT_NE(UserHash("alice"), 0u);
  EXPECT_NE(UserHash("alice"), UserHash("bob"));
  EXPECT_NE(UserHash("alice", 1), UserHash("alice", 2));
}

TEST(AddressBookTest, KnowsPoolsByNameAndKind) {
  auto pools = TwoPools();
  pools.push_back({.name = "hosts", .prefix = Prefix("2001:db8:2::/64"), .addresses = true});
  AddressBook book(pools, {});
  EXPECT_TRUE(book.KnowsAnyOf(PoolUse::kHostAddress, kAny));
  EXPECT_TRUE(book.KnowsAnyOf(PoolUse::kHostAddress, Names{"nowhere", "hosts"}));
  EXPECT_FALSE(book.KnowsAnyOf(PoolUse::kHostAddress, Names{"nowhere", "business"}));
  EXPECT_FALSE(book.KnowsAnyOf(PoolUse::kLink, Names{"hosts"}));
  EXPECT_EQ(book.Allocate(PoolUse::kHostAddress, Names{"hosts"}, 1)->prefix,
            Prefix("2001:db8:2::1/128"));
}

TEST(ValidatePoolsTest, SaysWhichPoolIsWrong) {
  EXPECT_TRUE(ValidatePools(TwoPools()).ok());
  auto pools = TwoPools();
  pools[1].prefix = Prefix("100.64.0.0/16");
  EXPECT_EQ(ValidatePools(pools).message(), "pool business: 100.64.0.0/16 overlaps pool retail");
  pools = TwoPools();
  pools[1].gateway = *net::IpAddress::Parse("100.64.2.1");
  EXPECT_EQ(ValidatePools(pools).message(),
            "pool business: gateway 100.64.2.1 is not in 100.64.1.0/29");
  pools = TwoPools();
  pools[1].name = "retail";
  EXPECT_EQ(ValidatePools(pools).message(), "pool retail: the name is taken");
  pools[1] = {.name = "six", .prefix = Prefix("2001:db8::/72")};
  EXPECT_EQ(ValidatePools(pools).message(), "pool six: 2001:db8::/72 holds no /64");
  pools[1] = {.name = "six", .prefix = Prefix("2001:db8::/64"), .delegated_length = 56};
  EXPECT_EQ(ValidatePools(pools).message(), "pool six: 2001:db8::/64 holds no /56");
  pools[1] = {.name = "six", .prefix = Prefix("2001:db8::/64"), .delegated_length = 72};
  EXPECT_EQ(ValidatePools(pools).message(), "pool six: prefixes longer than /64 are not delegated");
  pools[1] = {.name = "six", .prefix = Prefix("2001:db8::/63"), .addresses = true};
  EXPECT_EQ(ValidatePools(pools).message(),
            "pool six: single addresses of more than a /64: 2001:db8::/63");
  pools[1] = {.name = "four", .prefix = Prefix("100.65.0.0/24"), .addresses = true};
  EXPECT_EQ(ValidatePools(pools).message(),
            "pool four: single addresses are of IPv6, and nothing is delegated beside");
  pools = TwoPools();
  pools[0].ranges = {{Address("100.64.0.1"), Address("100.64.0.9")}};
  EXPECT_EQ(ValidatePools(pools).message(),
            "pool retail: range 100.64.0.1-100.64.0.9 is not in 100.64.0.0/30");
  pools = TwoPools();
  pools[0].next = "gold";
  EXPECT_EQ(ValidatePools(pools).message(), "pool retail: no pool of its kind to go on with: gold");
  pools[0].next = "business";
  EXPECT_TRUE(ValidatePools(pools).ok());
  pools[1].next = "retail";
  EXPECT_EQ(ValidatePools(pools).message(), "pool retail: the chain of next pools never ends");
}

}  // namespace
}  // namespace lns::controlplane
