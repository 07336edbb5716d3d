// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "dataplane/tables/prefix_table.h"
#include "lib/base/rng.h"

namespace lns::dataplane {
namespace {

uint32_t Find(const PrefixTable& table, const char* address, VrfIndex vrf = kMainVrf) {
  const net::IpAddress parsed = *net::IpAddress::Parse(address);
  return table.Find(vrf, parsed.family(), parsed.raw().data());
}
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

TEST(PrefixTable, TheLongestPrefixWins) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 16);
  ASSERT_TRUE(table->Upsert(Prefix("0.0.0.0/0"), 1));
  ASSERT_TRUE(table->Upsert(Prefix("10.0.0.0/8"), 2));
  ASSERT_TRUE(table->Upsert(Prefix("10.1.0.0/16"), 3));
  ASSERT_TRUE(table->Upsert(Prefix("10.1.2.3/32"), 4));
  EXPECT_EQ(Find(*table, "9.9.9.9"), 1u);
  EXPECT_EQ(Find(*table, "10.9.9.9"), 2u);
  EXPECT_EQ(Find(*table, "10.1.9.9"), 3u);
  EXPECT_EQ(Find(*table, "10.1.2.3"), 4u);
  EXPECT_NE(table->Erase(Prefix("10.1.0.0/16")), kNotFound);
  EXPECT_EQ(Find(*table, "10.1.9.9"), 2u);
  EXPECT_EQ(table->Erase(Prefix("10.1.0.0/16")), kNotFound);
}

TEST(PrefixTable, FamiliesDoNotMeet) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 16);
  ASSERT_TRUE(table->Upsert(Prefix("0.0.0.0/0"), 4));
  EXPECT_EQ(Find(*table, "::"), kNotFound);
  ASSERT_TRUE(table->Upsert(Prefix("::/0"), 6));
  EXPECT_EQ(Find(*table, "::"), 6u);
  EXPECT_EQ(Find(*table, "0.0.0.0"), 4u);
}

TEST(PrefixTable, VrfsDoNotMeet) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 16);
  constexpr VrfIndex kLast = kMaxVrfs - 1;
  ASSERT_TRUE(table->Upsert(Prefix("10.0.0.0/8"), 1));
  ASSERT_TRUE(table->Upsert({kLast, Prefix("10.0.0.0/8")}, 2));
  ASSERT_TRUE(table->Upsert({kLast, Prefix("10.1.0.0/16")}, 3));
  EXPECT_EQ(Find(*table, "10.1.2.3"), 1u);
  EXPECT_EQ(Find(*table, "10.1.2.3", kLast), 3u);
  EXPECT_EQ(Find(*table, "10.1.2.3", 1), kNotFound);
  EXPECT_EQ(table->Exact({kLast, Prefix("10.0.0.0/8")}), 2u);
  EXPECT_EQ(table->Exact({1, Prefix("10.0.0.0/8")}), kNotFound);
  EXPECT_EQ(table->Erase({1, Prefix("10.0.0.0/8")}), kNotFound);
  EXPECT_NE(table->Erase({kLast, Prefix("10.1.0.0/16")}), kNotFound);
  EXPECT_EQ(Find(*table, "10.1.2.3", kLast), 2u);
  EXPECT_EQ(Find(*table, "10.1.2.3"), 1u);
}

TEST(PrefixTable, EveryLengthOfIpv6IsItsOwn) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 129);
  net::IpAddress ones = *net::IpAddress::Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (uint8_t length = 0; length <= 128; ++length) {
    std::array<uint8_t, 16> raw{};
    for (int bit = 0; bit < length; ++bit) {
      raw[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> (bit % 8));
    }
    ASSERT_TRUE(table->Upsert(net::IpPrefix{net::IpAddress::V6(raw), length}, length));
    EXPECT_EQ(table->Find(kMainVrf, net::Family::kIpv6, ones.raw().data()), length);
  }
  EXPECT_EQ(table->size(), 129u);
  EXPECT_FALSE(table->Upsert(Prefix("1::/64"), 1)) << "full";
}

TEST(PrefixTable, AnEntryIsReusedOnlyAfterFree) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 1);
  ASSERT_TRUE(table->Upsert(Prefix("10.0.0.0/8"), 1));
  const uint32_t entry = table->Erase(Prefix("10.0.0.0/8"));
  EXPECT_FALSE(table->Upsert(Prefix("11.0.0.0/8"), 2));
  table->Free(entry);
  EXPECT_TRUE(table->Upsert(Prefix("11.0.0.0/8"), 2));
}

TEST(PrefixTable, AgreesWithALinearSearch) {
  HeapMemory memory;
  auto table = PrefixTable::Make(memory, 512);
  std::map<net::IpPrefix, uint32_t> truth;
  SeededRng rng(3);
  for (uint32_t step = 0; step < 20000; ++step) {
    // Few different prefixes, nested in one another.
    const auto length = static_cast<uint8_t>(8 + rng.Below(9));
    const uint32_t address = (0x0a000000u | rng.Below(8) << 16) & (~0u << (32 - length));
    const net::IpPrefix prefix{net::IpAddress::V4(address), length};
    if (rng.Below(2) == 0) {
      ASSERT_TRUE(table->Upsert(prefix, step));
      truth[prefix] = step;
    } else {
      const uint32_t entry = table->Erase(prefix);
      ASSERT_EQ(entry != kNotFound, truth.erase(prefix) == 1);
      if (entry != kNotFound) table->Free(entry);
    }
    const net::IpAddress address_asked = net::IpAddress::V4(0x0a000000u | rng.Below(1u << 20));
    uint32_t expected = kNotFound;
    int longest = -1;
    for (const auto& [known, value] : truth) {
      if (known.Contains(address_asked) && known.length > longest) {
        longest = known.length;
        expected = value;
      }
    }
    ASSERT_EQ(table->Find(kMainVrf, net::Family::kIpv4, address_asked.raw().data()), expected);
  }
}

}  // namespace
}  // namespace lns::dataplane
