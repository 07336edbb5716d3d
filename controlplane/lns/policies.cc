// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/policies.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

Policies::Policies(const PolicySettings& settings) : settings_(settings) {
  for (const FilterPtr& filter : settings.filters) filters_[filter->name] = filter;
}

Policies::Direction Policies::Split(std::string_view text) {
  constexpr std::string_view kIn = ".in";
  constexpr std::string_view kOut = ".out";
  if (text.ends_with(kOut)) return {text.substr(0, text.size() - kOut.size()), false};
  if (text.ends_with(kIn)) return {text.substr(0, text.size() - kIn.size()), true};
  return {text, true};
}

std::vector<Policies::Direction> Policies::NamedBy(const ServiceProfile& service) const {
  std::vector<Direction> named;
  if (!service.redirect_url.empty() && !settings_.redirect_filter.empty()) {
    named.push_back({settings_.redirect_filter, true});
  }
  const auto& texts = service.filters.empty() ? settings_.session_filters : service.filters;
  for (const std::string& text : texts) named.push_back(Split(text));
  return named;
}

const std::string& Policies::DscpPolicyOf(const ServiceProfile& service) const {
  return service.dscp_policy.empty() ? settings_.session_dscp_policy : service.dscp_policy;
}

CloseCause Policies::Check(const ServiceProfile& service) const {
  size_t uplink = 0;
  size_t downlink = 0;
  for (const Direction& named : NamedBy(service)) {
    if (!Has(named.name)) {
      if (settings_.ignore_unknown) continue;
      return CloseCause::kUnknownPolicy;
    }
    ++(named.uplink ? uplink : downlink);
  }
  if (uplink > kMaxPerDirection || downlink > kMaxPerDirection) return CloseCause::kTooManyFilters;
  const std::string& dscp = DscpPolicyOf(service);
  const bool dscp_known = dscp.empty() || settings_.dscp_policies.contains(dscp);
  return dscp_known || settings_.ignore_unknown ? CloseCause::kNone : CloseCause::kUnknownPolicy;
}

void Policies::AppendTo(const ServiceProfile& service, SessionEntry& entry) const {
  for (const Direction& named : NamedBy(service)) {
    if (!Has(named.name)) continue;
    (named.uplink ? entry.uplink_filters : entry.downlink_filters).emplace_back(named.name);
  }
  const auto dscp = settings_.dscp_policies.find(DscpPolicyOf(service));
  if (dscp != settings_.dscp_policies.end()) entry.dscp_policy = dscp->second;
}

absl::Status Policies::Set(FilterPtr filter) {
  if (const std::string problem = net::ProblemOf(*filter); !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("filter ", filter->name, ": ", problem));
  }
  if (!Has(filter->name) && filters_.size() >= kMaxFilters) {
    return absl::ResourceExhaustedError(absl::StrCat("there are ", kMaxFilters, " filters"));
  }
  const std::string name = filter->name;
  filters_[name] = std::move(filter);
  return absl::OkStatus();
}

bool Policies::IsConfigured(std::string_view name) const {
  const auto& texts = settings_.session_filters;
  return name == settings_.redirect_filter ||
         std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return Split(text).name == name; });
}

bool Policies::Names(const ServiceProfile& service, std::string_view filter) const {
  const std::vector<Direction> named = NamedBy(service);
  return std::any_of(named.begin(), named.end(),
                     [&](const Direction& direction) { return direction.name == filter; });
}

void Policies::Remove(std::string_view name) {
  const auto found = filters_.find(name);
  if (found != filters_.end()) filters_.erase(found);
}

std::vector<FilterPtr> Policies::All() const {
  std::vector<FilterPtr> all;
  all.reserve(filters_.size());
  for (const auto& [name, filter] : filters_) all.push_back(filter);
  return all;
}

}  // namespace lns::controlplane
