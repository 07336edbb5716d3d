// The sessions of one tunnel: found by our id, by the peer's, and by their set-up deadline, each in
// constant time. Owned by ControlConnection; changes no state by itself.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/session_fsm.h"

#include "absl/container/flat_hash_map.h"

namespace lns::l2tp {

struct Session {
  LocalSessionId local_id;  // 0 while the owner has not answered
  PeerSessionId peer_id;    // 0 while the peer has not
  SessionRole role = SessionRole::kLns;
  SessionState state = SessionState::kIdle;
  bool in_use = false;
  uint32_t timer = 0;              // the armed deadline's number, 0 when none is
  std::unique_ptr<CallInfo> info;  // during set-up only
};
static_assert(sizeof(Session) <= 32);

class SessionTable {
 public:
  using Slot = uint32_t;

  // A session in state kIdle. An id of 0 is not indexed; others must be free.
  Slot Add(SessionRole role, LocalSessionId local_id, PeerSessionId peer_id);
  void Remove(Slot slot);
  void SetLocalId(Slot slot, LocalSessionId id);
  void SetPeerId(Slot slot, PeerSessionId id);

  Session& at(Slot slot) { return slots_[slot]; }
  const Session& at(Slot slot) const { return slots_[slot]; }
  std::optional<Slot> Find(LocalSessionId id) const;
  std::optional<Slot> Find(PeerSessionId id) const;
  size_t size() const { return size_; }
  // Slots are below this; those not in use are skipped by looking at `in_use`.
  Slot slot_end() const { return static_cast<Slot>(slots_.size()); }

  // One deadline per session; `at` must not be before that of an earlier call.
  void Arm(Slot slot, Instant at);
  void Disarm(Slot slot);
  // A session whose deadline has passed; it is disarmed.
  std::optional<Slot> TakeExpired(Instant now);
  Instant NextDeadline() const {
    return deadlines_.empty() ? Instant::Never() : deadlines_.front().at;
  }

 private:
  struct Deadline {
    Instant at;
    Slot slot;
    uint32_t timer;
  };
  bool IsStale(const Deadline& deadline) const;
  void DropStale();

  std::vector<Session> slots_;
  std::vector<Slot> free_;
  size_t size_ = 0;
  uint32_t last_timer_ = 0;
  std::deque<Deadline> deadlines_;  // in order; those no longer armed leave at the front
  absl::flat_hash_map<LocalSessionId, Slot> by_local_;
  absl::flat_hash_map<PeerSessionId, Slot> by_peer_;
};

}  // namespace lns::l2tp
