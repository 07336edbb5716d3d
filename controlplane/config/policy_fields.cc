// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/policy_fields.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/config/yaml.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

struct Named {
  std::string_view name;
  uint8_t number;
};
constexpr Named kProtocols[] = {{"icmp", 1},    {"tcp", 6},    {"udp", 17},     {"dccp", 33},
                                {"ipv6", 41},   {"gre", 47},   {"esp", 50},     {"ah", 51},
                                {"icmpv6", 58}, {"sctp", 132}, {"udplite", 136}};
// RFC 2474 4.2.2, RFC 2597 6, RFC 3246 2.7, RFC 5865 2.3, RFC 8622.
constexpr Named kDscps[] = {{"default", 0}, {"le", 1},    {"cs0", 0},   {"cs1", 8},   {"cs2", 16},
                            {"cs3", 24},    {"cs4", 32},  {"cs5", 40},  {"cs6", 48},  {"cs7", 56},
                            {"af11", 10},   {"af12", 12}, {"af13", 14}, {"af21", 18}, {"af22", 20},
                            {"af23", 22},   {"af31", 26}, {"af32", 28}, {"af33", 30}, {"af41", 34},
                            {"af42", 36},   {"af43", 38}, {"ef", 46},   {"va", 44}};
constexpr uint32_t kMaxProtocol = 255;
constexpr uint32_t kMaxDscp = net::kDscps - 1;
constexpr uint32_t kMaxIcmp = 255;

template <size_t kCount>
std::optional<uint8_t> Number(const Named (&table)[kCount], uint32_t most,
                              const std::string& text) {
  for (const Named& row : table) {
    if (row.name == text) return row.number;
  }
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number > most) return std::nullopt;
  return static_cast<uint8_t>(number);
}

uint8_t Dscp(const std::string& path, const std::string& text, FieldChecks& check) {
  const std::optional<uint8_t> dscp = Number(kDscps, kMaxDscp, text);
  if (!dscp) {
    check.Fail(path, absl::StrCat("expected a DSCP by name (ef, af41, cs1) or 0 to 63, got \"",
                                  text, "\""));
  }
  return dscp.value_or(0);
}

// An address is the prefix of itself.
net::IpPrefix Prefix(const std::string& path, const std::string& text, FieldChecks& check) {
  if (const auto address = net::IpAddress::Parse(text)) return net::IpPrefix::Host(*address);
  const net::IpPrefix prefix = check.Prefix(path, text);
  if (prefix.address.is_none()) check.Fail(path, "expected a prefix or an address");
  return prefix;
}

net::PortRange Ports(const std::string& path, const std::string& text, FieldChecks& check) {
  const size_t dash = text.find('-');
  uint32_t first = 0;
  uint32_t last = 0;
  const bool begins = absl::SimpleAtoi(text.substr(0, dash), &first);
  const bool ends = dash == std::string::npos ? (last = first, true)
                                              : absl::SimpleAtoi(text.substr(dash + 1), &last);
  if (!begins || !ends || first > last || last > 0xffff) {
    check.Fail(path, absl::StrCat("expected a port or two with a hyphen between them, got \"", text,
                                  "\""));
  }
  return {static_cast<uint16_t>(first), static_cast<uint16_t>(last)};
}

// Reads each text of a list with `read(path, text)`.
template <typename List, typename Read>
void ReadEach(const List& list, const std::string& path, Read&& read) {
  for (int i = 0; i < list.size(); ++i) read(Element(path, i, ""), list.Get(i));
}

net::FilterVerdict VerdictOf(config::v1::FilterVerdict verdict, const std::string& path,
                             FieldChecks& check) {
  switch (verdict) {
    case config::v1::PERMIT:
      return net::FilterVerdict::kPermit;
    case config::v1::DENY:
      return net::FilterVerdict::kDeny;
    case config::v1::REDIRECT:
      return net::FilterVerdict::kRedirect;
    default:
      check.Fail(path, "expected permit, deny or redirect");
      return net::FilterVerdict::kDeny;
  }
}

