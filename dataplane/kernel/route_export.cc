// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/route_export.h"

#include "dataplane/tables/masked.h"

namespace lns::dataplane {

void RouteExport::Apply(const SubscriberChange& change) {
  switch (change.kind) {
    case SubscriberChange::Kind::kPool:
      if (change.is_present == pools_.contains(change.prefix)) return;
      if (change.is_present) {
        pools_[change.prefix] = {};
        ++LengthsOf(change.prefix)[change.prefix.prefix.length];
      } else {
        pools_.erase(change.prefix);
        --LengthsOf(change.prefix)[change.prefix.prefix.length];
        SetWanted(change.prefix, false);
      }
      Rebuild();
      break;
    case SubscriberChange::Kind::kSession:
      change.is_present ? AddSession(change.prefix) : RemoveSession(change.prefix);
      break;
    case SubscriberChange::Kind::kDraining:
      if (change.is_present == draining_) return;
      draining_ = change.is_present;
      Rebuild();
      break;
    case SubscriberChange::Kind::kSynced:
      Settle();
      break;
  }
}

RouteExport::Pools::iterator RouteExport::OutermostPool(const VrfPrefix& of) {
  const std::array<uint32_t, 129>& lengths = LengthsOf(of);
  const net::IpPrefix& prefix = of.prefix;
  for (uint8_t length = 0; length <= prefix.length; ++length) {
    if (lengths[length] == 0) continue;
    const auto pool = pools_.find({of.vrf, {Masked(prefix.address, length), length}});
    if (pool != pools_.end()) return pool;
  }
  return pools_.end();
}

bool RouteExport::IsWanted(const Pool& pool) const {
  if (draining_ && !policy_.keep_pools_when_draining) return false;
  switch (policy_.pools) {
    case PoolRoutes::kUsed:
      return pool.sessions != 0;
    case PoolRoutes::kSticky:
      return pool.was_used;
    case PoolRoutes::kAlways:
      return true;
    case PoolRoutes::kNever:
      return false;
  }
  return false;
}

bool RouteExport::IsSessionWanted(const VrfPrefix& prefix) {
  const bool is_host = prefix.prefix.length == prefix.prefix.address.bits();
  switch (is_host ? policy_.hosts : policy_.prefixes) {
    case SessionRoutes::kAll:
      return true;
    case SessionRoutes::kNone:
      return false;
    case SessionRoutes::kUncovered:
      break;
  }
  const auto pool = OutermostPool(prefix);
  return pool == pools_.end() || !IsWanted(pool->second);
}

void RouteExport::AddSession(const VrfPrefix& prefix) {
  if (!sessions_.insert(prefix).second) return;
  const auto pool = OutermostPool(prefix);
  if (pool != pools_.end()) {
    ++pool->second.sessions;
    pool->second.was_used = true;
    SetWanted(pool->first, IsWanted(pool->second));
    if (pool->first == prefix && IsWanted(pool->second)) return;  // one route for both
  }
  SetWanted(prefix, IsSessionWanted(prefix));
}

void RouteExport::RemoveSession(const VrfPrefix& prefix) {
  if (sessions_.erase(prefix) == 0) return;
  SetWanted(prefix, false);
  const auto pool = OutermostPool(prefix);
  if (pool == pools_.end()) return;
  --pool->second.sessions;
  SetWanted(pool->first, IsWanted(pool->second));
}

void RouteExport::SetWanted(const VrfPrefix& prefix, bool wanted) {
  if (wanted) {
    if (!wanted_.insert(prefix).second) return;
  } else if (wanted_.erase(prefix) == 0) {
    return;
  }
  pending_.insert(prefix);
}

void RouteExport::Rebuild() {
  for (auto& [prefix, pool] : pools_) pool.sessions = 0;
  for (const VrfPrefix& prefix : sessions_) {
    const auto pool = OutermostPool(prefix);
    if (pool == pools_.end()) continue;
    ++pool->second.sessions;
    pool->second.was_used = true;
  }
  for (const VrfPrefix& prefix : sessions_) SetWanted(prefix, IsSessionWanted(prefix));
  for (const auto& [prefix, pool] : pools_) {
    // A host that is a pool of its own was judged as a session.
    const bool is_outermost = OutermostPool(prefix)->first == prefix;
    const bool is_session = sessions_.contains(prefix) && wanted_.contains(prefix);
    SetWanted(prefix, is_session || (is_outermost && IsWanted(pool)));
  }
}

std::vector<RouteStep> RouteExport::TakeSteps(size_t limit) {
  std::vector<RouteStep> steps;
  std::vector<VrfPrefix> unwanted;
  for (auto it = pending_.begin(); it != pending_.end() && steps.size() < limit;) {
    const VrfPrefix prefix = *it;
    const bool wanted = wanted_.contains(prefix);
    if (wanted != installed_.contains(prefix)) {
      if (!wanted) {
        unwanted.push_back(prefix);
        ++it;
        continue;
      }
      installed_.insert(prefix);
      steps.push_back({prefix, true});
    }
    pending_.erase(it++);
  }
  // Removals only when no addition is left.
  if (!settled_ || steps.size() == limit) return steps;
  for (const VrfPrefix& prefix : unwanted) {
    if (steps.size() == limit) break;
    pending_.erase(prefix);
    installed_.erase(prefix);
    steps.push_back({prefix, false});
  }
  return steps;
}

void RouteExport::Failed(const RouteStep& step) {
  if (step.add) {
    installed_.erase(step.prefix);
  } else {
    installed_.insert(step.prefix);
  }
  failed_.insert(step.prefix);
}

void RouteExport::Retry() {
  pending_.insert(failed_.begin(), failed_.end());
  failed_.clear();
}

void RouteExport::Reconcile(const std::vector<VrfPrefix>& present) {
  pending_.insert(installed_.begin(), installed_.end());
  pending_.insert(present.begin(), present.end());
  pending_.insert(wanted_.begin(), wanted_.end());
  installed_.clear();
  installed_.insert(present.begin(), present.end());
}

void RouteExport::WithdrawAll() {
  settled_ = true;
  pending_.insert(installed_.begin(), installed_.end());
  wanted_.clear();
}

}  // namespace lns::dataplane
