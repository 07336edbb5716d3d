// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "controlplane/address/ipv4_pool.h"
#include "lib/base/rng.h"

namespace lns::controlplane {
namespace {

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }
uint32_t Address(const char* text) { return net::IpAddress::Parse(text)->v4(); }

TEST(Ipv4PoolTest, LeavesOutNetworkAndBroadcast) {
  Ipv4Pool pool(Prefix("192.0.2.0/29"));
  EXPECT_EQ(pool.size(), 6u);
  std::set<uint32_t> got;
  while (auto address = pool.Allocate(1)) got.insert(*address);
  EXPECT_EQ(got.size(), 6u);
  EXPECT_EQ(*got.begin(), Address("192.0.2.1"));
  EXPECT_EQ(*got.rbegin(), Address("192.0.2.6"));
  EXPECT_EQ(pool.used(), 6u);
}

TEST(Ipv4PoolTest, PointToPointPrefixesUseEveryAddress) {
  EXPECT_EQ(Ipv4Pool(Prefix("192.0.2.4/31")).size(), 2u);
  EXPECT_EQ(Ipv4Pool(Prefix("192.0.2.4/32")).size(), 1u);
}

TEST(Ipv4PoolTest, ExcludedAddressIsNeitherAllocatedNorTaken) {
  Ipv4Pool pool(Prefix("192.0.2.0/30"));
  pool.Exclude(Address("192.0.2.1"));
  pool.Exclude(Address("192.0.2.1"));
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_FALSE(pool.Take(Address("192.0.2.1"), 7));
  EXPECT_EQ(pool.Allocate(7), Address("192.0.2.2"));
  EXPECT_EQ(pool.Allocate(7), std::nullopt);
  EXPECT_FALSE(pool.Take(Address("192.0.2.1"), 7));
  EXPECT_EQ(pool.OwnerOf(Address("192.0.2.1")), 0u);
}

TEST(Ipv4PoolTest, FreedAddressIsReusedLast) {
  Ipv4Pool pool(Prefix("192.0.2.0/29"));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(pool.Allocate(1));
  pool.Free(Address("192.0.2.3"));
  pool.Free(Address("192.0.2.1"));
  pool.Free(Address("192.0.2.5"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.3"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.1"));
  pool.Free(Address("192.0.2.3"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.5"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.3"));
}

TEST(Ipv4PoolTest, FreshAddressesGoBeforeFreedOnes) {
  Ipv4Pool pool(Prefix("192.0.2.0/29"));
  ASSERT_EQ(pool.Allocate(1), Address("192.0.2.1"));
  pool.Free(Address("192.0.2.1"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.2"));
}

TEST(Ipv4PoolTest, FixedAddressIsNotAllocatedToAnotherAndComesBack) {
  Ipv4Pool pool(Prefix("192.0.2.0/29"));
  ASSERT_TRUE(pool.Take(Address("192.0.2.2"), 9));  // ahead of the fresh mark
  EXPECT_FALSE(pool.Take(Address("192.0.2.2"), 8));
  EXPECT_EQ(pool.OwnerOf(Address("192.0.2.2")), 9u);
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.1"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.3"));
  EXPECT_EQ(pool.OwnerOf(Address("192.0.2.2")), 9u);
  pool.Free(Address("192.0.2.2"));
  ASSERT_TRUE(pool.Take(Address("192.0.2.2"), 5));  // from the queue
  pool.Free(Address("192.0.2.2"));
  for (const char* next : {"192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.2"}) {
    EXPECT_EQ(pool.Allocate(1), Address(next));
  }
  EXPECT_EQ(pool.Allocate(1), std::nullopt);
}

TEST(Ipv4PoolTest, FixedAddressFreedAheadOfTheMarkIsAllocatedOnce) {
  Ipv4Pool pool(Prefix("192.0.2.0/30"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pool.Take(Address("192.0.2.2"), 9));
    pool.Free(Address("192.0.2.2"));
  }
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.1"));
  EXPECT_EQ(pool.Allocate(1), Address("192.0.2.2"));
  EXPECT_EQ(pool.Allocate(1), std::nullopt);
}

TEST(Ipv4PoolTest, OutsideAddressesAreNobodys) {
  Ipv4Pool pool(Prefix("192.0.2.0/30"));
  EXPECT_FALSE(pool.Take(Address("192.0.2.0"), 1));
  EXPECT_FALSE(pool.Take(Address("192.0.2.3"), 1));
  EXPECT_FALSE(pool.Take(Address("192.0.2.9"), 1));
  EXPECT_EQ(pool.OwnerOf(Address("192.0.2.9")), 0u);
}

// A hundred thousand leases against a plain model: same owners, no address twice, exact counts.
TEST(Ipv4PoolTest, AgreesWithAModelOverManyLeases) {
  Ipv4Pool pool(Prefix("100.64.0.0/15"));
  SeededRng rng(1);
  std::map<uint32_t, uint32_t> model;
  std::deque<uint32_t> leased;
  for (uint32_t i = 1; i <= 100'000; ++i) {
    const auto address = pool.Allocate(i);
    ASSERT_TRUE(address);
    ASSERT_TRUE(model.emplace(*address, i).second);
    leased.push_back(*address);
  }
  for (uint32_t i = 0; i < 300'000; ++i) {
    const uint32_t what = rng.Below(3);
    if (what == 0 && !leased.empty()) {
      std::swap(leased.front(), leased[rng.Below(static_cast<uint32_t>(leased.size()))]);
      pool.Free(leased.front());
      model.erase(leased.front());
      leased.pop_front();
    } else if (what == 1) {
      const auto address = pool.Allocate(i + 1);
      ASSERT_EQ(address.has_value(), model.size() < pool.size());
      if (!address) continue;
      ASSERT_TRUE(model.emplace(*address, i + 1).second);
      leased.push_back(*address);
    } else {
      const uint32_t address =
          Address("100.64.0.1") + rng.Below(static_cast<uint32_t>(pool.size()));
      const bool taken = pool.Take(address, i + 1);
      ASSERT_EQ(taken, model.emplace(address, i + 1).second);
      if (taken) leased.push_back(address);
    }
    ASSERT_EQ(pool.used(), model.size());
  }
  for (const auto& [address, owner] : model) ASSERT_EQ(pool.OwnerOf(address), owner);
  for (const auto& [address, owner] : model) pool.Free(address);
  EXPECT_EQ(pool.used(), 0u);
}

}  // namespace
}  // namespace lns::controlplane