net::Family FamilyOf(uint32_t family, const std::string& path, FieldChecks& check) {
  if (family == 4) return net::Family::kIpv4;
  if (family == 6) return net::Family::kIpv6;
  if (family != 0) check.Fail(path, absl::StrCat("expected 4 or 6, got ", family));
  return net::Family::kNone;
}

net::FilterRule ReadRule(const config::v1::FilterRuleConfig& in, const std::string& path,
                         FieldChecks& check) {
  const auto at = [&](const char* field) { return absl::StrCat(path, ".", field); };
  net::FilterRule rule;
  rule.verdict = VerdictOf(in.verdict(), at("verdict"), check);
  rule.family = FamilyOf(in.family(), at("family"), check);
  ReadEach(in.sources(), at("sources"), [&](const std::string& where, const std::string& text) {
    rule.sources.push_back(Prefix(where, text, check));
  });
  ReadEach(in.destinations(), at("destinations"),
           [&](const std::string& where, const std::string& text) {
             rule.destinations.push_back(Prefix(where, text, check));
           });
  if (!in.protocol().empty()) {
    rule.protocol = Number(kProtocols, kMaxProtocol, in.protocol());
    if (!rule.protocol) {
      check.Fail(at("protocol"), absl::StrCat("expected a protocol by name (tcp, udp, icmp) or 0 "
                                              "to 255, got \"",
                                              in.protocol(), "\""));
    }
  }
  ReadEach(in.source_ports(), at("source_ports"),
           [&](const std::string& where, const std::string& text) {
             rule.source_ports.push_back(Ports(where, text, check));
           });
  ReadEach(in.destination_ports(), at("destination_ports"),
           [&](const std::string& where, const std::string& text) {
             rule.destination_ports.push_back(Ports(where, text, check));
           });
  const auto icmp = [&](const char* field, bool written, uint32_t value) -> std::optional<uint8_t> {
    if (!written) return std::nullopt;
    if (value > kMaxIcmp) check.Fail(at(field), absl::StrCat("expected 0 to 255, got ", value));
    return static_cast<uint8_t>(value);
  };
  rule.icmp_type = icmp("icmp_type", in.has_icmp_type(), in.icmp_type());
  rule.icmp_code = icmp("icmp_code", in.has_icmp_code(), in.icmp_code());
  ReadEach(in.dscps(), at("dscps"), [&](const std::string& where, const std::string& text) {
    rule.dscps.push_back(Dscp(where, text, check));
  });
  rule.established = in.established();
  rule.later_fragments = in.later_fragments();
  ReadEach(in.next_hops(), at("next_hops"), [&](const std::string& where, const std::string& text) {
    rule.next_hops.push_back(check.Address(where, text));
  });
  return rule;
}

net::Filter ReadFilter(const config::v1::FilterConfig& in, const std::string& path,
                       FieldChecks& check) {
  const auto at = [&](const char* field) {
    return path.empty() ? std::string(field) : absl::StrCat(path, ".", field);
  };
  net::Filter filter{.name = in.name()};
  for (int i = 0; i < in.rules_size(); ++i) {
    filter.rules.push_back(ReadRule(in.rules(i), Element(at("rules"), i, ""), check));
  }
  if (in.rest() != config::v1::FILTER_VERDICT_UNSPECIFIED) {
    filter.rest = VerdictOf(in.rest(), at("rest"), check);
  }
  if (const std::string problem = net::ProblemOf(filter); !problem.empty()) {
    check.Fail(path.empty() ? "rules" : path, problem);
  }
  return filter;
}

net::DscpMap Identity() {
  net::DscpMap map;
  std::iota(map.begin(), map.end(), uint8_t{0});
  return map;
}

