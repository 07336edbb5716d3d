// The calls' four state machines as tables, in the RFC's order: incoming calls at the LAC (RFC 2661
// 7.4.1) and the LNS (7.4.2), outgoing calls at the LAC (7.5.1) and the LNS (7.5.2). The RFC's
// state wait-tunnel is the owner's: it places calls on an established tunnel only. The side that is
// asked for a call has one state more, wait-answer: its owner takes its time (the LNS's programs
// forwarding, the LAC's looks for a line) between the request and the reply. Rows the RFC does not
// have are marked.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/l2tp/enum_set.h"
#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {

// Which side of which kind of call we are. A tunnel may have all four.
enum class SessionRole : uint8_t { kLac, kLns, kLacOutgoing, kLnsOutgoing };

constexpr bool IsLns(SessionRole role) {
  return role == SessionRole::kLns || role == SessionRole::kLnsOutgoing;
}

enum class SessionEvent : uint8_t {
  kPlace,    // the side that asks: the tunnel is open, a call is to be made
  kAnswer,   // the side that is asked: the owner takes the call
  kConnect,  // LAC, outgoing: the bearer answered, framing was detected
  kIcrq,
  kIcrqBad,
  kIcrp,
  kIcrpBad,
  kIccn,
  kIccnBad,
  kOcrq,
  kOcrqBad,
  kOcrp,
  kOcrpBad,
  kOccn,
  kOccnBad,
  kCdn,
  kLocalClose,  // also: a bearer that fails or drops
  kTimeout,
};
inline constexpr size_t kSessionEventCount = static_cast<size_t>(SessionEvent::kTimeout) + 1;
inline constexpr size_t kSessionStateCount = static_cast<size_t>(SessionState::kEstablished) + 1;

enum class SessionStep : uint8_t {
  kIgnore,
  kSendRequest,    // ICRQ, OCRQ
  kIndicate,       // tell the owner of the call
  kSendReply,      // ICRP, OCRP
  kWait,           // the reply came, the call is under way
  kSendConnected,  // ICCN, OCCN, and the session is up
  kOpen,           // prepare for data
  kSendCdn,        // and clean up
  kCleanUp,
};

struct SessionTransition {
  EnumSet<SessionState> from;
  EnumSet<SessionEvent> events;
  SessionStep step;
  SessionState next;  // with kIgnore: the state stays
};

