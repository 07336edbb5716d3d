// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/policy_convert.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/services/convert.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

absl::Status Invalid(const std::string& field, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::StatusOr<net::FilterVerdict> ToVerdict(v1::FilterVerdict verdict, const std::string& field) {
  switch (verdict) {
    case v1::FILTER_VERDICT_PERMIT:
      return net::FilterVerdict::kPermit;
    case v1::FILTER_VERDICT_DENY:
      return net::FilterVerdict::kDeny;
    case v1::FILTER_VERDICT_REDIRECT:
      return net::FilterVerdict::kRedirect;
    default:
      return Invalid(field, "expected permit, deny or redirect");
  }
}

v1::FilterVerdict FromVerdict(net::FilterVerdict verdict) {
  switch (verdict) {
    case net::FilterVerdict::kPermit:
      return v1::FILTER_VERDICT_PERMIT;
    case net::FilterVerdict::kDeny:
      return v1::FILTER_VERDICT_DENY;
    case net::FilterVerdict::kRedirect:
      return v1::FILTER_VERDICT_REDIRECT;
  }
  return v1::FILTER_VERDICT_UNSPECIFIED;
}

// The first thing wrong with a message sticks; what is read after it does not matter.
class Reader {
 public:
  const absl::Status& status() const { return status_; }

  template <typename T>
  T Take(absl::StatusOr<T> value) {
    if (value.ok()) return *std::move(value);
    status_.Update(value.status());
    return {};
  }
  uint8_t Octet(uint32_t value, const std::string& field) {
    if (value > 0xff) status_.Update(Invalid(field, absl::StrCat("expected at most 255")));
    return static_cast<uint8_t>(value);
  }
  net::PortRange Ports(const v1::PortRange& range, const std::string& field) {
    if (range.first() > range.last() || range.last() > 0xffff) {
      status_.Update(Invalid(field, absl::StrCat("expected ports in order, found ", range.first(),
                                                 " to ", range.last())));
    }
    return {static_cast<uint16_t>(range.first()), static_cast<uint16_t>(range.last())};
  }
  net::Family Family(uint32_t family, const std::string& field) {
    if (family == 4) return net::Family::kIpv4;
    if (family == 6) return net::Family::kIpv6;
    if (family != 0) status_.Update(Invalid(field, "expected 0, 4 or 6"));
    return net::Family::kNone;
  }

 private:
  absl::Status status_;
};

net::FilterRule ToRule(const v1::FilterRule& message, const std::string& field, Reader& read) {
  const auto at = [&](const char* name) { return absl::StrCat(field, ".", name); };
  net::FilterRule rule;
  rule.verdict = read.Take(ToVerdict(message.verdict(), at("verdict")));
  rule.family = read.Family(message.family(), at("family"));
  for (const auto& prefix : message.sources()) {
    rule.sources.push_back(read.Take(ToPrefix(prefix, at("sources"))));
  }
  for (const auto& prefix : message.destinations()) {
    rule.destinations.push_back(read.Take(ToPrefix(prefix, at("destinations"))));
  }
  if (message.has_protocol()) rule.protocol = read.Octet(message.protocol(), at("protocol"));
  for (const v1::PortRange& range : message.source_ports()) {
    rule.source_ports.push_back(read.Ports(range, at("source_ports")));
  }
  for (const v1::PortRange& range : message.destination_ports()) {
    rule.destination_ports.push_back(read.Ports(range, at("destination_ports")));
  }
  if (message.has_icmp_type()) rule.icmp_type = read.Octet(message.icmp_type(), at("icmp_type"));
  if (message.has_icmp_code()) rule.icmp_code = read.Octet(message.icmp_code(), at("icmp_code"));
  for (const uint32_t dscp : message.dscps()) rule.dscps.push_back(read.Octet(dscp, at("dscps")));
  rule.established = message.established();
  rule.later_fragments = message.later_fragments();
  for (const auto& next_hop : message.next_hops()) {
    rule.next_hops.push_back(read.Take(ToAddress(next_hop, at("next_hops"))));
  }
  return rule;
}

void FromRule(const net::FilterRule& rule, v1::FilterRule& message) {
  message.set_verdict(FromVerdict(rule.verdict));
  if (rule.family != net::Family::kNone) {
    message.set_family(rule.family == net::Family::kIpv4 ? 4 : 6);
  }
  for (const net::IpPrefix& prefix : rule.sources) *message.add_sources() = FromPrefix(prefix);
  for (const net::IpPrefix& prefix : rule.destinations) {
    *message.add_destinations() = FromPrefix(prefix);
  }
  if (rule.protocol) message.set_protocol(*rule.protocol);
  const auto from_ports = [](const net::PortRange& range, v1::PortRange* out) {
    out->set_first(range.first);
    out->set_last(range.last);
  };
  for (const auto& range : rule.source_ports) from_ports(range, message.add_source_ports());
  for (const auto& range : rule.destination_ports) {
    from_ports(range, message.add_destination_ports());
  }
  if (rule.icmp_type) message.set_icmp_type(*rule.icmp_type);
  if (rule.icmp_code) message.set_icmp_code(*rule.icmp_code);
  for (const uint8_t dscp : rule.dscps) message.add_dscps(dscp);
  message.set_established(rule.established);
  message.set_later_fragments(rule.later_fragments);
  for (const net::IpAddress& hop : rule.next_hops) *message.add_next_hops() = FromAddress(hop);
}

absl::StatusOr<std::optional<net::DscpMap>> ToMap(const std::string& octets,
                                                  const std::string& field) {
  if (octets.empty()) return std::optional<net::DscpMap>();
  net::DscpMap map;
  const bool fits = octets.size() == map.size() &&
                    std::all_of(octets.begin(), octets.end(),
                                [](char c) { return static_cast<uint8_t>(c) < net::kDscps; });
  if (!fits) return Invalid(field, "expected 64 octets of at most 63, or none");
  std::copy(octets.begin(), octets.end(), map.begin());
  return std::optional(map);
}

}  // namespace