net::DscpMap ReadMap(const config::v1::DscpDirectionConfig& in, const std::string& path,
                     FieldChecks& check) {
  const auto at = [&](const char* field) { return absl::StrCat(path, ".", field); };
  net::DscpMap map = Identity();
  if (!in.mark().empty()) {
    if (in.rewrite_size() != 0 || !in.others().empty()) {
      check.Fail(at("mark"), "marks all: rewrite and others would say nothing");
    }
    map.fill(Dscp(at("mark"), in.mark(), check));
    return map;
  }
  if (!in.others().empty()) map.fill(Dscp(at("others"), in.others(), check));
  std::set<uint8_t> seen;
  for (int i = 0; i < in.rewrite_size(); ++i) {
    const config::v1::DscpRewriteConfig& rewrite = in.rewrite(i);
    const uint8_t to = Dscp(Element(at("rewrite"), i, "to"), rewrite.to(), check);
    ReadEach(rewrite.from(), Element(at("rewrite"), i, "from"),
             [&](const std::string& where, const std::string& text) {
               const uint8_t from = Dscp(where, text, check);
               if (!seen.insert(from).second) check.Fail(where, text + " is there already");
               map[from] = to;
             });
  }
  return map;
}

DscpPolicyPtr ReadDscpPolicy(const config::v1::DscpPolicyConfig& in, const std::string& path,
                             FieldChecks& check) {
  const auto at = [&](const char* field) { return absl::StrCat(path, ".", field); };
  net::DscpPolicy policy;
  if (in.has_uplink()) policy.uplink = ReadMap(in.uplink(), at("uplink"), check);
  if (in.has_downlink()) policy.downlink = ReadMap(in.downlink(), at("downlink"), check);
  if (in.has_outer()) policy.outer = ReadMap(in.outer(), at("outer"), check);
  if (in.copy_to_outer()) {
    if (in.has_outer()) check.Fail(at("copy_to_outer"), "outer says what it becomes already");
    policy.outer = Identity();
  }
  return std::make_shared<const net::DscpPolicy>(policy);
}

}  // namespace

absl::StatusOr<FilterPtr> ReadFilter(const config::v1::FilterConfig& config) {
  const config::SourceMap nowhere("filter");
  FieldChecks check(nowhere);
  auto filter = std::make_shared<const net::Filter>(ReadFilter(config, "", check));
  if (!check.status().ok()) return check.status();
  return filter;
}

PolicySettings ReadPolicies(const config::v1::ControlplaneConfig& config, FieldChecks& check) {
  PolicySettings policies;
  std::set<std::string> names;
  for (int i = 0; i < config.filters_size(); ++i) {
    const std::string path = Element("filters", i, "");
    check.UniqueName(absl::StrCat(path, ".name"), config.filters(i).name(), names);
    policies.filters.push_back(
        std::make_shared<const net::Filter>(ReadFilter(config.filters(i), path, check)));
  }
  if (config.filters_size() > static_cast<int>(Policies::kMaxFilters)) {
    check.Fail("filters", absl::StrCat("expected at most ", Policies::kMaxFilters));
  }
  names.clear();
  for (int i = 0; i < config.dscp_policies_size(); ++i) {
    const std::string path = Element("dscp_policies", i, "");
    const std::string& name = config.dscp_policies(i).name();
    check.UniqueName(absl::StrCat(path, ".name"), name, names);
    policies.dscp_policies[name] = ReadDscpPolicy(config.dscp_policies(i), path, check);
  }
  policies.session_filters.assign(config.ppp().filters().begin(), config.ppp().filters().end());
  policies.session_dscp_policy = config.ppp().dscp_policy();
  policies.redirect_filter = config.redirect_filter();
  policies.ignore_unknown = config.ignore_unknown_policies();
  // What the configuration itself names must be there, whatever is done about AAA's names.
  PolicySettings strict = policies;
  strict.ignore_unknown = false;
  const Policies known(strict);
  if (!policies.redirect_filter.empty() && !known.Has(policies.redirect_filter)) {
    check.Fail("redirect_filter", absl::StrCat("there is no filter ", policies.redirect_filter));
  }
  if (known.Check({}) != CloseCause::kNone) {
    check.Fail("ppp", "filters or dscp_policy name what is not there, or more than four filters");
  }
  return policies;
}

}  // namespace lns::controlplane