// The tables, and what they are written with: sets of states, sets of events, and those of a
// message that does not matter whether it is good.
namespace session_rows {
constexpr auto In(auto... states) { return EnumSet<SessionState>::Of(states...); }
constexpr auto On(auto... events) { return EnumSet<SessionEvent>::Of(events...); }
inline constexpr auto kAnyIcrq = On(SessionEvent::kIcrq, SessionEvent::kIcrqBad);
inline constexpr auto kAnyIcrp = On(SessionEvent::kIcrp, SessionEvent::kIcrpBad);
inline constexpr auto kAnyIccn = On(SessionEvent::kIccn, SessionEvent::kIccnBad);
inline constexpr auto kAnyOcrq = On(SessionEvent::kOcrq, SessionEvent::kOcrqBad);
inline constexpr auto kAnyOcrp = On(SessionEvent::kOcrp, SessionEvent::kOcrpBad);
inline constexpr auto kAnyOccn = On(SessionEvent::kOccn, SessionEvent::kOccnBad);
// What has no place in a call of the other direction.
inline constexpr auto kAnyOutgoing =
    On(SessionEvent::kOcrq, SessionEvent::kOcrqBad, SessionEvent::kOcrp, SessionEvent::kOcrpBad,
       SessionEvent::kOccn, SessionEvent::kOccnBad);
inline constexpr auto kAnyIncoming =
    On(SessionEvent::kIcrq, SessionEvent::kIcrqBad, SessionEvent::kIcrp, SessionEvent::kIcrpBad,
       SessionEvent::kIccn, SessionEvent::kIccnBad);

// RFC 2661 7.4.1.
inline constexpr auto kLacTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  return std::to_array<SessionTransition>({
      // idle
      {In(kIdle), On(E::kPlace), S::kSendRequest, kWaitReply},
      {In(kIdle), kAnyIccn, S::kIgnore, kIdle},
      {In(kIdle), kAnyIcrp, S::kIgnore, kIdle},
      {In(kIdle), On(E::kCdn), S::kIgnore, kIdle},
      // wait-reply
      {In(kWaitReply), On(E::kIcrp), S::kSendConnected, kEstablished},
      {In(kWaitReply), On(E::kIcrpBad), S::kSendCdn, kIdle},
      {In(kWaitReply), kAnyIcrq, S::kSendCdn, kIdle},
      {In(kWaitReply), On(E::kCdn), S::kCleanUp, kIdle},
      {In(kWaitReply), kAnyIccn, S::kCleanUp, kIdle},
      {In(kWaitReply), On(E::kLocalClose), S::kSendCdn, kIdle},
      // established
      {In(kEstablished), On(E::kCdn), S::kCleanUp, kIdle},
      {In(kEstablished), kAnyIcrq, S::kSendCdn, kIdle},
      {In(kEstablished), kAnyIcrp, S::kSendCdn, kIdle},
      {In(kEstablished), kAnyIccn, S::kSendCdn, kIdle},
      {In(kEstablished), On(E::kLocalClose), S::kSendCdn, kIdle},

      // Not in the RFC's table: a peer that never answers, messages of the other kind of call.
      {In(kWaitReply), On(E::kTimeout), S::kSendCdn, kIdle},
      {In(kWaitReply, kEstablished), kAnyOutgoing, S::kSendCdn, kIdle},

      // Undefined pairs.
      {In(kIdle), kAnyIcrq, S::kIgnore, kIdle},
      {In(kIdle), kAnyOutgoing, S::kIgnore, kIdle},
      {In(kIdle, kEstablished), On(E::kTimeout), S::kIgnore, kIdle},
      {In(kIdle), On(E::kLocalClose), S::kIgnore, kIdle},
      {In(kWaitReply, kEstablished), On(E::kPlace), S::kIgnore, kIdle},
      {In(kIdle, kWaitReply, kEstablished), On(E::kAnswer, E::kConnect), S::kIgnore, kIdle},
  });
}();

// RFC 2661 7.4.2.
inline constexpr auto kLnsTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  return std::to_array<SessionTransition>({
      // idle: "send ICRP" is split into telling the owner and its answer
      {In(kIdle), On(E::kIcrq), S::kIndicate, kWaitAnswer},
      {In(kWaitAnswer), On(E::kAnswer), S::kSendReply, kWaitConnect},
      {In(kIdle), On(E::kIcrqBad), S::kSendCdn, kIdle},
      {In(kIdle), kAnyIcrp, S::kSendCdn, kIdle},
      {In(kIdle), kAnyIccn, S::kIgnore, kIdle},
      // wait-connect
      {In(kWaitConnect), On(E::kIccn), S::kOpen, kEstablished},
      {In(kWaitConnect), On(E::kIccnBad), S::kSendCdn, kIdle},
      {In(kWaitConnect), kAnyIcrq, S::kSendCdn, kIdle},
      {In(kWaitConnect), kAnyIcrp, S::kSendCdn, kIdle},
      // idle, wait-connect, established
      {In(kIdle), On(E::kCdn), S::kIgnore, kIdle},
      {In(kWaitAnswer, kWaitConnect, kEstablished), On(E::kCdn), S::kCleanUp, kIdle},
      {In(kWaitAnswer, kWaitConnect, kEstablished), On(E::kLocalClose), S::kSendCdn, kIdle},
      // established
      {In(kEstablished), kAnyIcrq, S::kSendCdn, kIdle},
      {In(kEstablished), kAnyIcrp, S::kSendCdn, kIdle},
      {In(kEstablished), kAnyIccn, S::kSendCdn, kIdle},

      // Not in the RFC's table: wait-answer takes no message but CDN (the peer does not know our
      // session id yet), a call not completed in time, messages of the other kind of call.
      {In(kWaitAnswer), kAnyIncoming, S::kSendCdn, kIdle},
      {In(kWaitAnswer, kWaitConnect), On(E::kTimeout), S::kSendCdn, kIdle},
      {In(kWaitAnswer, kWaitConnect, kEstablished), kAnyOutgoing, S::kSendCdn, kIdle},

      // Undefined pairs.
      {In(kIdle), kAnyOutgoing, S::kIgnore, kIdle},
      {In(kIdle, kEstablished), On(E::kTimeout), S::kIgnore, kIdle},
      {In(kIdle), On(E::kLocalClose), S::kIgnore, kIdle},
      {In(kIdle, kWaitAnswer, kWaitConnect, kEstablished), On(E::kPlace, E::kConnect), S::kIgnore,
       kIdle},
      {In(kIdle, kWaitConnect, kEstablished), On(E::kAnswer), S::kIgnore, kIdle},
  });
}();

