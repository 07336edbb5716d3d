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
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/reliable_channel.h"
#include "lib/l2tp/tolerance.h"

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
  kWaitAnswer,    // ICRQ (LNS) or OCRQ (LAC) received, the owner has not answered yet
  kWaitReply,     // ICRQ (LAC) or OCRQ (LNS) sent
  kWaitConnect,   // LNS: ICRP sent, or OCRP received
  kWaitCsAnswer,  // LAC: OCRP sent, the owner is dialling
  kEstablished,
};
const char* ToString(SessionState state);

// Without a secret nobody is challenged.
enum class ChallengePolicy : uint8_t {
  kAlways,
  kIfOffered,  // those that challenge us, so nobody whom we open a tunnel to
  kNever,
};

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
  int max_retransmits = 5;  // before the tunnel is established, and of a StopCCN
  int max_retransmits_established = 5;
  Duration ack_delay = Duration::Milliseconds(50);
  Duration call_setup_timeout = Duration::Seconds(30);
  Duration retention = Duration::Seconds(31);  // RFC 2661 5.7
  uint32_t max_sessions = 65535;
  bool data_is_life = true;            // OnDataSeen puts the next HELLO off
  bool tie_breaker = false;            // Open: the SCCRQ carries a Tie Breaker (RFC 2661 4.4.3)
  bool accept_outgoing_calls = false;  // LAC: an OCRQ is shown to the owner, not refused
  // RFC 3308. What the owner marks our control messages with, told a peer that asks for a marking
  // of its control connection (none: as if it had not asked); whether what a call asks is granted.
  std::optional<uint8_t> control_dscp = {};
  bool accept_session_dscp = false;
  Tolerance tolerate;
  // First Ns to use; only simulations change it, to cross the wrap.
  uint16_t initial_ns = 0;
  uint16_t initial_nr = 0;
};

// What an SCCRQ says, for the owner to choose the peer's profile before the tunnel exists.
struct SccrqInfo {
  PeerTunnelId peer_tunnel_id;
  std::string host_name;
  std::string vendor_name;
  std::optional<uint64_t> tie_breaker = {};
  bool hidden_tunnel_id = false;
};
enum class SccrqError : uint8_t { kNotSccrq, kMalformed };
// `datagram` from its first header byte. Accepts whatever has a readable Message Type, Host Name
// and Assigned Tunnel ID; Tunnel::Accept judges the rest and answers on the wire. An Assigned
// Tunnel ID that is hidden cannot be read before a secret is chosen: it is 0 here. Peek again with
// the secret that belongs to the Host Name to learn it.
Result<SccrqInfo, SccrqError> PeekSccrq(ByteView datagram, std::string_view secret = {});

// Simultaneous open (RFC 2661 4.4.3, 5.1): an SCCRQ arrived from a peer that our own SCCRQ is on
// the way to. `ours` is Tunnel::tie_breaker(), `theirs` SccrqInfo::tie_breaker.
enum class TieVerdict : uint8_t {
  kKeepBoth,    // neither side sent one: two tunnels
  kKeepOurs,    // drop their SCCRQ, and what repeats it, without an answer
  kKeepTheirs,  // Tunnel::Discard ours, accept theirs
  kDropBoth,    // equal: neither, and try again (with another value) later
};
TieVerdict BreakTie(std::optional<uint64_t> ours, std::optional<uint64_t> theirs);

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

  // The tunnel lost a tie: forgets it without a word on the wire.
  virtual void Discard(Instant now, Actions& out) = 0;
  // From now on new calls are refused with `refusal` (CDN) without asking the owner; those there
  // are stay. Nothing: takes calls again.
  virtual void Drain(std::optional<ResultCode> refusal) = 0;

  // LNS: answers IncomingCall. False when that call is gone (the caller withdrew).
  virtual bool AcceptCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                          Actions& out) = 0;
  virtual bool RejectCall(PeerSessionId call, const ResultCode& result, Instant now,
                          Actions& out) = 0;
  // LNS, outgoing call: sends OCRQ; SessionEstablished or SessionClosed follows. Bearer and Framing
  // Type the peer did not offer in its capabilities are not asked for; when none is left, the call
  // is closed at once (RFC 2661 4.4.3).
  virtual void PlaceOutgoingCall(LocalSessionId local_id, const OutgoingCallInfo& info, Instant now,
                                 Actions& out) = 0;
  // LAC: answers OutgoingCallRequested with OCRP; later the call is connected (OCCN, by `info`'s
  // speeds, Framing Type and Sequencing Required) or closed. False when that call is gone.
  virtual bool AcceptOutgoingCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                                  Actions& out) = 0;
  virtual bool ConnectOutgoingCall(LocalSessionId session, const CallInfo& info, Instant now,
                                   Actions& out) = 0;
  // LAC: sends ICRQ, and ICCN when it is answered. The tunnel must be established.
  virtual void PlaceCall(LocalSessionId local_id, const CallInfo& info, Instant now,
                         Actions& out) = 0;
  // CDN, from any state. False when there is no such session.
  virtual bool CloseSession(LocalSessionId session, const ResultCode& result,
                            const std::optional<PppDisconnectCause>& ppp_cause, Instant now,
                            Actions& out) = 0;
  bool CloseSession(LocalSessionId session, const ResultCode& result, Instant now, Actions& out) {
    return CloseSession(session, result, std::nullopt, now, out);
  }

  // On an established session; false when there is none. LNS: SLI, CSURQ (RFC 5515). LAC: WEN.
  virtual bool SendLinkInfo(const LinkInfo& info, Instant now, Actions& out) = 0;
  virtual bool RequestAccessLineUpdate(LocalSessionId session, Instant now, Actions& out) = 0;
  virtual bool SendWanErrors(const WanErrors& errors, Instant now, Actions& out) = 0;

  // Data arrived on this tunnel, now or a while ago: a sign of life for the HELLO timer when
  // data_is_life is set.
  virtual void OnDataSeen(Instant now) = 0;

  // For operators and tests.
  using Statistics = ChannelStatistics;
  virtual TunnelState state() const = 0;
  virtual LocalTunnelId local_id() const = 0;
  virtual PeerTunnelId peer_id() const = 0;
  virtual const std::string& peer_host_name() const = 0;
  virtual const std::string& peer_vendor_name() const = 0;
  virtual uint32_t peer_framing_capabilities() const = 0;
  virtual uint32_t peer_bearer_capabilities() const = 0;  // 0: the peer places no calls
  // Of the SCCRQ this tunnel began with, ours or the peer's.
  virtual std::optional<uint64_t> tie_breaker() const = 0;
  virtual uint16_t ns() const = 0;
  virtual uint16_t nr() const = 0;
  virtual uint16_t peer_window() const = 0;
  // Control messages of ours that are not acknowledged yet, sent or waiting.
  virtual size_t backlog() const = 0;
  virtual size_t session_count() const = 0;
  virtual std::optional<SessionState> session_state(LocalSessionId session) const = 0;
  virtual const Statistics& statistics() const = 0;
};

}  // namespace lns::l2tp
