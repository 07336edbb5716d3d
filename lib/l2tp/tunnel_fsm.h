// The control connection's state machine as a table (RFC 2661 7.2.1), in the RFC's order. The RFC's
// `idle` is three states here: kIdle has no control connection any more (or not yet), kClosing has
// sent StopCCN and waits for its acknowledgement, kRetained acknowledges the retransmissions of a
// peer that may have missed our last acknowledgement (5.7). Rows the RFC does not have are marked.
// In a simultaneous open the owner, who sees both tunnels, breaks the tie (BreakTie in tunnel.h).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/l2tp/enum_set.h"
#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {

enum class TunnelEvent : uint8_t {
  kLocalOpen,
  kSccrq,
  kSccrqBad,
  kSccrp,
  kSccrpBad,
  kScccn,
  kScccnBad,
  kStopCcn,
  kTieLost,       // the peer's SCCRQ crossed ours and wins (4.4.3)
  kLocalClose,    // an administrator's, or an error on this tunnel
  kSetupTimeout,  // the peer acknowledges but does not answer
  kChannelDead,   // retransmissions exhausted
  kStopCcnAcked,  // everything we sent is acknowledged
  kRetentionOver,
};
inline constexpr size_t kTunnelEventCount = static_cast<size_t>(TunnelEvent::kRetentionOver) + 1;
inline constexpr size_t kTunnelStateCount = static_cast<size_t>(TunnelState::kRetained) + 1;

enum class TunnelStep : uint8_t {
  kIgnore,
  kSendSccrq,
  kSendSccrp,
  kSendScccn,    // and the tunnel is open
  kOpen,         // send tunnel-open event to waiting sessions
  kSendStopCcn,  // and clean up
  kCleanUp,      // sessions end; acknowledge what still comes
  kRetain,       // nothing but the state changes
  kForget,       // sessions end; nobody is there to be told, the owner may forget the tunnel
  kRelease,      // the owner may forget the tunnel
};

struct TunnelTransition {
  EnumSet<TunnelState> from;
  TunnelEvent event;
  TunnelStep step;
  TunnelState next;  // with kIgnore: the state stays
};