// RFC 2661 7.5.1.
inline constexpr auto kLacOutgoingTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  return std::to_array<SessionTransition>({
      // idle: "send OCRP, open bearer" is split into telling the owner and its answer
      {In(kIdle), On(E::kOcrq), S::kIndicate, kWaitAnswer},
      {In(kWaitAnswer), On(E::kAnswer), S::kSendReply, kWaitCsAnswer},
      {In(kIdle), On(E::kOcrqBad), S::kSendCdn, kIdle},
      {In(kIdle), kAnyOcrp, S::kSendCdn, kIdle},
      {In(kIdle), kAnyOccn, S::kIgnore, kIdle},
      {In(kIdle), On(E::kCdn), S::kIgnore, kIdle},
      // wait-cs-answer
      {In(kWaitCsAnswer), On(E::kConnect), S::kSendConnected, kEstablished},
      {In(kWaitCsAnswer), On(E::kLocalClose), S::kSendCdn, kIdle},
      {In(kWaitCsAnswer), kAnyOutgoing, S::kSendCdn, kIdle},
      // established
      {In(kEstablished), kAnyOutgoing, S::kSendCdn, kIdle},
      {In(kWaitAnswer, kWaitCsAnswer, kEstablished), On(E::kCdn), S::kCleanUp, kIdle},
      {In(kEstablished), On(E::kLocalClose), S::kSendCdn, kIdle},

      // Not in the RFC's table: wait-answer, the timer of its text, messages of the other kind.
      {In(kWaitAnswer), On(E::kLocalClose), S::kSendCdn, kIdle},
      {In(kWaitAnswer), kAnyOutgoing, S::kSendCdn, kIdle},
      {In(kWaitAnswer, kWaitCsAnswer), On(E::kTimeout), S::kSendCdn, kIdle},
      {In(kWaitAnswer, kWaitCsAnswer, kEstablished), kAnyIncoming, S::kSendCdn, kIdle},

      // Undefined pairs.
      {In(kIdle), kAnyIncoming, S::kIgnore, kIdle},
      {In(kIdle, kEstablished), On(E::kTimeout), S::kIgnore, kIdle},
      {In(kIdle), On(E::kLocalClose), S::kIgnore, kIdle},
      {In(kIdle, kWaitAnswer, kWaitCsAnswer, kEstablished), On(E::kPlace), S::kIgnore, kIdle},
      {In(kIdle, kWaitCsAnswer, kEstablished), On(E::kAnswer), S::kIgnore, kIdle},
      {In(kIdle, kWaitAnswer, kEstablished), On(E::kConnect), S::kIgnore, kIdle},
  });
}();

