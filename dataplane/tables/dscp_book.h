// The table writer's account of DSCP policies: which stand in which profile. Sessions with the same
// policy share a profile; it goes with the last of them. Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "dataplane/tables/dscp_profile.h"
#include "dataplane/tables/retired.h"
#include "lib/net/filter.h"

namespace lns::dataplane {

class DscpBook {
 public:
  // Distinct policies at a time; the first profile is nobody's.
  static constexpr uint32_t kProfiles = 256;

  DscpBook(std::span<DscpProfile> profiles, RetiredSlots& retired);

  // kNotFound: no profile is free.
  uint32_t Add(const net::DscpPolicy& policy);
  void Remove(uint32_t profile);
  // When no worker can look at it any more.
  void Free(uint32_t profile) { free_.push_back(profile); }
  const net::DscpPolicy& PolicyOf(uint32_t profile) const { return accounts_[profile].policy; }

 private:
  struct Account {
    net::DscpPolicy policy;
    uint32_t users = 0;
  };

  std::span<DscpProfile> profiles_;
  RetiredSlots& retired_;
  std::vector<uint32_t> free_;
  std::vector<Account> accounts_;  // by profile
  std::map<net::DscpPolicy, uint32_t> by_policy_;
};

}  // namespace lns::dataplane
