// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/dscp_book.h"

#include <numeric>

#include "dataplane/tables/session_table.h"

namespace lns::dataplane {
namespace {

net::DscpMap Identity() {
  net::DscpMap map;
  std::iota(map.begin(), map.end(), uint8_t{0});
  return map;
}

}  // namespace

DscpBook::DscpBook(std::span<DscpProfile> profiles, RetiredSlots& retired)
    : profiles_(profiles), retired_(retired), accounts_(profiles.size()) {
  profiles_[0] = {Identity(), Identity(), Identity(), false};
  for (size_t i = profiles_.size(); i > 1; --i) free_.push_back(static_cast<uint32_t>(i - 1));
}

uint32_t DscpBook::Add(const net::DscpPolicy& policy) {
  if (const auto found = by_policy_.find(policy); found != by_policy_.end()) {
    ++accounts_[found->second].users;
    return found->second;
  }
  if (free_.empty()) return kNotFound;
  const uint32_t profile = free_.back();
  free_.pop_back();
  profiles_[profile] = {.uplink = policy.uplink.value_or(Identity()),
                        .downlink = policy.downlink.value_or(Identity()),
                        .outer = policy.outer.value_or(Identity()),
                        .has_outer = policy.outer.has_value()};
  accounts_[profile] = {.policy = policy, .users = 1};
  by_policy_[policy] = profile;
  return profile;
}

void DscpBook::Remove(uint32_t profile) {
  Account& account = accounts_[profile];
  if (--account.users != 0) return;
  by_policy_.erase(account.policy);
  retired_.Add(SlotKind::kDscpProfile, profile);
}

}  // namespace lns::dataplane
