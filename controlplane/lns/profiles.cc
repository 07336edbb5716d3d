// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/profiles.h"

#include <algorithm>

namespace lns::controlplane {
namespace {

bool AnyNameMatches(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return NameMatches(pattern, name); });
}

}  // namespace

bool NameMatches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return true;
  if (pattern.back() != '*') return pattern == name;
  pattern.remove_suffix(1);
  return name.substr(0, pattern.size()) == pattern;
}

bool PeerMatch::Matches(const PeerTraits& traits) const {
  const bool address_matches =
      addresses.empty() ||
      std::any_of(addresses.begin(), addresses.end(),
                  [&](const net::IpPrefix& prefix) { return prefix.Contains(traits.address); });
  return address_matches && AnyNameMatches(host_names, traits.host_name) &&
         AnyNameMatches(vendor_names, traits.vendor_name);
}

bool PeerProfile::Matches(const PeerTraits& traits) const {
  return NameMatches(match_host_name, traits.host_name) &&
         (!match_address || match_address->Contains(traits.address)) &&
         NameMatches(match_vendor_name, traits.vendor_name) &&
         (recognised_by == nullptr || recognised_by->Matches(traits));
}

const PeerProfile* MatchProfile(const std::vector<PeerProfile>& profiles,
                                const PeerTraits& traits) {
  const auto found =
      std::find_if(profiles.begin(), profiles.end(),
                   [&](const PeerProfile& profile) { return profile.Matches(traits); });
  return found == profiles.end() ? nullptr : &*found;
}

}  // namespace lns::controlplane
