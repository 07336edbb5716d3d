// The option negotiation automaton as data: states, events, actions and the table of RFC 1661 4.1,
// in that section's order. option_fsm.* walks it; nothing else changes a negotiation's state.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lns::ppp {

// RFC 1661 4.2, numbered as there.
enum class FsmState : uint8_t {
  kInitial,
  kStarting,
  kClosed,
  kStopped,
  kClosing,
  kStopping,
  kRequestSent,
  kAckReceived,
  kAckSent,
  kOpened,
};
inline constexpr size_t kFsmStates = 10;

// RFC 1661 4.3, in the table's order.
enum class FsmEvent : uint8_t {
  kUp,
  kDown,
  kOpen,
  kClose,
  kTimeout,           // TO+: the restart counter is above zero
  kTimeoutLast,       // TO-
  kRequestGood,       // RCR+
  kRequestBad,        // RCR-
  kAck,               // RCA
  kNak,               // RCN: Configure-Nak or Configure-Reject
  kTerminateRequest,  // RTR
  kTerminateAck,      // RTA
  kUnknownCode,       // RUC
  kRejectPermitted,   // RXJ+
  kRejectFatal,       // RXJ-
  kEcho,              // RXR: Echo-Request, Echo-Reply, Discard-Request
};
inline constexpr size_t kFsmEvents = 16;

// RFC 1661 4.4.
enum class FsmAction : uint8_t {
  kNothing,
  kLayerUp,               // tlu
  kLayerDown,             // tld
  kLayerStarted,          // tls
  kLayerFinished,         // tlf
  kInitRestartCount,      // irc
  kZeroRestartCount,      // zrc
  kSendConfigureRequest,  // scr
  kSendConfigureAck,      // sca
  kSendConfigureNak,      // scn: Configure-Nak or Configure-Reject
  kSendTerminateRequest,  // str
  kSendTerminateAck,      // sta
  kSendCodeReject,        // scj
  kSendEchoReply,         // ser
};

struct FsmTransition {
  FsmState next = FsmState::kInitial;
  std::array<FsmAction, 3> actions{};
  bool defined = false;  // false: '-' in the RFC; the event is ignored and the state kept
};

namespace automaton {

using enum FsmAction;
constexpr FsmAction tlu = kLayerUp, tld = kLayerDown, tls = kLayerStarted, tlf = kLayerFinished;
constexpr FsmAction irc = kInitRestartCount, zrc = kZeroRestartCount;
constexpr FsmAction scr = kSendConfigureRequest, sca = kSendConfigureAck, scn = kSendConfigureNak;
constexpr FsmAction str = kSendTerminateRequest, sta = kSendTerminateAck;
constexpr FsmAction scj = kSendCodeReject, ser = kSendEchoReply;

constexpr FsmTransition To(int next, FsmAction first = kNothing, FsmAction second = kNothing,
                           FsmAction third = kNothing) {
  return {static_cast<FsmState>(next), {first, second, third}, true};
}
constexpr FsmTransition _{};  // NOLINT(readability-identifier-naming): the RFC's '-'

// The options marked in the RFC are taken so: 'r' (restart) no, Open in Stopped, Closing, Stopping
// and Opened changes nothing; 'p' (passive) no; 'x' (crossed) Acks and Naks are filtered before the
// table when they answer no request in flight.
using Row = std::array<FsmTransition, kFsmStates>;
// clang-format off
inline constexpr std::array<Row, kFsmEvents> kTable = {{
  //            0 Initial  1 Starting       2 Closed         3 Stopped                4 Closing   5 Stopping  6 Req-Sent         7 Ack-Rcvd         8 Ack-Sent         9 Opened
  /* Up   */ {{ To(2),     To(6, irc, scr), _,               _,                       _,          _,          _,                 _,                 _,                 _ }},
  /* Down */ {{ _,         _,               To(0),           To(1, tls),              To(0),      To(1),      To(1),             To(1),             To(1),             To(1, tld) }},
  /* Open */ {{ To(1, tls), To(1),          To(6, irc, scr), To(3),                   To(5),      To(5),      To(6),             To(7),             To(8),             To(9) }},
  /* Close*/ {{ To(0),     To(0, tlf),      To(2),           To(2),                   To(4),      To(4),      To(4, irc, str),   To(4, irc, str),   To(4, irc, str),   To(4, tld, irc, str) }},
  /* TO+  */ {{ _,         _,               _,               _,                       To(4, str), To(5, str), To(6, scr),        To(6, scr),        To(8, scr),        _ }},
  /* TO-  */ {{ _,         _,               _,               _,                       To(2, tlf), To(3, tlf), To(3, tlf),        To(3, tlf),        To(3, tlf),        _ }},
  /* RCR+ */ {{ _,         _,               To(2, sta),      To(8, irc, scr, sca),    To(4),      To(5),      To(8, sca),        To(9, sca, tlu),   To(8, sca),        To(8, tld, scr, sca) }},
  /* RCR- */ {{ _,         _,               To(2, sta),      To(6, irc, scr, scn),    To(4),      To(5),      To(6, scn),        To(7, scn),        To(6, scn),        To(6, tld, scr, scn) }},
  /* RCA  */ {{ _,         _,               To(2, sta),      To(3, sta),              To(4),      To(5),      To(7, irc),        To(6, scr),        To(9, irc, tlu),   To(6, tld, scr) }},
  /* RCN  */ {{ _,         _,               To(2, sta),      To(3, sta),              To(4),      To(5),      To(6, irc, scr),   To(6, scr),        To(8, irc, scr),   To(6, tld, scr) }},
  /* RTR  */ {{ _,         _,               To(2, sta),      To(3, sta),              To(4, sta), To(5, sta), To(6, sta),        To(6, sta),        To(6, sta),        To(5, tld, zrc, sta) }},
  /* RTA  */ {{ _,         _,               To(2),           To(3),                   To(2, tlf), To(3, tlf), To(6),             To(6),             To(8),             To(6, tld, scr) }},
  /* RUC  */ {{ _,         _,               To(2, scj),      To(3, scj),              To(4, scj), To(5, scj), To(6, scj),        To(7, scj),        To(8, scj),        To(9, scj) }},
  /* RXJ+ */ {{ _,         _,               To(2),           To(3),                   To(4),      To(5),      To(6),             To(6),             To(8),             To(9) }},
  /* RXJ- */ {{ _,         _,               To(2, tlf),      To(3, tlf),              To(2, tlf), To(3, tlf), To(3, tlf),        To(3, tlf),        To(3, tlf),        To(5, tld, irc, str) }},
  /* RXR  */ {{ _,         _,               To(2),           To(3),                   To(4),      To(5),      To(6),             To(7),             To(8),             To(9, ser) }},
}};
// clang-format on

}  // namespace automaton

constexpr const FsmTransition& Lookup(FsmState state, FsmEvent event) {
  return automaton::kTable[static_cast<size_t>(event)][static_cast<size_t>(state)];
}

// The restart timer runs in these (RFC 1661 4.1).
constexpr bool RestartTimerRuns(FsmState state) {
  return state >= FsmState::kClosing && state <= FsmState::kAckSent;
}

}  // namespace lns::ppp
