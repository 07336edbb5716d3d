// Compiled filters against a matcher that reads packets and rules as plainly as it can: thousands
// of random rules and packets of both families, with fragments, options, extension headers and
// truncated transport headers.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dataplane/tables/compiled_filter.h"
#include "dataplane/tables/flow_key.h"
#include "lib/base/bytes.h"
#include "lib/net/filter.h"

namespace lns::test {
namespace {

using dataplane::CompiledFilter;
using dataplane::FlowKey;
using net::Family;
using net::Filter;
using net::FilterRule;
using net::FilterVerdict;

// What a test packet is made of; Write makes the bytes.
struct Sample {
  Family family = Family::kIpv4;
  net::IpAddress source;
  net::IpAddress destination;
  uint8_t dscp = 0;
  uint8_t protocol = 17;
  uint16_t source_port = 0;  // or ICMP type
  uint16_t destination_port = 0;
  uint8_t tcp_flags = 0x02;
  uint16_t fragment_offset = 0;  // units of eight octets
  bool more_fragments = false;
  bool options = false;  // IPv4 options, or a destination options header
  size_t transport_octets = 24;
};

constexpr uint8_t kProtocols[] = {1, 6, 17, 47, 58, 132};

bool IsIcmp(uint8_t protocol) { return protocol == 1 || protocol == 58; }
bool IsFragment(const Sample& sample) {
  return sample.fragment_offset != 0 || sample.more_fragments;
}

Bytes Write(const Sample& sample) {
  Bytes transport(sample.transport_octets, 0);
  const auto put = [&](size_t at, uint8_t value) {
    if (at < transport.size()) transport[at] = value;
  };
  if (sample.fragment_offset == 0) {
    if (IsIcmp(sample.protocol)) {
      put(0, static_cast<uint8_t>(sample.source_port));
      put(1, static_cast<uint8_t>(sample.destination_port));
    } else {
      put(0, static_cast<uint8_t>(sample.source_port >> 8));
      put(1, static_cast<uint8_t>(sample.source_port));
      put(2, static_cast<uint8_t>(sample.destination_port >> 8));
      put(3, static_cast<uint8_t>(sample.destination_port));
      put(13, sample.tcp_flags);
    }
  }
  Bytes packet;
  const auto append = [&](ByteView bytes) {
    packet.insert(packet.end(), bytes.begin(), bytes.end());
  };
  if (sample.family == Family::kIpv4) {
    const size_t header = sample.options ? 24 : 20;
    packet.assign(header, 0);
    packet[0] = static_cast<uint8_t>(0x40 | header / 4);
    packet[1] = static_cast<uint8_t>(sample.dscp << 2 | 1);
    StoreBe16(packet.data() + 2, static_cast<uint16_t>(header + transport.size()));
    StoreBe16(packet.data() + 6,
              static_cast<uint16_t>(sample.fragment_offset | (sample.more_fragments ? 0x2000 : 0)));
    packet[8] = 64;
    packet[9] = sample.protocol;
    std::copy_n(sample.source.bytes().begin(), 4, packet.begin() + 12);
    std::copy_n(sample.destination.bytes().begin(), 4, packet.begin() + 16);
    append(transport);
    return packet;
  }
  Bytes extensions;
  // Options stand before the fragment header: behind it they would be in the first fragment alone.
  if (sample.options) {
    extensions = {IsFragment(sample) ? uint8_t{44} : sample.protocol, 0, 1, 4, 0, 0, 0, 0};
  }
  if (IsFragment(sample)) {
    const auto word =
        static_cast<uint16_t>(sample.fragment_offset << 3 | (sample.more_fragments ? 1 : 0));
    const Bytes header = {sample.protocol,
                          0,
                          static_cast<uint8_t>(word >> 8),
                          static_cast<uint8_t>(word),
                          0,
                          0,
                          0,
                          9};
    extensions.insert(extensions.end(), header.begin(), header.end());
  }
  packet.assign(40, 0);
  StoreBe32(packet.data(), 0x60000000u | static_cast<uint32_t>(sample.dscp) << 22 | 2u << 20);
  StoreBe16(packet.data() + 4, static_cast<uint16_t>(extensions.size() + transport.size()));
  packet[6] = sample.options ? 60 : IsFragment(sample) ? 44 : sample.protocol;
  packet[7] = 64;
  std::copy_n(sample.source.bytes().begin(), 16, packet.begin() + 8);
  std::copy_n(sample.destination.bytes().begin(), 16, packet.begin() + 24);
  append(extensions);
  append(transport);
  return packet;
}

// The slow matcher: by the words of lib/net/filter.h alone.
bool AnyHolds(const std::vector<net::IpPrefix>& prefixes, const net::IpAddress& address) {
  if (prefixes.empty()) return true;
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const net::IpPrefix& prefix) {
    return prefix.address.family() == address.family() && prefix.Contains(address);
  });
}
bool AnyHolds(const std::vector<net::PortRange>& ranges, uint16_t port) {
  if (ranges.empty()) return true;
  return std::any_of(ranges.begin(), ranges.end(), [&](const net::PortRange& range) {
    return port >= range.first && port <= range.last;
  });
}

