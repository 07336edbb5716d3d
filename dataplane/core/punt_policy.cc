// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/punt_policy.h"

#include <cctype>
#include <utility>

#include "lib/base/check.h"

namespace lns::dataplane {
namespace {

// "NewTunnel" is named "new_tunnel".
bool IsNamed(std::string_view camel_case, std::string_view name) {
  size_t at = 0;
  for (const char c : camel_case) {
    const auto upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && at != 0 && (at >= name.size() || name[at++] != '_')) return false;
    if (at >= name.size() ||
        name[at++] != static_cast<char>(std::tolower(static_cast<unsigned char>(c)))) {
      return false;
    }
  }
  return at == name.size();
}

}  // namespace

PuntLimits DefaultPuntLimits(punt::PuntReason reason) {
  switch (punt::Describe(reason).punt_class) {
    case punt::PuntClass::kUnproven:
      // A LAC that comes back opens its tunnels in one burst, and many may hide behind one address.
      return {.group = {.per_second = 10'000, .burst = 4'000},
              .source = {.per_second = 1'000, .burst = 2'000}};
    case punt::PuntClass::kSessionControl:
      return {.group = {}, .source = {.per_second = 500, .burst = 500}};
    case punt::PuntClass::kTunnelControl:
      return {};
    case punt::PuntClass::kLinux:
      // A RADIUS server or a BGP peer is one source.
      return {.group = {.per_second = 20'000, .burst = 4'000},
              .source = {.per_second = 10'000, .burst = 2'000}};
  }
  return {};
}

void PuntMeter::Set(const PuntRate& rate, uint64_t cycles_per_second) {
  const TokenClock clock(cycles_per_second, rate.per_second, rate.burst);
  tolerance_.store(clock.tolerance(), std::memory_order_relaxed);
  interval_.store(clock.interval(), std::memory_order_relaxed);
  unlimited_.store(rate.per_second == PuntRate::kUnlimited, std::memory_order_relaxed);
}

PuntPolicy::PuntPolicy(std::vector<std::string> groups, uint64_t cycles_per_second)
    : groups_(std::move(groups)), cycles_per_second_(cycles_per_second) {
  LNS_CHECK(groups_.size() <= kMaxInterfaceGroups);
  for (uint32_t group = 0; group < kMaxInterfaceGroups; ++group) {
    for (size_t reason = 0; reason < punt::kPuntReasonCount; ++reason) {
      Set(group, punt::PuntReason{static_cast<uint8_t>(reason)},
          DefaultPuntLimits(punt::PuntReason{static_cast<uint8_t>(reason)}));
    }
  }
}

void PuntPolicy::Set(uint32_t group, punt::PuntReason reason, const PuntLimits& limits) {
  const auto row = static_cast<size_t>(reason);
  LNS_CHECK(group < kMaxInterfaceGroups && row < punt::kPuntReasonCount);
  limits_[group][row] = limits;
  meters_[group][row].group.Set(limits.group, cycles_per_second_);
  meters_[group][row].source.Set(limits.source, cycles_per_second_);
}

std::vector<PuntRow> PuntPolicy::Rows(const std::vector<std::string>& groups,
                                      std::string_view group, std::string_view reason) {
  std::vector<PuntRow> rows;
  for (uint32_t g = 0; g < groups.size(); ++g) {
    if (!group.empty() && groups[g] != group) continue;
    for (size_t r = 1; r < punt::kPuntReasonCount; ++r) {  // 0 is of injected frames
      const auto candidate = punt::PuntReason{static_cast<uint8_t>(r)};
      const punt::PuntReasonRow& row = punt::Describe(candidate);
      const bool is_meant =
          reason.empty() ? row.punt_class == punt::PuntClass::kUnproven : IsNamed(row.name, reason);
      if (is_meant) rows.push_back({g, candidate});
    }
  }
  return rows;
}

}  // namespace lns::dataplane
