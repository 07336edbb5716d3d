// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/filter.h"

#include <algorithm>
#include <string_view>

#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::net {
namespace {

constexpr uint8_t kMaxDscp = kDscps - 1;

size_t OfFamily(const std::vector<IpPrefix>& prefixes, Family family) {
  if (prefixes.empty()) return 1;
  return static_cast<size_t>(std::count_if(
      prefixes.begin(), prefixes.end(),
      [family](const IpPrefix& prefix) { return prefix.address.family() == family; }));
}

// How many elementary rules the lists make.
size_t ProductsOf(const FilterRule& rule, Family family) {
  return OfFamily(rule.sources, family) * OfFamily(rule.destinations, family) *
         std::max<size_t>(rule.source_ports.size(), 1) *
         std::max<size_t>(rule.destination_ports.size(), 1) *
         std::max<size_t>(rule.dscps.size(), 1);
}

bool AreGood(const std::vector<IpPrefix>& prefixes) {
  return std::all_of(prefixes.begin(), prefixes.end(), [](const IpPrefix& prefix) {
    return !prefix.address.is_none() && prefix.length <= prefix.address.bits();
  });
}

bool AreGood(const std::vector<PortRange>& ports) {
  return std::all_of(ports.begin(), ports.end(),
                     [](const PortRange& range) { return range.first <= range.last; });
}

std::string_view ProblemOfTransport(const FilterRule& rule) {
  if (!AreGood(rule.source_ports) || !AreGood(rule.destination_ports)) {
    return "a range of ports ends before it begins";
  }
  if (rule.has_ports() && !(rule.protocol && HasPorts(*rule.protocol))) {
    return "ports without a protocol that has ports";
  }
  const bool is_icmp =
      rule.protocol && (*rule.protocol == kProtocolIcmp || *rule.protocol == kProtocolIcmpv6);
  if (rule.icmp_type && !is_icmp) return "an ICMP type without protocol icmp or icmpv6";
  if (rule.icmp_code && !rule.icmp_type) return "an ICMP code without a type";
  if (rule.established && rule.protocol != kProtocolTcp) return "established without protocol tcp";
  if (rule.later_fragments && rule.looks_at_transport()) {
    return "later fragments have no ports, ICMP type or TCP flags";
  }
  return {};
}

std::string_view ProblemOfNextHops(const FilterRule& rule) {
  const bool redirects = rule.verdict == FilterVerdict::kRedirect;
  if (!redirects) return rule.next_hops.empty() ? "" : "a next hop without redirect";
  if (rule.next_hops.empty()) return "redirect without a next hop";
  if (std::any_of(rule.next_hops.begin(), rule.next_hops.end(),
                  [](const IpAddress& address) { return address.is_none(); })) {
    return "a next hop that is no address";
  }
  const bool one_of_each =
      rule.next_hops.size() == 1 ||
      (rule.next_hops.size() == 2 && rule.next_hops[0].family() != rule.next_hops[1].family());
  return one_of_each ? "" : "two next hops of one family";
}

std::string_view ProblemOf(const FilterRule& rule) {
  if (!AreGood(rule.sources) || !AreGood(rule.destinations)) return "no prefix";
  if (std::any_of(rule.dscps.begin(), rule.dscps.end(),
                  [](uint8_t dscp) { return dscp > kMaxDscp; })) {
    return "a DSCP above 63";
  }
  if (const std::string_view problem = ProblemOfTransport(rule); !problem.empty()) return problem;
  return ProblemOfNextHops(rule);
}

bool IsName(std::string_view name) {
  // As in Filter-Id, where a suffix says the direction.
  if (name.empty() || name.size() > kMaxFilterName) return false;
  if (name.ends_with(".in") || name.ends_with(".out")) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string ProblemOf(const Filter& filter) {
  if (!IsName(filter.name)) {
    return "its name must be 1 to 63 printable characters and not end in .in or .out";
  }
  if (filter.rest == FilterVerdict::kRedirect) return "what no rule matches cannot be redirected";
  if (filter.rules.size() > kMaxFilterRules) {
    return std::to_string(filter.rules.size()) + " rules, at most " +
           std::to_string(kMaxFilterRules);
  }
  size_t products = 0;
  for (size_t i = 0; i < filter.rules.size(); ++i) {
    const FilterRule& rule = filter.rules[i];
    const std::string at = "rule " + std::to_string(i + 1) + ": ";
    if (const std::string_view problem = ProblemOf(rule); !problem.empty()) {
      return at + std::string(problem);
    }
    products += std::max(ProductsOf(rule, Family::kIpv4), ProductsOf(rule, Family::kIpv6));
    if (products > kMaxFilterProducts) {
      return at + "its lists and those before make more than " +
             std::to_string(kMaxFilterProducts) + " combinations";
    }
  }
  return {};
}

}  // namespace lns::net