bool Matches(const FilterRule& rule, const Sample& sample) {
  if (rule.family != Family::kNone && rule.family != sample.family) return false;
  if (!rule.next_hops.empty() &&
      std::none_of(rule.next_hops.begin(), rule.next_hops.end(),
                   [&](const auto& hop) { return hop.family() == sample.family; })) {
    return false;
  }
  if (!AnyHolds(rule.sources, sample.source)) return false;
  if (!AnyHolds(rule.destinations, sample.destination)) return false;
  if (rule.protocol && *rule.protocol != sample.protocol) return false;
  if (!rule.dscps.empty() &&
      std::find(rule.dscps.begin(), rule.dscps.end(), sample.dscp) == rule.dscps.end()) {
    return false;
  }
  const bool is_later = sample.fragment_offset != 0;
  if (rule.later_fragments) return is_later;
  if (!rule.looks_at_transport()) return true;
  if (is_later) return rule.verdict != FilterVerdict::kDeny;
  if (rule.established && (sample.tcp_flags & 0x14) == 0) return false;
  if (rule.icmp_type && *rule.icmp_type != sample.source_port) return false;
  if (rule.icmp_code && *rule.icmp_code != sample.destination_port) return false;
  return AnyHolds(rule.source_ports, sample.source_port) &&
         AnyHolds(rule.destination_ports, sample.destination_port);
}

// The number of the rule, or of the rest; none: what it would be judged by is not there.
std::optional<uint32_t> Judge(const Filter& filter, const Sample& sample) {
  if (sample.fragment_offset == 1 && sample.protocol == 6) return std::nullopt;
  if (sample.fragment_offset == 0) {
    const size_t needed = IsIcmp(sample.protocol)          ? 2
                          : sample.protocol == 6           ? 14
                          : net::HasPorts(sample.protocol) ? 4
                                                           : 0;
    if (sample.transport_octets < needed) return std::nullopt;
  }
  uint32_t number = 0;
  for (const FilterRule& rule : filter.rules) {
    if (Matches(rule, sample)) return number;
    ++number;
  }
  return number;
}

