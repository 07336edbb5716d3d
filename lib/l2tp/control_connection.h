// The one implementation of Tunnel: feeds the tunnel and session tables with what messages, the
// owner and time bring, and carries out their steps. Split by subject: control_connection.cc
// (entry points, timers), control_connection_tunnel.cc (SCCRQ to StopCCN),
// control_connection_session.cc (ICRQ to CDN), control_connection_calls.cc (what the owner asks).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "lib/l2tp/message.h"
#include "lib/l2tp/reliable_channel.h"
#include "lib/l2tp/session_fsm.h"
#include "lib/l2tp/session_table.h"
#include "lib/l2tp/tunnel.h"
#include "lib/l2tp/tunnel_fsm.h"

namespace lns::l2tp {

class ControlConnection final : public Tunnel {
 public:
  ControlConnection(const TunnelSettings& settings, LocalTunnelId local_id, bool opened_here,
                    Rng& rng, Instant now);

  // The first steps, for the factories in tunnel.cc.
  void StartOpen(Instant now, Actions& out);
  // `refusal`: answer with StopCCN whatever the SCCRQ says.
  void StartAccept(ByteView sccrq, const ResultCode* refusal, Instant now, Actions& out);

  void OnDatagram(ByteView datagram, Instant now, Actions& out) override;
  void OnTimer(Instant now, Actions& out) override;
  Instant NextDeadline() const override;
  void Close(const ResultCode& result, Instant now, Actions& out) override;
  bool AcceptCall(PeerSessionId call, LocalSessionId local_id, Instant now, Actions& out) override;
  bool RejectCall(PeerSessionId call, const ResultCode& result, Instant now, Actions& out) override;
  void PlaceCall(LocalSessionId local_id, const CallInfo& info, Instant now, Actions& out) override;
  void PlaceOutgoingCall(LocalSessionId local_id, const OutgoingCallInfo& info, Instant now,
                         Actions& out) override;
  bool AcceptOutgoingCall(PeerSessionId call, LocalSessionId local_id, Instant now,
                          Actions& out) override;
  bool ConnectOutgoingCall(LocalSessionId session, const CallInfo& info, Instant now,
                           Actions& out) override;
  bool CloseSession(LocalSessionId session, const ResultCode& result,
                    const std::optional<PppDisconnectCause>& ppp_cause, Instant now,
                    Actions& out) override;
  bool SendLinkInfo(const LinkInfo& info, Instant now, Actions& out) override;
  bool RequestAccessLineUpdate(LocalSessionId session, Instant now, Actions& out) override;
  bool SendWanErrors(const WanErrors& errors, Instant now, Actions& out) override;
  void Discard(Instant now, Actions& out) override;
  void Drain(std::optional<ResultCode> refusal) override { refusal_ = std::move(refusal); }
  void OnDataSeen(Instant now) override {
    if (settings_.data_is_life) last_heard_ = std::max(last_heard_, now);
  }

  TunnelState state() const override { return state_; }
  LocalTunnelId local_id() const override { return local_id_; }
  PeerTunnelId peer_id() const override { return peer_id_; }
  const std::string& peer_host_name() const override { return peer_host_name_; }
  const std::string& peer_vendor_name() const override { return peer_vendor_name_; }
  uint32_t peer_framing_capabilities() const override { return peer_framing_; }
  uint32_t peer_bearer_capabilities() const override { return peer_bearer_; }
  std::optional<uint64_t> tie_breaker() const override { return tie_breaker_; }
  uint16_t ns() const override { return channel_.ns(); }
  uint16_t nr() const override { return channel_.nr(); }
  uint16_t peer_window() const override { return channel_.peer_window(); }
  size_t backlog() const override { return channel_.unacknowledged() + channel_.unsent(); }
  size_t session_count() const override { return sessions_.size(); }
  std::optional<SessionState> session_state(LocalSessionId session) const override;
  const Statistics& statistics() const override { return channel_.statistics(); }

 private:
  // What an event brings with it, as far as its step needs it.
  struct TunnelInput {
    const Message* message = nullptr;
    ResultCode result;
    TunnelEnd end = TunnelEnd::kProtocol;  // when it ends the tunnel
  };
  struct SessionInput {
    const Message* message = nullptr;               // received
    const Message* request = nullptr;               // of a call to place
    const CallInfo* connected = nullptr;            // of an outgoing call that was answered
    const PppDisconnectCause* ppp_cause = nullptr;  // of a close
    LocalSessionId local_id;                        // of an answer
    ResultCode result;
    bool by_peer = false;
  };
  struct SessionIds {
    LocalSessionId local_id = {};
    PeerSessionId peer_id = {};
  };
  using Slot = SessionTable::Slot;

