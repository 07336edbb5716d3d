// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/session_table.h"

#include "lib/base/check.h"

namespace lns::l2tp {

SessionTable::Slot SessionTable::Add(SessionRole role, LocalSessionId local_id,
                                     PeerSessionId peer_id) {
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(slots_.size()));
    slots_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  slots_[slot].role = role;
  slots_[slot].in_use = true;
  ++size_;
  SetLocalId(slot, local_id);
  SetPeerId(slot, peer_id);
  return slot;
}

void SessionTable::Remove(Slot slot) {
  Session& session = slots_[slot];
  LNS_CHECK(session.in_use);
  if (session.local_id.value() != 0) by_local_.erase(session.local_id);
  if (session.peer_id.value() != 0) by_peer_.erase(session.peer_id);
  session = Session{};
  free_.push_back(slot);
  --size_;
  DropStale();
}

void SessionTable::SetLocalId(Slot slot, LocalSessionId id) {
  if (id.value() == 0) return;
  LNS_CHECK(slots_[slot].local_id.value() == 0);
  LNS_CHECK(by_local_.emplace(id, slot).second);
  slots_[slot].local_id = id;
}

void SessionTable::SetPeerId(Slot slot, PeerSessionId id) {
  if (id.value() == 0) return;
  LNS_CHECK(slots_[slot].peer_id.value() == 0);
  LNS_CHECK(by_peer_.emplace(id, slot).second);
  slots_[slot].peer_id = id;
}

std::optional<SessionTable::Slot> SessionTable::Find(LocalSessionId id) const {
  const auto found = by_local_.find(id);
  if (found == by_local_.end()) return std::nullopt;
  return found->second;
}

std::optional<SessionTable::Slot> SessionTable::Find(PeerSessionId id) const {
  const auto found = by_peer_.find(id);
  if (found == by_peer_.end()) return std::nullopt;
  return found->second;
}

void SessionTable::Arm(Slot slot, Instant at) {
  LNS_DCHECK(deadlines_.empty() || deadlines_.back().at <= at);
  if (++last_timer_ == 0) ++last_timer_;
  slots_[slot].timer = last_timer_;
  deadlines_.push_back({.at = at, .slot = slot, .timer = last_timer_});
  DropStale();
}

void SessionTable::Disarm(Slot slot) {
  slots_[slot].timer = 0;
  DropStale();
}

std::optional<SessionTable::Slot> SessionTable::TakeExpired(Instant now) {
  DropStale();
  if (deadlines_.empty() || deadlines_.front().at > now) return std::nullopt;
  const Slot slot = deadlines_.front().slot;
  deadlines_.pop_front();
  slots_[slot].timer = 0;
  DropStale();
  return slot;
}

bool SessionTable::IsStale(const Deadline& deadline) const {
  return slots_[deadline.slot].timer != deadline.timer;
}

void SessionTable::DropStale() {
  while (!deadlines_.empty() && IsStale(deadlines_.front())) deadlines_.pop_front();
}

}  // namespace lns::l2tp
