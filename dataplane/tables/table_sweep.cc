// Mark and sweep: between BeginSync and EndSync everything the API wants is applied again, and what
// was not is removed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <vector>

#include "dataplane/tables/table_state.h"

namespace lns::dataplane {

void TableState::BeginSync() {
  const std::lock_guard lock = Begin();
  syncing_ = true;
  for (auto& [id, record] : tunnels_) record.stale = true;
  sessions_.MarkAllStale();
  filters_.MarkStale();
  routes_.MarkStale();
}

absl::StatusOr<SweepResult> TableState::EndSync() {
  const std::lock_guard lock = Begin();
  if (!syncing_) return absl::FailedPreconditionError("no sync has begun");
  syncing_ = false;
  SweepResult result;
  for (uint32_t slot = 0; slot < sessions_.slots(); ++slot) {
    const uint32_t key = sessions_.KeyOf(slot);
    if (key == 0) continue;
    if (!sessions_.IsStale(slot) && !tunnels_.at(static_cast<uint16_t>(key >> 16)).stale) continue;
    DropSession(slot);
    ++result.sessions;
  }
  std::vector<uint16_t> tunnels;
  for (const auto& [id, record] : tunnels_) {
    if (record.stale) tunnels.push_back(id);
  }
  for (const uint16_t id : tunnels) DropTunnel(id);
  result.tunnels = static_cast<uint32_t>(tunnels.size());
  result.other = routes_.Sweep() + filters_.Sweep();
  for (auto& [id, record] : tunnels_) MeasurePath(record);
  PublishOwnAddresses();
  if (config_.journal != nullptr) config_.journal->Note(SubscriberChange::Kind::kSynced, true);
  return result;
}

}  // namespace lns::dataplane
