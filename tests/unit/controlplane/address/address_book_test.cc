// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "controlplane/address/address_book.h"

namespace lns::controlplane {
namespace {

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }
uint32_t Address(const char* text) { return net::IpAddress::Parse(text)->v4(); }

std::vector<AddressPoolSettings> TwoPools() {
  return {{.name = "retail", .prefix = Prefix("100.64.0.0/30")},
          {.name = "business",
           .prefix = Prefix("100.64.1.0/29"),
           .gateway = *net::IpAddress::Parse("100.64.1.6")}};
}

TEST(AddressBookTest, EmptyNameIsTheFirstPoolAndGatewaysAreKept) {
  AddressBook book(TwoPools(), {});
  const auto lease = book.Allocate("", 1);
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(*lease, (Lease{Address("100.64.0.2"), 0}));
  EXPECT_EQ(book.GatewayOf(*lease), Address("100.64.0.1"));
  EXPECT_EQ(book.Allocate("", 2).error(), LeaseError::kExhausted);
  const auto business = book.Allocate("business", 3);
  ASSERT_TRUE(business.ok());
  EXPECT_EQ(book.GatewayOf(*business), Address("100.64.1.6"));
  EXPECT_EQ(book.pool(1).size(), 5u);
}

TEST(AddressBookTest, UnknownPoolHasItsOwnError) {
  AddressBook book(TwoPools(), {});
  EXPECT_EQ(book.Allocate("gold", 1).error(), LeaseError::kNoSuchPool);
  EXPECT_EQ(AddressBook({}, {}).Allocate("", 1).error(), LeaseError::kNoSuchPool);
}

TEST(AddressBookTest, FixedAddressHasOneHolderInsideAndOutsidePools) {
  AddressBook book(TwoPools(), {});
  const auto inside = book.Take(Address("100.64.1.2"), 1);
  const auto outside = book.Take(Address("203.0.113.9"), 2);
  ASSERT_TRUE(inside.ok());
  ASSERT_TRUE(outside.ok());
  EXPECT_EQ(inside->pool, 1);
  EXPECT_EQ(outside->pool, Lease::kNoPool);
  EXPECT_EQ(book.GatewayOf(*outside), Address("100.64.0.1"));
  EXPECT_EQ(book.Take(Address("100.64.1.2"), 3).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Address("203.0.113.9"), 3).error(), LeaseError::kInUse);
  EXPECT_EQ(book.OwnerOf(Address("203.0.113.9")), 2u);
  EXPECT_EQ(book.used(), 2u);
  book.Free(*inside);
  book.Free(*outside);
  EXPECT_EQ(book.used(), 0u);
  EXPECT_TRUE(book.Take(Address("203.0.113.9"), 3).ok());
}

TEST(AddressBookTest, GatewayAndOwnAddressesAreNobodysFixedAddress) {
  AddressBook book(TwoPools(), {Address("100.64.1.3")});
  EXPECT_EQ(book.Take(Address("100.64.0.1"), 1).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Address("100.64.1.3"), 1).error(), LeaseError::kInUse);
  EXPECT_EQ(book.Take(Address("100.64.0.3"), 1).error(), LeaseError::kInUse);  // broadcast
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
  pools[1] = {.name = "six", .prefix = Prefix("2001:db8::/64")};
  EXPECT_EQ(ValidatePools(pools).message(), "pool six: not an IPv4 prefix: 2001:db8::/64");
}

}  // namespace
}  // namespace lns::controlplane
