// The table writer's account of profiles: what workers read of a configuration that many sessions
// have alike. Those that have the same share one; it goes with the last of them. The first place is
// nobody's. Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "dataplane/tables/session_table.h"

namespace lns::dataplane {

// Config is ordered; `make(config, profile)` fills a place and says whether that can be done.
template <typename Config, typename Profile>
class ProfilePool {
 public:
  explicit ProfilePool(std::span<Profile> profiles)
      : profiles_(profiles), accounts_(profiles.size()) {
    for (size_t i = profiles_.size(); i > 1; --i) {
      free_.push_back(static_cast<uint32_t>(i - 1));
    }
  }

  // kNotFound: no place is free, or there is no such profile.
  template <typename Make>
  uint32_t Take(const Config& config, Make&& make) {
    if (const auto found = by_config_.find(config); found != by_config_.end()) {
      ++accounts_[found->second].users;
      return found->second;
    }
    if (free_.empty()) return kNotFound;
    const uint32_t index = free_.back();
    if (!make(config, profiles_[index])) return kNotFound;
    free_.pop_back();
    accounts_[index] = {.config = config, .users = 1};
    by_config_[config] = index;
    return index;
  }
  // By a user whom no worker knows any more.
  void Release(uint32_t index) {
    if (index == 0 || --accounts_[index].users != 0) return;
    by_config_.erase(accounts_[index].config);
    free_.push_back(index);
  }

  const Profile& operator[](uint32_t index) const { return profiles_[index]; }
  const Config& ConfigOf(uint32_t index) const { return accounts_[index].config; }
  // Calls visit(index, config, users) for each, in the configurations' order.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const auto& [config, index] : by_config_) visit(index, config, accounts_[index].users);
  }

 private:
  struct Account {
    Config config;
    uint32_t users = 0;
  };

  std::span<Profile> profiles_;
  std::vector<Account> accounts_;  // by profile
  std::vector<uint32_t> free_;
  std::map<Config, uint32_t> by_config_;
};

}  // namespace lns::dataplane
