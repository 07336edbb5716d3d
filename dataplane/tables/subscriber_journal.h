// What the table writer was told about where subscribers are, in order, for whoever announces them
// to the routing of this machine (kernel/route_export): pools, the prefixes of sessions, whether
// new subscribers are taken. Written under the table writer's mutex, taken by one thread, without
// that mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "dataplane/core/vrf.h"

namespace lns::dataplane {

struct SubscriberChange {
  enum class Kind : uint8_t {
    kPool,      // a subscriber prefix is there, or is gone
    kSession,   // a prefix of a session is there, or is gone
    kDraining,  // new subscribers are not taken, or are again
    kSynced,    // all that the control plane wants has been said
  };
  Kind kind = Kind::kPool;
  bool is_present = false;
  VrfPrefix prefix;
};

class SubscriberJournal {
 public:
  void Note(SubscriberChange::Kind kind, bool is_present, const VrfPrefix& prefix = {}) {
    const std::lock_guard lock(mutex_);
    changes_.push_back({kind, is_present, prefix});
  }
  // What was noted since the last time.
  std::vector<SubscriberChange> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(changes_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<SubscriberChange> changes_;
};

}  // namespace lns::dataplane
