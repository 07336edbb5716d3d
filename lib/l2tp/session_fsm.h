// The incoming call's two state machines as tables, LAC (RFC 2661 7.4.1) and LNS (7.4.2), in the
// RFC's order. The RFC's LAC state wait-tunnel is the owner's: it places calls on an established
// tunnel only. The LNS has one state more, wait-answer: the owner takes its time (it programs
// forwarding) between ICRQ and ICRP. Rows the RFC does not have are marked.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {

// Which side of this call we are. A tunnel may have both.
enum class SessionRole : uint8_t { kLac, kLns };

enum class SessionEvent : uint8_t {
  kPlace,   // LAC: the tunnel is open, a call is to be indicated
  kAnswer,  // LNS: the owner takes the call
  kIcrq,
  kIcrqBad,
  kIcrp,
  kIcrpBad,
  kIccn,
  kIccnBad,
  kCdn,
  kLocalClose,
  kTimeout,
};
inline constexpr size_t kSessionEventCount = static_cast<size_t>(SessionEvent::kTimeout) + 1;
inline constexpr size_t kSessionStateCount = static_cast<size_t>(SessionState::kEstablished) + 1;

enum class SessionStep : uint8_t {
  kIgnore,
  kSendIcrq,
  kIndicate,  // tell the owner of the call
  kSendIcrp,
  kSendIccn,  // and the session is up
  kOpen,      // prepare for data
  kSendCdn,   // and clean up
  kCleanUp,
};

class SessionStates {
 public:
  template <typename... States>
  static constexpr SessionStates Of(States... states) {
    SessionStates set;
    ((set.bits_ |= 1u << static_cast<unsigned>(states)), ...);
    return set;
  }
  constexpr bool Has(SessionState state) const {
    return (bits_ >> static_cast<unsigned>(state) & 1u) != 0;
  }

 private:
  unsigned bits_ = 0;
};

struct SessionTransition {
  SessionStates from;
  SessionEvent event;
  SessionStep step;
  SessionState next;  // with kIgnore: the state stays
};

// RFC 2661 7.4.1.
inline constexpr auto kLacTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  constexpr auto in = [](auto... states) { return SessionStates::Of(states...); };
  return std::to_array<SessionTransition>({
      // idle
      {in(kIdle), E::kPlace, S::kSendIcrq, kWaitReply},
      {in(kIdle), E::kIccn, S::kIgnore, kIdle},
      {in(kIdle), E::kIccnBad, S::kIgnore, kIdle},
      {in(kIdle), E::kIcrp, S::kIgnore, kIdle},
      {in(kIdle), E::kIcrpBad, S::kIgnore, kIdle},
      {in(kIdle), E::kCdn, S::kIgnore, kIdle},
      // wait-reply
      {in(kWaitReply), E::kIcrp, S::kSendIccn, kEstablished},
      {in(kWaitReply), E::kIcrpBad, S::kSendCdn, kIdle},
      {in(kWaitReply), E::kIcrq, S::kSendCdn, kIdle},
      {in(kWaitReply), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kWaitReply), E::kCdn, S::kCleanUp, kIdle},
      {in(kWaitReply), E::kIccn, S::kCleanUp, kIdle},
      {in(kWaitReply), E::kIccnBad, S::kCleanUp, kIdle},
      {in(kWaitReply), E::kLocalClose, S::kSendCdn, kIdle},
      // established
      {in(kEstablished), E::kCdn, S::kCleanUp, kIdle},
      {in(kEstablished), E::kIcrq, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrp, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrpBad, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIccn, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIccnBad, S::kSendCdn, kIdle},
      {in(kEstablished), E::kLocalClose, S::kSendCdn, kIdle},

      // Not in the RFC's table: a peer that never answers.
      {in(kWaitReply), E::kTimeout, S::kSendCdn, kIdle},

      // Undefined pairs, and the states of the other role.
      {in(kIdle), E::kIcrq, S::kIgnore, kIdle},
      {in(kIdle), E::kIcrqBad, S::kIgnore, kIdle},
      {in(kIdle, kEstablished), E::kTimeout, S::kIgnore, kIdle},
      {in(kIdle), E::kLocalClose, S::kIgnore, kIdle},
      {in(kWaitReply, kEstablished), E::kPlace, S::kIgnore, kIdle},
      {in(kIdle, kWaitReply, kEstablished), E::kAnswer, S::kIgnore, kIdle},
  });
}();

