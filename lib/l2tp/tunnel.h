// One L2TP control connection and its sessions, either role: the tunnel FSM (RFC 2661 7.2), the
// incoming-call FSMs of its sessions (7.4), the reliable channel (5.8) and tunnel authentication
// (5.1.1) put together. Sans-IO: datagrams and `now` in, Actions out. Which tunnel a datagram
// belongs to, ids and admission are the owner's (controlplane/lns; tools/lacsim).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/reliable_channel.h"

namespace lns::l2tp {

enum class TunnelState : uint8_t {
  kIdle,
  kWaitCtlReply,  // SCCRQ sent (the LAC role here)
  kWaitCtlConn,   // SCCRP sent
  kEstablished,
  kClosing,   // StopCCN sent, waiting for its acknowledgement
  kRetained,  // closed; acknowledges retransmissions until released
};
const char* ToString(TunnelState state);

enum class SessionState : uint8_t {
  kIdle,
  kWaitAnswer,   // LNS: ICRQ received, the owner has not answered yet
  kWaitReply,    // LAC: ICRQ sent
  kWaitConnect,  // LNS: ICRP sent
  kEstablished,
};
const char* ToString(SessionState state);

enum class ChallengePolicy : uint8_t { kAlways, kNever };  // without a secret neither challenges

struct TunnelSettings {
  std::string host_name;
  std::string vendor_name = "Terminus";
  uint16_t firmware_revision = 1;
  uint32_t framing_capabilities = 3;
  uint32_t bearer_capabilities = 3;
  uint16_t receive_window = 32;
  std::string secret;  // empty: no tunnel authentication
  ChallengePolicy challenge = ChallengePolicy::kAlways;
  bool hide_avps = false;  // sending; received hidden AVPs are always understood
  Duration hello_interval = Duration::Seconds(60);  // zero: never
  Duration retransmit_initial = Duration::Seconds(1);
  Duration retransmit_cap = Duration::Seconds(8);
  int max_retransmits = 5;
  Duration ack_delay = Duration::Milliseconds(50);
  Duration call_setup_timeout = Duration::Seconds(30);
  Duration retention = Duration::Seconds(31);  // RFC 2661 5.7
  uint32_t max_sessions = 65535;
  // First Ns to use; only simulations change it, to cross the wrap.
  uint16_t initial_ns = 0;
  uint16_t initial_nr = 0;
};

// What an SCCRQ says, for the owner to choose the peer's profile before the tunnel exists.
struct SccrqInfo {
  PeerTunnelId peer_tunnel_id;
  std::string host_name;
  std::string vendor_name;
};
enum class SccrqError : uint8_t { kNotSccrq, kMalformed };
// `datagram` from its first header byte. Accepts whatever has a readable Message Type, Host Name
// and Assigned Tunnel ID; Tunnel::Accept judges the rest and answers on the wire. An Assigned
// Tunnel ID that is hidden cannot be read before a secret is chosen: it is 0 here.
Result<SccrqInfo, SccrqError> PeekSccrq(ByteView datagram);

// LNS answering a call it rejects, or either side ending one.
class Tunnel {
 public:
  // Passive side: `sccrq` is the first datagram of the peer. Never fails: a bad one is answered
  // with a StopCCN and the tunnel goes to kClosing.
  static std::unique_ptr<Tunnel> Accept(const TunnelSettings& settings, LocalTunnelId local_id,
                                        ByteView sccrq, Rng& rng, Instant now, Actions& out);
  // Passive side, refusing: answers `sccrq` with StopCCN `result`; retained only for acks.
  static std::unique_ptr<Tunnel> Refuse(const TunnelSettings& settings, LocalTunnelId local_id,
                                        ByteView sccrq, const ResultCode& result, Rng& rng,
                                        Instant now, Actions& out);
  // Active side: sends SCCRQ.
  static std::unique_ptr<Tunnel> Open(const TunnelSettings& settings, LocalTunnelId local_id,
                                      Rng& rng, Instant now, Actions& out);
  virtual ~Tunnel() = default;

  // A datagram with the T bit whose header carries our tunnel id (or 0, for a retransmitted SCCRQ).
  virtual void OnDatagram(ByteView datagram, Instant now, Actions& out) = 0;
  virtual void OnTimer(Instant now, Actions& out) = 0;
  virtual Instant NextDeadline() const = 0;

  // StopCCN; sessions end without a CDN each.
  virtual void Close(const ResultCode& result, Instant now, Actions& out) = 0;

  // LNS: answers IncomingCall. False when that call is gone (the caller withdrew).
  virtual bool AcceptCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                          Actions& out) = 0;
  virtual bool RejectCall(PeerSessionId call, const ResultCode& result, Instant now,
                          Actions& out) = 0;
  // LAC: sends ICRQ, and ICCN when it is answered. The tunnel must be established.
  virtual void PlaceCall(LocalSessionId local_id, const CallInfo& info, Instant now,
                         Actions& out) = 0;
  // CDN, from any state. False when there is no such session.
  virtual bool CloseSession(LocalSessionId session, const ResultCode& result, Instant now,
                            Actions& out) = 0;
  // Data arrived on this tunnel: counts as a sign of life for the HELLO timer.
  virtual void OnDataSeen(Instant now) = 0;

  // For operators and tests.
  using Statistics = ChannelStatistics;
  virtual TunnelState state() const = 0;
  virtual LocalTunnelId local_id() const = 0;
  virtual PeerTunnelId peer_id() const = 0;
  virtual const std::string& peer_host_name() const = 0;
  virtual const std::string& peer_vendor_name() const = 0;
  virtual uint16_t ns() const = 0;
  virtual uint16_t nr() const = 0;
  virtual uint16_t peer_window() const = 0;
  virtual size_t session_count() const = 0;
  virtual std::optional<SessionState> session_state(LocalSessionId session) const = 0;
  virtual const Statistics& statistics() const = 0;
};

}  // namespace lns::l2tp