inline constexpr auto kTunnelTransitions = [] {
  using enum TunnelState;
  using E = TunnelEvent;
  using S = TunnelStep;
  constexpr auto in = [](auto... states) { return EnumSet<TunnelState>::Of(states...); };
  return std::to_array<TunnelTransition>({
      // idle
      {in(kIdle), E::kLocalOpen, S::kSendSccrq, kWaitCtlReply},
      {in(kIdle), E::kSccrq, S::kSendSccrp, kWaitCtlConn},
      {in(kIdle), E::kSccrqBad, S::kSendStopCcn, kClosing},
      {in(kIdle), E::kSccrp, S::kSendStopCcn, kClosing},
      {in(kIdle), E::kSccrpBad, S::kSendStopCcn, kClosing},
      {in(kIdle), E::kScccn, S::kIgnore, kIdle},
      {in(kIdle), E::kScccnBad, S::kIgnore, kIdle},
      // wait-ctl-reply
      {in(kWaitCtlReply), E::kSccrp, S::kSendScccn, kEstablished},
      {in(kWaitCtlReply), E::kSccrpBad, S::kSendStopCcn, kClosing},
      {in(kWaitCtlReply), E::kTieLost, S::kForget, kIdle},
      {in(kWaitCtlReply), E::kScccn, S::kSendStopCcn, kClosing},
      {in(kWaitCtlReply), E::kScccnBad, S::kSendStopCcn, kClosing},
      // wait-ctl-conn
      {in(kWaitCtlConn), E::kScccn, S::kOpen, kEstablished},
      {in(kWaitCtlConn), E::kScccnBad, S::kSendStopCcn, kClosing},
      {in(kWaitCtlConn), E::kSccrp, S::kSendStopCcn, kClosing},
      {in(kWaitCtlConn), E::kSccrpBad, S::kSendStopCcn, kClosing},
      {in(kWaitCtlConn), E::kSccrq, S::kSendStopCcn, kClosing},
      {in(kWaitCtlConn), E::kSccrqBad, S::kSendStopCcn, kClosing},
      // established
      {in(kEstablished), E::kLocalClose, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kSccrq, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kSccrqBad, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kSccrp, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kSccrpBad, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kScccn, S::kSendStopCcn, kClosing},
      {in(kEstablished), E::kScccnBad, S::kSendStopCcn, kClosing},
      // StopCCN in any state of the RFC's; a StopCCN that crosses ours acknowledges it.
      {in(kWaitCtlReply, kWaitCtlConn, kEstablished, kClosing), E::kStopCcn, S::kCleanUp,
       kRetained},

      // Not in the RFC's table: an SCCRQ on a tunnel that waits for its SCCRP (one that opens a
      // tunnel of its own never gets here),
      {in(kWaitCtlReply), E::kSccrq, S::kSendStopCcn, kClosing},
      {in(kWaitCtlReply), E::kSccrqBad, S::kSendStopCcn, kClosing},
      // closing before the tunnel is up,
      {in(kWaitCtlReply, kWaitCtlConn), E::kLocalClose, S::kSendStopCcn, kClosing},
      // a peer that acknowledges and says no more,
      {in(kWaitCtlReply, kWaitCtlConn), E::kSetupTimeout, S::kSendStopCcn, kClosing},
      // a peer that is gone (5.5, 5.8),
      {in(kWaitCtlReply, kWaitCtlConn, kEstablished), E::kChannelDead, S::kForget, kIdle},
      {in(kClosing), E::kChannelDead, S::kRelease, kIdle},
      // and the end of a closed tunnel (5.7).
      {in(kClosing), E::kStopCcnAcked, S::kRetain, kRetained},
      {in(kRetained), E::kRetentionOver, S::kRelease, kIdle},

      // Undefined pairs: acknowledged, counted, nothing else.
      {in(kWaitCtlReply, kWaitCtlConn, kEstablished, kClosing, kRetained), E::kLocalOpen,
       S::kIgnore, kIdle},
      {in(kIdle, kWaitCtlConn, kEstablished, kClosing, kRetained), E::kTieLost, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kSccrq, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kSccrqBad, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kSccrp, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kSccrpBad, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kScccn, S::kIgnore, kIdle},
      {in(kClosing, kRetained), E::kScccnBad, S::kIgnore, kIdle},
      {in(kIdle, kRetained), E::kStopCcn, S::kIgnore, kIdle},
      {in(kIdle, kClosing, kRetained), E::kLocalClose, S::kIgnore, kIdle},
      {in(kIdle, kEstablished, kClosing, kRetained), E::kSetupTimeout, S::kIgnore, kIdle},
      {in(kIdle, kRetained), E::kChannelDead, S::kIgnore, kIdle},
      {in(kIdle, kWaitCtlReply, kWaitCtlConn, kEstablished, kRetained), E::kStopCcnAcked,
       S::kIgnore, kIdle},
      {in(kIdle, kWaitCtlReply, kWaitCtlConn, kEstablished, kClosing), E::kRetentionOver,
       S::kIgnore, kIdle},
  });
}();

constexpr const TunnelTransition* FindTransition(TunnelState state, TunnelEvent event) {
  for (const TunnelTransition& row : kTunnelTransitions) {
    if (row.event == event && row.from.Has(state)) return &row;
  }
  return nullptr;
}

// Every pair has exactly one row.
constexpr bool TunnelTransitionsAreComplete() {
  for (size_t state = 0; state < kTunnelStateCount; ++state) {
    for (size_t event = 0; event < kTunnelEventCount; ++event) {
      int rows = 0;
      for (const TunnelTransition& row : kTunnelTransitions) {
        rows += row.event == static_cast<TunnelEvent>(event) &&
                row.from.Has(static_cast<TunnelState>(state));
      }
      if (rows != 1) return false;
    }
  }
  return true;
}
static_assert(TunnelTransitionsAreComplete());

}  // namespace lns::l2tp
