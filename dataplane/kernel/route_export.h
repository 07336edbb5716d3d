// Which routes to subscribers this machine's routing is to know, in each VRF, so that FRR or BIRD
// can tell others: one for each pool in use, and where no such route covers them, sessions' own
// addresses and prefixes. Policy says otherwise where it is set.
//
// Follows the table writer's journal, keeps what is wanted and what stands in the kernel, and says
// step by step how to get from one to the other: additions first, so that nothing is unreachable in
// between. After a start, routes that a killed process left stand until the control plane has said
// everything (or Settle is called), and are then kept or removed.
//
// Knows no netlink (kernel/netlink_feed does). One thread at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "dataplane/core/vrf.h"
#include "dataplane/kernel/route_export_policy.h"
#include "dataplane/tables/subscriber_journal.h"

#include "absl/container/flat_hash_set.h"

namespace lns::dataplane {

struct RouteStep {
  VrfPrefix prefix;
  bool add = false;  // else remove
};

class RouteExport {
 public:
  explicit RouteExport(const RouteExportPolicy& policy) : policy_(policy) {}

  void Apply(const SubscriberChange& change);

  // At most `limit` steps, which count as done unless Failed says otherwise.
  std::vector<RouteStep> TakeSteps(size_t limit);
  // The kernel refused: it is tried again after the next Retry.
  void Failed(const RouteStep& step);
  void Retry();
  // What of ours the kernel really has.
  void Reconcile(const std::vector<VrfPrefix>& present);
  // Routes that nobody wants need not be waited for any longer.
  void Settle() { settled_ = true; }
  // Nothing is wanted any more.
  void WithdrawAll();

  bool IsInstalled(const VrfPrefix& prefix) const { return installed_.contains(prefix); }
  size_t wanted() const { return wanted_.size(); }
  size_t installed() const { return installed_.size(); }

 private:
  struct Pool {
    uint32_t sessions = 0;  // prefixes of sessions in it
    bool was_used = false;
  };
  using Pools = std::map<VrfPrefix, Pool>;

  // The shortest pool that contains the prefix: pools inside others are part of them.
  Pools::iterator OutermostPool(const VrfPrefix& prefix);
  bool IsWanted(const Pool& pool) const;
  bool IsSessionWanted(const VrfPrefix& prefix);
  void AddSession(const VrfPrefix& prefix);
  void RemoveSession(const VrfPrefix& prefix);
  void SetWanted(const VrfPrefix& prefix, bool wanted);
  // Counts and wants everything anew, after a change that may concern many sessions.
  void Rebuild();
  std::array<uint32_t, 129>& LengthsOf(const VrfPrefix& prefix) {
    return pool_lengths_[prefix.prefix.address.is_v4() ? 0 : 1];
  }

  const RouteExportPolicy policy_;
  bool draining_ = false;
  bool settled_ = false;
  Pools pools_;
  std::array<std::array<uint32_t, 129>, 2> pool_lengths_{};  // how many pools of each, by family
  absl::flat_hash_set<VrfPrefix> sessions_;
  absl::flat_hash_set<VrfPrefix> wanted_;
  absl::flat_hash_set<VrfPrefix> installed_;
  absl::flat_hash_set<VrfPrefix> pending_;  // wanted_ and installed_ may differ in these
  absl::flat_hash_set<VrfPrefix> failed_;
};

}  // namespace lns::dataplane
