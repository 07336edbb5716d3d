// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/session_table.h"

#include "controlplane/lns/tunnel_table.h"
#include "lib/base/check.h"

namespace lns::controlplane {

SessionRecord& SessionTable::Add(const SessionKey& key, TunnelRecord& tunnel) {
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  LNS_CHECK(by_key_.emplace(key, slot).second);
  slots_[slot] = std::make_unique<SessionRecord>();
  SessionRecord& session = *slots_[slot];
  session.key = key;
  session.slot = slot;
  session.number = ++added_;
  session.tunnel = &tunnel;
  session.previous = kNil;
  session.next = tunnel.first_session;
  if (session.next != kNil) slots_[session.next]->previous = slot;
  tunnel.first_session = slot;
  ++tunnel.session_count;
  return session;
}

std::unique_ptr<SessionRecord> SessionTable::Remove(SessionRecord& session) {
  TunnelRecord& tunnel = *session.tunnel;
  (session.previous == kNil ? tunnel.first_session : slots_[session.previous]->next) = session.next;
  if (session.next != kNil) slots_[session.next]->previous = session.previous;
  --tunnel.session_count;
  LNS_CHECK(by_key_.erase(session.key) == 1);
  free_slots_.push_back(session.slot);
  return std::move(slots_[session.slot]);
}

SessionRecord* SessionTable::Find(const SessionKey& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : slots_[found->second].get();
}

const SessionRecord* SessionTable::Find(const SessionKey& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : slots_[found->second].get();
}

}  // namespace lns::controlplane