  // --- control_connection.cc
  void OnMessage(ByteView datagram, Instant now, Actions& out);
  void Dispatch(const Header& header, const DecodedMessage& decoded, Instant now, Actions& out);
  // Ends every entry point: what the window lets out, acknowledgements, the ends of closing.
  void Finish(Instant now, Actions& out);
  void Send(const Message& message, PeerSessionId session,
            ReliableChannel::Place place = ReliableChannel::Place::kBack);
  TunnelInput NoAnswer() const;
  Duration RetransmissionCycle() const;
  bool ShouldSendHello() const;
  bool IsForThisTunnel(const Header& header) const;

  // --- control_connection_tunnel.cc
  void OnTunnelMessage(const DecodedMessage& decoded, Instant now, Actions& out);
  void StepTunnel(TunnelEvent event, const TunnelInput& input, Instant now, Actions& out);
  void SetState(TunnelState next, Instant now);
  // Why the peer's set-up message cannot be accepted; nothing when it can.
  std::optional<ResultCode> JudgeSccrq(const DecodedMessage& decoded, Actions& out) const;
  std::optional<ResultCode> JudgeSccrp(const DecodedMessage& decoded, Actions& out) const;
  std::optional<ResultCode> JudgeScccn(const DecodedMessage& decoded, Actions& out) const;
  std::optional<ResultCode> JudgePeer(const DecodedMessage& decoded, Actions& out) const;
  std::optional<ResultCode> JudgeResponse(const Message& message, Actions& out) const;
  void LearnPeer(const Message& message);
  void SendSccrq();
  void SendSccrp(const Message& sccrq);
  void SendScccn(const Message& sccrp);
  void SendStopCcn(const ResultCode& result);
  void AddOwnProperties(Message& message);
  void AddChallenge(bool offered, Message& message);
  void AddTieBreaker(Message& message);
  void AddResponse(const Message& challenged_by, Message& message) const;
  void ReportClosed(const TunnelInput& input, Actions& out);

  // --- control_connection_session.cc
  void OnSessionMessage(const Header& header, const DecodedMessage& decoded, Instant now,
                        Actions& out);
  void OnCallRequest(const Header& header, const DecodedMessage& decoded, Instant now,
                     Actions& out);
  std::optional<ResultCode> JudgeCallRequest(const DecodedMessage& decoded, Actions& out) const;
  void OnReply(Slot slot, const DecodedMessage& decoded, Instant now, Actions& out);
  void OnConnected(Slot slot, const DecodedMessage& decoded, Instant now, Actions& out);
  void OnNews(const Session& session, const Message& message, Actions& out);
  void OnSessionless(const DecodedMessage& decoded, Actions& out);
  void OnSpeedUpdates(const Message& csun, Actions& out);
  std::optional<Slot> FindSession(const Header& header, const Message& message) const;
  void StepSession(Slot slot, SessionEvent event, const SessionInput& input, Instant now,
                   Actions& out);
  void SendCdn(const SessionIds& ids, const ResultCode& result,
               const PppDisconnectCause* ppp_cause = nullptr);
  void CloseAllSessions(const ResultCode& result, bool by_peer, Actions& out);

  // --- control_connection_calls.cc
  void RequestCall(SessionRole role, LocalSessionId local_id, const Message& request, Instant now,
                   Actions& out);
  bool AnswerCall(SessionRole role, PeerSessionId call, LocalSessionId local_id, Instant now,
                  Actions& out);
  std::optional<Slot> FindUnanswered(PeerSessionId call) const;
  const Session* FindEstablished(LocalSessionId id, bool as_lns) const;
  bool SendNews(LocalSessionId id, bool as_lns, const Message& message, Instant now, Actions& out);
  void Indicate(const Session& session, const Message& request, Actions& out);
  void SendReply(const Session& session);
  void OpenLac(Slot slot, const CallInfo* connected);
  void OpenLns(Slot slot, const Message& connected, Actions& out);
  void ReportOpened(Actions& out);
  void ForgetOpening(LocalSessionId session);

  const TunnelSettings settings_;
  const LocalTunnelId local_id_;
  const bool opened_here_;
  Rng& rng_;
  ReliableChannel channel_;
  SessionTable sessions_;
  // LAC: calls whose ICCN or OCCN has not left yet, in their order.
  struct Opening {
    uint64_t leaves_at;  // of the channel's messages_transmitted
    SessionEstablished established;
  };
  std::deque<Opening> openings_;

  TunnelState state_ = TunnelState::kIdle;
  Instant state_deadline_ = Instant::Never();  // of set-up, or of retention
  Instant last_heard_;
  PeerTunnelId peer_id_;
  std::string peer_host_name_;
  std::string peer_vendor_name_;
  uint32_t peer_framing_ = 0;
  uint32_t peer_bearer_ = 0;
  std::optional<uint64_t> tie_breaker_;
  std::optional<ResultCode> refusal_;  // of new calls, while draining
  Bytes challenge_;                    // ours, until it is answered
  bool closed_reported_ = false;
};

}  // namespace lns::l2tp
