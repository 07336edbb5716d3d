// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/net/dscp.h"
#include "lib/net/filter.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::net {
namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kIcmp = 1;

Filter With(FilterRule rule) { return {.name = "f", .rules = {std::move(rule)}}; }
IpAddress Address(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Prefix(const char* text) { return *IpPrefix::Parse(text); }

TEST(Filter, WhatCanBeMatchedIsAFilter) {
  const FilterRule rules[] = {
      {},
      {.verdict = FilterVerdict::kPermit, .protocol = kTcp, .established = true},
      {.protocol = kTcp, .source_ports = {{1, 1}}, .destination_ports = {{0, 65535}, {80, 80}}},
      {.sources = {Prefix("10.0.0.0/8"), Prefix("2001:db8::/32")}, .dscps = {0, 63}},
      {.protocol = kIcmp, .icmp_type = 8, .icmp_code = 0},
      {.later_fragments = true},
      {.verdict = FilterVerdict::kRedirect, .next_hops = {Address("10.0.0.1"), Address("::1")}},
  };
  for (const FilterRule& rule : rules) EXPECT_EQ(ProblemOf(With(rule)), "");
  EXPECT_EQ(ProblemOf({.name = "f", .rest = FilterVerdict::kPermit}), "");
}

TEST(Filter, WhatCannotBeMatchedIsNone) {
  const struct {
    FilterRule rule;
    const char* problem;
  } rows[] = {
      {{.destination_ports = {{80, 80}}}, "rule 1: ports without a protocol that has ports"},
      {{.protocol = kIcmp, .source_ports = {{80, 80}}},
       "rule 1: ports without a protocol that has ports"},
      {{.protocol = kTcp, .source_ports = {{81, 80}}},
       "rule 1: a range of ports ends before it begins"},
      {{.protocol = kTcp, .icmp_type = 8}, "rule 1: an ICMP type without protocol icmp or icmpv6"},
      {{.protocol = kIcmp, .icmp_code = 1}, "rule 1: an ICMP code without a type"},
      {{.protocol = 17, .established = true}, "rule 1: established without protocol tcp"},
      {{.established = true}, "rule 1: established without protocol tcp"},
      {{.protocol = kTcp, .destination_ports = {{80, 80}}, .later_fragments = true},
       "rule 1: later fragments have no ports, ICMP type or TCP flags"},
      {{.dscps = {64}}, "rule 1: a DSCP above 63"},
      {{.sources = {IpPrefix{}}}, "rule 1: no prefix"},
      {{.sources = {{Address("10.0.0.0"), 33}}}, "rule 1: no prefix"},
      {{.next_hops = {Address("10.0.0.1")}}, "rule 1: a next hop without redirect"},
      {{.verdict = FilterVerdict::kRedirect}, "rule 1: redirect without a next hop"},
      {{.verdict = FilterVerdict::kRedirect, .next_hops = {IpAddress()}},
       "rule 1: a next hop that is no address"},
      {{.verdict = FilterVerdict::kRedirect,
        .next_hops = {Address("10.0.0.1"), Address("10.0.0.2")}},
       "rule 1: two next hops of one family"},
  };
  for (const auto& row : rows) EXPECT_EQ(ProblemOf(With(row.rule)), row.problem);
  EXPECT_NE(ProblemOf({.name = "f", .rest = FilterVerdict::kRedirect}), "");
}

TEST(Filter, NamesAreThoseThatFilterIdCanSay) {
  for (const char* name : {"", "a b", "gold.in", "gold.out", "caf\xc3\xa9"}) {
    EXPECT_NE(ProblemOf({.name = name}), "") << name;
  }
  EXPECT_NE(ProblemOf({.name = std::string(64, 'x')}), "");
  EXPECT_EQ(ProblemOf({.name = std::string(63, 'x')}), "");
  EXPECT_EQ(ProblemOf({.name = "gold.inside"}), "");
}

TEST(Filter, RulesAndWhatTheirListsMakeAreBounded) {
  Filter filter{.name = "f", .rules = std::vector<FilterRule>(kMaxFilterRules)};
  EXPECT_EQ(ProblemOf(filter), "");
  filter.rules.emplace_back();
  EXPECT_EQ(ProblemOf(filter), "513 rules, at most 512");
  FilterRule wide{.protocol = kTcp};
  for (uint16_t i = 0; i < 64; ++i) {
    wide.source_ports.push_back({i, i});
    wide.destination_ports.push_back({i, i});
  }
  EXPECT_EQ(ProblemOf(With(wide)), "");
  filter = {.name = "f", .rules = {wide, {}}};
  EXPECT_EQ(ProblemOf(filter),
            "rule 2: its lists and those before make more than 4096 combinations");
  // Prefixes of one family make nothing with those of the other.
  wide.sources = {Prefix("10.0.0.0/8"), Prefix("2001:db8::/32")};
  EXPECT_EQ(ProblemOf(With(wide)), "");
}

TEST(Dscp, IsSetWithItsChecksumAndLeavesEcnAlone) {
  Ipv4Header header{.tos = 46 << 2 | 3, .total_length = 20, .ttl = 1, .source = 1};
  std::array<uint8_t, kIpv4HeaderLength> ip{};
  ASSERT_EQ(WriteIpv4(header, ip), ip.size());
  for (uint8_t dscp = 0; dscp < kDscps; ++dscp) {
    SetDscp(Family::kIpv4, ip.data(), dscp);
    EXPECT_EQ(DscpOf(Family::kIpv4, ip.data()), dscp);
    EXPECT_EQ(ip[1] & 3, 3);
    EXPECT_EQ(CheckIpv4(ip), IpError::kNone) << int{dscp};
  }
}

TEST(Dscp, OfIpv6StandsBetweenVersionAndFlowLabel) {
  Ipv6Header header{.traffic_class = 46 << 2 | 1, .flow_label = 0xabcde};
  std::array<uint8_t, kIpv6HeaderLength> ip{};
  ASSERT_EQ(WriteIpv6(header, ip), ip.size());
  EXPECT_EQ(DscpOf(Family::kIpv6, ip.data()), 46);
  SetDscp(Family::kIpv6, ip.data(), 10);
  header.traffic_class = 10 << 2 | 1;
  Ipv6Header read;
  ASSERT_EQ(ParseIpv6(ip, read), IpError::kNone);
  EXPECT_EQ(read, header);
}

}  // namespace
}  // namespace lns::net