// RFC 2661 7.5.2.
inline constexpr auto kLnsOutgoingTransitions = [] {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  return std::to_array<SessionTransition>({
      // idle
      {In(kIdle), On(E::kPlace), S::kSendRequest, kWaitReply},
      {In(kIdle), kAnyOccn, S::kIgnore, kIdle},
      {In(kIdle), kAnyOcrp, S::kIgnore, kIdle},
      {In(kIdle), On(E::kCdn), S::kIgnore, kIdle},
      // wait-reply
      {In(kWaitReply), On(E::kOcrp), S::kWait, kWaitConnect},
      {In(kWaitReply), On(E::kOcrpBad), S::kSendCdn, kIdle},
      {In(kWaitReply), kAnyOccn, S::kSendCdn, kIdle},
      {In(kWaitReply), kAnyOcrq, S::kSendCdn, kIdle},
      // wait-connect
      {In(kWaitConnect), On(E::kOccn), S::kOpen, kEstablished},
      {In(kWaitConnect), kAnyOcrq, S::kSendCdn, kIdle},
      {In(kWaitConnect), kAnyOcrp, S::kSendCdn, kIdle},
      // wait-reply, wait-connect, established
      {In(kWaitReply, kWaitConnect, kEstablished), On(E::kCdn), S::kCleanUp, kIdle},
      {In(kEstablished), kAnyOutgoing, S::kSendCdn, kIdle},
      {In(kWaitReply, kWaitConnect, kEstablished), On(E::kLocalClose), S::kSendCdn, kIdle},

      // Not in the RFC's table: an OCCN that cannot be accepted, a peer that never answers,
      // messages of the other kind of call.
      {In(kWaitConnect), On(E::kOccnBad), S::kSendCdn, kIdle},
      {In(kWaitReply, kWaitConnect), On(E::kTimeout), S::kSendCdn, kIdle},
      {In(kWaitReply, kWaitConnect, kEstablished), kAnyIncoming, S::kSendCdn, kIdle},

      // Undefined pairs.
      {In(kIdle), kAnyOcrq, S::kIgnore, kIdle},
      {In(kIdle), kAnyIncoming, S::kIgnore, kIdle},
      {In(kIdle, kEstablished), On(E::kTimeout), S::kIgnore, kIdle},
      {In(kIdle), On(E::kLocalClose), S::kIgnore, kIdle},
      {In(kWaitReply, kWaitConnect, kEstablished), On(E::kPlace), S::kIgnore, kIdle},
      {In(kIdle, kWaitReply, kWaitConnect, kEstablished), On(E::kAnswer, E::kConnect), S::kIgnore,
       kIdle},
  });
}();

}  // namespace session_rows
using session_rows::kLacOutgoingTransitions;
using session_rows::kLacTransitions;
using session_rows::kLnsOutgoingTransitions;
using session_rows::kLnsTransitions;

constexpr std::span<const SessionTransition> TransitionsOf(SessionRole role) {
  switch (role) {
    case SessionRole::kLac:
      return kLacTransitions;
    case SessionRole::kLns:
      return kLnsTransitions;
    case SessionRole::kLacOutgoing:
      return kLacOutgoingTransitions;
    case SessionRole::kLnsOutgoing:
      return kLnsOutgoingTransitions;
  }
  return {};
}

constexpr const SessionTransition* FindTransition(SessionRole role, SessionState state,
                                                  SessionEvent event) {
  for (const SessionTransition& row : TransitionsOf(role)) {
    if (row.events.Has(event) && row.from.Has(state)) return &row;
  }
  return nullptr;
}

// Every event has exactly one row in each state the role has, and none in the others.
constexpr bool SessionTransitionsAreComplete(SessionRole role, EnumSet<SessionState> states) {
  for (size_t state = 0; state < kSessionStateCount; ++state) {
    for (size_t event = 0; event < kSessionEventCount; ++event) {
      int rows = 0;
      for (const SessionTransition& row : TransitionsOf(role)) {
        rows += row.events.Has(static_cast<SessionEvent>(event)) &&
                row.from.Has(static_cast<SessionState>(state));
      }
      if (rows != (states.Has(static_cast<SessionState>(state)) ? 1 : 0)) return false;
    }
  }
  return true;
}
static_assert(SessionTransitionsAreComplete(
    SessionRole::kLac,
    session_rows::In(SessionState::kIdle, SessionState::kWaitReply, SessionState::kEstablished)));
static_assert(SessionTransitionsAreComplete(
    SessionRole::kLns, session_rows::In(SessionState::kIdle, SessionState::kWaitAnswer,
                                        SessionState::kWaitConnect, SessionState::kEstablished)));
static_assert(SessionTransitionsAreComplete(SessionRole::kLacOutgoing,
                                            session_rows::In(SessionState::kIdle,
                                                             SessionState::kWaitAnswer,
                                                             SessionState::kWaitCsAnswer,
                                                             SessionState::kEstablished)));
static_assert(SessionTransitionsAreComplete(SessionRole::kLnsOutgoing,
                                            session_rows::In(SessionState::kIdle,
                                                             SessionState::kWaitReply,
                                                             SessionState::kWaitConnect,
                                                             SessionState::kEstablished)));

}  // namespace lns::l2tp