// Few values of everything, so that rules and packets meet often.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(engine_() % bound); }
  bool OneIn(uint32_t count) { return Below(count) == 0; }

  net::IpAddress Address(Family family) {
    if (family == Family::kIpv4) {
      return net::IpAddress::V4(0x0a000000u | Below(4) << 16 | Below(4) << 8 | Below(8));
    }
    Bytes bytes(16, 0);
    bytes[0] = 0x20;
    bytes[3] = static_cast<uint8_t>(Below(3));
    bytes[6] = static_cast<uint8_t>(Below(3));
    bytes[9] = static_cast<uint8_t>(Below(3));
    bytes[15] = static_cast<uint8_t>(Below(8));
    return net::IpAddress::V6(bytes);
  }
  net::IpPrefix Prefix(Family family) {
    constexpr uint8_t kLengths4[] = {0, 8, 13, 16, 23, 24, 30, 32};
    constexpr uint8_t kLengths6[] = {0, 24, 32, 33, 56, 64, 80, 96, 125, 128};
    const uint8_t length = family == Family::kIpv4 ? kLengths4[Below(8)] : kLengths6[Below(10)];
    const net::IpAddress address = Address(family);
    Bytes bytes(address.bytes().begin(), address.bytes().end());
    for (size_t bit = length; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] & ~(0x80u >> bit % 8));
    }
    return {*net::IpAddress::FromBytes(bytes), length};
  }
  uint16_t Port() {
    constexpr uint16_t kPorts[] = {0, 53, 80, 443, 1023, 1024, 5000, 65535};
    return kPorts[Below(8)];
  }
  net::PortRange Ports() {
    const uint16_t one = Port();
    const uint16_t two = OneIn(2) ? one : Port();
    return {std::min(one, two), std::max(one, two)};
  }

  FilterRule Rule() {
    FilterRule rule;
    rule.verdict = static_cast<FilterVerdict>(Below(3));
    if (OneIn(4)) rule.family = OneIn(2) ? Family::kIpv4 : Family::kIpv6;
    for (auto* prefixes : {&rule.sources, &rule.destinations}) {
      if (OneIn(2)) continue;
      for (uint32_t i = 0; i <= Below(3); ++i) {
        prefixes->push_back(Prefix(OneIn(2) ? Family::kIpv4 : Family::kIpv6));
      }
    }
    if (!OneIn(3)) rule.protocol = kProtocols[Below(std::size(kProtocols))];
    if (OneIn(4)) {
      for (uint32_t i = 0; i <= Below(2); ++i) rule.dscps.push_back(static_cast<uint8_t>(Below(4)));
    }
    if (OneIn(8)) {
      rule.later_fragments = true;
    } else if (rule.protocol && net::HasPorts(*rule.protocol)) {
      if (OneIn(2)) rule.source_ports.push_back(Ports());
      for (uint32_t i = 0; i < Below(3); ++i) rule.destination_ports.push_back(Ports());
      rule.established = *rule.protocol == 6 && OneIn(4);
    } else if (rule.protocol && IsIcmp(*rule.protocol) && OneIn(2)) {
      rule.icmp_type = static_cast<uint8_t>(Below(4));
      if (OneIn(2)) rule.icmp_code = static_cast<uint8_t>(Below(3));
    }
    if (rule.verdict == FilterVerdict::kRedirect) {
      if (!OneIn(3)) rule.next_hops.push_back(*net::IpAddress::Parse("203.0.113.10"));
      if (rule.next_hops.empty() || OneIn(2)) {
        rule.next_hops.push_back(*net::IpAddress::Parse("2001:db8::10"));
      }
    }
    return rule;
  }

  Sample AnyPacket() {
    Sample sample;
    sample.family = OneIn(2) ? Family::kIpv4 : Family::kIpv6;
    sample.source = Address(sample.family);
    sample.destination = Address(sample.family);
    sample.dscp = static_cast<uint8_t>(Below(5));
    sample.protocol = kProtocols[Below(std::size(kProtocols))];
    if (IsIcmp(sample.protocol)) {
      sample.source_port = static_cast<uint16_t>(Below(5));
      sample.destination_port = static_cast<uint16_t>(Below(4));
    } else {
      sample.source_port = Port();
      sample.destination_port = Port();
    }
    constexpr uint8_t kTcpFlags[] = {0x02, 0x12, 0x10, 0x04, 0x01};
    sample.tcp_flags = kTcpFlags[Below(5)];
    sample.options = OneIn(4);
    if (OneIn(4)) {
      sample.more_fragments = OneIn(2);
      sample.fragment_offset = static_cast<uint16_t>(OneIn(3) ? 0 : OneIn(4) ? 1 : Below(2000));
    }
    if (OneIn(8)) sample.transport_octets = Below(16);
    return sample;
  }

 private:
  std::mt19937 engine_;
};

std::string Text(const Sample& s) {
  return s.source.ToString() + " > " + s.destination.ToString() + " protocol " +
         std::to_string(s.protocol) + " ports " + std::to_string(s.source_port) + " " +
         std::to_string(s.destination_port) + " dscp " + std::to_string(s.dscp) + " offset " +
         std::to_string(s.fragment_offset) + " octets " + std::to_string(s.transport_octets);
}

bool IsNarrow(const FilterRule& rule) {
  const auto is_narrow = [](const std::vector<net::IpPrefix>& prefixes) {
    return !prefixes.empty() &&
           std::all_of(prefixes.begin(), prefixes.end(),
                       [](const net::IpPrefix& prefix) { return prefix.length >= 23; });
  };
  return rule.protocol && (is_narrow(rule.sources) || is_narrow(rule.destinations));
}