absl::StatusOr<net::Filter> ToFilter(const v1::Filter& message) {
  Reader read;
  net::Filter filter{.name = message.name()};
  for (int i = 0; i < message.rules_size(); ++i) {
    filter.rules.push_back(ToRule(message.rules(i), absl::StrCat("filter.rules[", i, "]"), read));
  }
  filter.rest = read.Take(ToVerdict(message.rest(), "filter.rest"));
  if (!read.status().ok()) return read.status();
  if (const std::string problem = net::ProblemOf(filter); !problem.empty()) {
    return Invalid("filter", problem);
  }
  return filter;
}

v1::FilterState FromFilter(const FilterStatus& status) {
  v1::FilterState message;
  v1::Filter& filter = *message.mutable_filter();
  filter.set_name(status.filter.name);
  for (const net::FilterRule& rule : status.filter.rules) FromRule(rule, *filter.add_rules());
  filter.set_rest(FromVerdict(status.filter.rest));
  for (const MatchCounts& counts : status.counts) {
    v1::MatchCounters& counters = *message.add_counters();
    counters.set_packets(counts.packets);
    counters.set_bytes(counts.bytes);
  }
  message.set_sessions(status.sessions);
  return message;
}

absl::StatusOr<net::DscpPolicy> ToDscpPolicy(const v1::DscpPolicy& message,
                                             const std::string& field) {
  Reader read;
  net::DscpPolicy policy{.uplink = read.Take(ToMap(message.uplink(), field + ".uplink")),
                         .downlink = read.Take(ToMap(message.downlink(), field + ".downlink")),
                         .outer = read.Take(ToMap(message.outer(), field + ".outer"))};
  if (!read.status().ok()) return read.status();
  return policy;
}

v1::DscpPolicy FromDscpPolicy(const net::DscpPolicy& policy) {
  v1::DscpPolicy message;
  if (policy.uplink) message.set_uplink(policy.uplink->data(), policy.uplink->size());
  if (policy.downlink) message.set_downlink(policy.downlink->data(), policy.downlink->size());
  if (policy.outer) message.set_outer(policy.outer->data(), policy.outer->size());
  return message;
}

}  // namespace lns::dataplane