// RFC 2661 7.4.2.
inline constexpr auto kLnsTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  constexpr auto in = [](auto... states) { return SessionStates::Of(states...); };
  return std::to_array<SessionTransition>({
      // idle: "send ICRP" is split into telling the owner and its answer
      {in(kIdle), E::kIcrq, S::kIndicate, kWaitAnswer},
      {in(kWaitAnswer), E::kAnswer, S::kSendIcrp, kWaitConnect},
      {in(kIdle), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kIdle), E::kIcrp, S::kSendCdn, kIdle},
      {in(kIdle), E::kIcrpBad, S::kSendCdn, kIdle},
      {in(kIdle), E::kIccn, S::kIgnore, kIdle},
      {in(kIdle), E::kIccnBad, S::kIgnore, kIdle},
      // wait-connect
      {in(kWaitConnect), E::kIccn, S::kOpen, kEstablished},
      {in(kWaitConnect), E::kIccnBad, S::kSendCdn, kIdle},
      {in(kWaitConnect), E::kIcrq, S::kSendCdn, kIdle},
      {in(kWaitConnect), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kWaitConnect), E::kIcrp, S::kSendCdn, kIdle},
      {in(kWaitConnect), E::kIcrpBad, S::kSendCdn, kIdle},
      // idle, wait-connect, established
      {in(kIdle), E::kCdn, S::kIgnore, kIdle},
      {in(kWaitAnswer, kWaitConnect, kEstablished), E::kCdn, S::kCleanUp, kIdle},
      {in(kWaitAnswer, kWaitConnect, kEstablished), E::kLocalClose, S::kSendCdn, kIdle},
      // established
      {in(kEstablished), E::kIcrq, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrp, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIcrpBad, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIccn, S::kSendCdn, kIdle},
      {in(kEstablished), E::kIccnBad, S::kSendCdn, kIdle},

      // Not in the RFC's table: wait-answer takes no message but CDN (the peer does not know our
      // session id yet), and a call not completed in time.
      {in(kWaitAnswer), E::kIcrq, S::kSendCdn, kIdle},
      {in(kWaitAnswer), E::kIcrqBad, S::kSendCdn, kIdle},
      {in(kWaitAnswer), E::kIcrp, S::kSendCdn, kIdle},
      {in(kWaitAnswer), E::kIcrpBad, S::kSendCdn, kIdle},
      {in(kWaitAnswer), E::kIccn, S::kSendCdn, kIdle},
      {in(kWaitAnswer), E::kIccnBad, S::kSendCdn, kIdle},
      {in(kWaitAnswer, kWaitConnect), E::kTimeout, S::kSendCdn, kIdle},

      // Undefined pairs.
      {in(kIdle, kEstablished), E::kTimeout, S::kIgnore, kIdle},
      {in(kIdle), E::kLocalClose, S::kIgnore, kIdle},
      {in(kIdle, kWaitAnswer, kWaitConnect, kEstablished), E::kPlace, S::kIgnore, kIdle},
      {in(kIdle, kWaitConnect, kEstablished), E::kAnswer, S::kIgnore, kIdle},
  });
}();

constexpr std::span<const SessionTransition> TransitionsOf(SessionRole role) {
  if (role == SessionRole::kLac) return kLacTransitions;
  return kLnsTransitions;
}

constexpr const SessionTransition* FindTransition(SessionRole role, SessionState state,
                                                  SessionEvent event) {
  for (const SessionTransition& row : TransitionsOf(role)) {
    if (row.event == event && row.from.Has(state)) return &row;
  }
  return nullptr;
}

// Every event has exactly one row in each state the role has, and none in the others.
constexpr bool SessionTransitionsAreComplete(SessionRole role, SessionStates states) {
  for (size_t state = 0; state < kSessionStateCount; ++state) {
    for (size_t event = 0; event < kSessionEventCount; ++event) {
      int rows = 0;
      for (const SessionTransition& row : TransitionsOf(role)) {
        rows += row.event == static_cast<SessionEvent>(event) &&
                row.from.Has(static_cast<SessionState>(state));
      }
      if (rows != (states.Has(static_cast<SessionState>(state)) ? 1 : 0)) return false;
    }
  }
  return true;
}
static_assert(SessionTransitionsAreComplete(
    SessionRole::kLac,
    SessionStates::Of(SessionState::kIdle, SessionState::kWaitReply, SessionState::kEstablished)));
static_assert(SessionTransitionsAreComplete(
    SessionRole::kLns, SessionStates::Of(SessionState::kIdle, SessionState::kWaitAnswer,
                                         SessionState::kWaitConnect, SessionState::kEstablished)));

}  // namespace lns::l2tp