class FilterMatchTest : public testing::TestWithParam<uint32_t> {};

TEST_P(FilterMatchTest, FindsTheRuleThatTheSlowMatcherFinds) {
  constexpr int kPackets = 2000;
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Dice dice(GetParam());
  Filter filter{.name = "random"};
  const uint32_t rules = GetParam() % 4 == 0 ? 200 : 1 + dice.Below(12);
  while (filter.rules.size() < rules) {
    FilterRule rule = dice.Rule();
    // Of many rules each must leave something to the others.
    if (rules < 200 || IsNarrow(rule)) filter.rules.push_back(std::move(rule));
  }
  ASSERT_EQ(net::ProblemOf(filter), "");
  const auto compiled = CompiledFilter::Make(filter, 1, 0);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  int without_key = 0;
  std::vector<int> matched(filter.rules.size() + 1, 0);
  std::vector<FlowKey> keys[2];
  std::vector<Sample> samples[2];
  for (int i = 0; i < kPackets; ++i) {
    const Sample sample = dice.AnyPacket();
    const size_t family = sample.family == Family::kIpv4 ? 0 : 1;
    FlowKey key;
    const bool has_key = MakeFlowKey(sample.family, Write(sample), key);
    ASSERT_EQ(has_key, Judge(filter, sample).has_value()) << Text(sample);
    if (!has_key) {
      ++without_key;
      continue;
    }
    keys[family].push_back(key);
    samples[family].push_back(sample);
  }
  EXPECT_GT(without_key, kPackets / 100);
  // In bursts of all sizes, since rte_acl treats them differently.
  for (const size_t family : {size_t{0}, size_t{1}}) {
    size_t done = 0;
    while (done < keys[family].size()) {
      const size_t count = std::min<size_t>(1 + dice.Below(32), keys[family].size() - done);
      std::vector<const FlowKey*> burst;
      for (size_t i = 0; i < count; ++i) burst.push_back(&keys[family][done + i]);
      std::vector<uint32_t> found(count);
      (*compiled)->Classify(family == 0 ? Family::kIpv4 : Family::kIpv6, burst.data(),
                            static_cast<uint32_t>(count), found.data());
      for (size_t i = 0; i < count; ++i) {
        const Sample& sample = samples[family][done + i];
        ASSERT_EQ(found[i], *Judge(filter, sample)) << Text(sample);
        ++matched[found[i]];
      }
      done += count;
    }
  }
  if (rules >= 200) {
    // Else the test would say nothing about rules.
    EXPECT_GT(std::count_if(matched.begin(), matched.end(), [](int n) { return n > 0; }), 20);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FilterMatchTest, testing::Range(1u, 61u));

TEST(CompiledFilterTest, WithoutRulesEverythingIsTheRest) {
  const auto compiled = CompiledFilter::Make({.name = "empty"}, 1, 0);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const FlowKey key;
  const FlowKey* keys[] = {&key};
  uint32_t action = 7;
  (*compiled)->Classify(Family::kIpv6, keys, 1, &action);
  EXPECT_EQ(action, 0u);
  EXPECT_EQ((*compiled)->action(action).verdict, FilterVerdict::kDeny);
}

TEST(CompiledFilterTest, CountsOfAllWorkersAreAddedUp) {
  const auto compiled =
      CompiledFilter::Make({.name = "two", .rules = {{.verdict = FilterVerdict::kPermit}}}, 2, 0);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  (*compiled)->Count(0, 0, 100);
  (*compiled)->Count(1, 0, 50);
  (*compiled)->Count(1, 1, 7);
  const auto counts = (*compiled)->Counts();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].packets, 2u);
  EXPECT_EQ(counts[0].bytes, 150u);
  EXPECT_EQ(counts[1].packets, 1u);
  EXPECT_EQ(counts[1].bytes, 7u);
}

TEST(CompiledFilterTest, WhatIsNoFilterIsRefused) {
  const FilterRule ports_of_anything{.destination_ports = {{80, 80}}};
  const auto compiled = CompiledFilter::Make({.name = "bad", .rules = {ports_of_anything}}, 1, 0);
  EXPECT_EQ(compiled.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(compiled.status().message().find("rule 1"), std::string::npos) << compiled.status();
}

}  // namespace
}  // namespace lns::test
