// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/profiles.h"

namespace lns::controlplane {

bool HostNameMatches(std::string_view pattern, std::string_view host_name) {
  if (pattern.empty()) return true;
  if (pattern.back() != '*') return pattern == host_name;
  pattern.remove_suffix(1);
  return host_name.substr(0, pattern.size()) == pattern;
}

const PeerProfile* MatchProfile(const std::vector<PeerProfile>& profiles,
                                std::string_view host_name, const net::IpAddress& address) {
  for (const PeerProfile& profile : profiles) {
    if (!HostNameMatches(profile.match_host_name, host_name)) continue;
    if (profile.match_address && !profile.match_address->Contains(address)) continue;
    return &profile;
  }
  return nullptr;
}

}  // namespace lns::controlplane
