// The LNS engine's one class. Its methods are spread over files by subject, each file's head saying
// what it does: engine.cc (dispatch, timers), tunnels.cc, opening.cc, peer_endpoints.cc, calls.cc,
// outgoing_calls.cc, links.cc, addresses.cc, ipv6.cc, held_frames.cc, users.cc, lines.cc,
// service_changes.cc, accounting.cc, trails.cc, operations.cc, views.cc. State that has rules of
// its own lives in the classes it is made of.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/lns/admission.h"
#include "controlplane/lns/counters.h"
#include "controlplane/lns/deadlines.h"
#include "controlplane/lns/engine.h"
#include "controlplane/lns/id_allocator.h"
#include "controlplane/lns/interned_strings.h"
#include "controlplane/lns/session_facts.h"
#include "controlplane/lns/session_table.h"
#include "controlplane/lns/tunnel_table.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace lns::controlplane {

class EngineImpl final : public Engine {
 public:
  EngineImpl(EngineSettings settings, Rng& rng);

  void OnControl(const net::EndpointPair& endpoints, ByteView message, Instant now,
                 EngineActions& out) override;
  void OnPpp(const SessionKey& key, ByteView frame, Instant now, EngineActions& out) override;
  void OnSessionProgrammed(const SessionKey& key, uint16_t revision, const absl::Status& status,
                           Instant now, EngineActions& out) override;
  void OnAuthVerdict(uint64_t request_id, const AuthVerdict& verdict, Instant now,
                     EngineActions& out) override;
  void OnEchoTimeout(const SessionKey& key, Instant now, EngineActions& out) override;
  void OnTunnelData(std::span<const l2tp::LocalTunnelId> tunnels, Instant heard) override;
  void OnTimer(Instant now, EngineActions& out) override;
  Instant NextDeadline() const override;

  absl::Status ClearSession(const SessionKey& key, Instant now, EngineActions& out) override;
  bool TerminateSession(const AccountingId& id, CloseCause cause, Instant now,
                        EngineActions& out) override;
  ServicePtr ServiceOf(const AccountingId& id) const override;
  void ChangeService(uint64_t order, const std::vector<ServiceChange>& changes, Instant now,
                     EngineActions& out) override;
  absl::Status ClearTunnel(l2tp::LocalTunnelId id, Instant now, EngineActions& out) override;
  absl::StatusOr<l2tp::LocalTunnelId> OpenTunnel(const std::string& peer, Instant now,
                                                 EngineActions& out) override;
  absl::StatusOr<SessionKey> PlaceCall(const OutgoingCall& call, Instant now,
                                       EngineActions& out) override;
  absl::Status RequestLineSpeed(const SessionKey& key, Instant now, EngineActions& out) override;
  void SetDrain(bool on, Instant now, EngineActions& out) override;
  bool draining() const override { return draining_; }
  absl::Status SetFilter(const FilterPtr& filter, Instant now, EngineActions& out) override;
  absl::Status RemoveFilter(const std::string& name, Instant now, EngineActions& out) override;
  std::vector<FilterPtr> Filters() const override { return policies_.All(); }
  void Shutdown(Instant now, EngineActions& out) override;
  bool ShutdownComplete() const override;

  std::vector<TunnelView> Tunnels() const override;
  std::vector<TunnelView> TunnelsAfter(l2tp::LocalTunnelId after, size_t limit) const override;
  std::vector<SessionView> Sessions() const override;
  std::vector<SessionView> SessionsAfter(const SessionKey& after, size_t limit) const override;
  std::optional<SessionView> FindSession(const SessionKey& key) const override;
  std::vector<PoolView> Pools() const override;
  void RememberLeases(std::span<const RememberedLease> leases) override;
  void TakeRememberedLeases(std::vector<RememberedLease>& out) override;
  std::optional<Explanation> Explain(const SessionKey& key) const override;
  std::optional<Explanation> Explain(l2tp::LocalTunnelId id) const override;
  std::vector<Explanation> Ended(
      const std::function<bool(const Explanation&)>& wanted) const override;
  EngineCounts Counts() const override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return counters_.All();
  }
  uint32_t DesiredTunnels(uint32_t cursor, size_t limit,
                          std::vector<TunnelEntry>& out) const override;
  uint32_t DesiredSessions(uint32_t cursor, size_t limit,
                           std::vector<SessionEntry>& out) const override;

 private:
  // Timers handled in one OnTimer; the rest stay due, so that punted frames get their turn.
  static constexpr int kMaxTimersPerCall = 1024;

  // One call into the engine: the moment it happens and where its actions go.
  struct Turn {
    Instant now;
    EngineActions& out;
  };
  // Sessions that reached `established` while their tunnel's actions are carried out: their links
  // start after the last of these, so that the ICCN's acknowledgement leaves before the first LCP
  // frame (some peers start PPP only then).
  struct LinkStart {
    SessionKey key;
    l2tp::CallInfo info;
  };
  using Starts = std::vector<LinkStart>;
  // Why a session ends: for the counter, the log and its story.
  struct SessionEnd {
    CloseCause cause = CloseCause::kNone;
    std::string detail;
    std::optional<l2tp::PppDisconnectCause> sent_cause = {};
    std::optional<l2tp::PppDisconnectCause> received_cause = {};
  };

  // engine.cc
  void Deliver(TunnelRecord& tunnel, const l2tp::Header& header, ByteView message, Turn turn);
  void FinishTurn();
  void Log(LogLevel level, std::string text, Turn turn);
  bool RunDueTimers(Deadlines& deadlines, int& budget, Turn turn,
                    void (EngineImpl::*run)(uint32_t index, Turn turn));
  void OnTunnelTimer(uint32_t index, Turn turn);
  void OnSessionTimer(uint32_t index, Turn turn);
  void EndRests(int& budget, Instant now);

  // tunnels.cc
  void OnSccrq(const net::EndpointPair& endpoints, const l2tp::Header& header, ByteView message,
               Turn turn);
  void AcceptTunnel(const net::EndpointPair& endpoints, ByteView message,
                    const l2tp::SccrqInfo& info, const PeerProfile& profile, Turn turn);
  void RefuseTunnel(const net::EndpointPair& endpoints, ByteView message,
                    const l2tp::SccrqInfo& info, const l2tp::ResultCode& result, Turn turn);
  TunnelRecord* AddTunnel(const net::EndpointPair& endpoints, ByteView message,
                          const l2tp::SccrqInfo& info, Turn turn);
  bool IsSameSccrq(const TunnelRecord& tunnel, ByteView message, Instant now) const;
  void CarryOut(TunnelRecord& tunnel, l2tp::Actions& actions, Turn turn);
  void CarryOut(TunnelRecord& tunnel, l2tp::Action action, l2tp::Actions& actions, Starts& starts,
                Turn turn);
  void Send(TunnelRecord& tunnel, Bytes message, Turn turn);
  void OnTunnelEstablished(TunnelRecord& tunnel, Turn turn);
  void OnTunnelClosed(TunnelRecord& tunnel, const l2tp::TunnelClosed& closed, Turn turn);
  void EndHalfOpen(TunnelRecord& tunnel);
  void ReleaseTunnel(TunnelRecord& tunnel, Turn turn);
  void Reschedule(TunnelRecord& tunnel);

  // calls.cc
  CloseCause JudgeCall(const TunnelRecord& tunnel) const;
  void OnIncomingCall(TunnelRecord& tunnel, const l2tp::IncomingCall& call, l2tp::Actions& actions,
                      Turn turn);
  void RefuseCall(TunnelRecord& tunnel, const l2tp::IncomingCall& call, CloseCause cause,
                  l2tp::Actions& actions, Turn turn);
  void NoteRefusal(const TunnelRecord& tunnel, CloseCause cause, Turn turn);
  void OnSessionEstablished(TunnelRecord& tunnel, l2tp::SessionEstablished& established,
                            Starts& starts, Turn turn);
  void TakeTreatment(SessionRecord& session, const l2tp::CallInfo& info);
  void OnSessionClosed(TunnelRecord& tunnel, const l2tp::SessionClosed& closed, Turn turn);
  void OnDataplaneReady(SessionRecord& session, Turn turn);
  void OnDataplaneRefusal(SessionRecord& session, uint16_t revision, const absl::Status& status,
                          Turn turn);
  void AnswerCall(SessionRecord& session, Turn turn);
  void ProgramAgain(SessionRecord& session, Turn turn);
  // Ends a call from whatever stage, with a CDN. `detail` joins the log line.
  void EndSession(SessionRecord& session, CloseCause cause, const std::string& detail, Turn turn);
  void SendNow(TunnelRecord& tunnel, l2tp::Actions& actions, Turn turn);
  // Gives back all a session holds.
  void Release(SessionRecord& session, SessionEnd end, Turn turn);

  // links.cc
  const ppp::LinkSettings& LinkSettingsOf(const SessionRecord& session) const;
  void StartLink(SessionRecord& session, const l2tp::CallInfo& info, Turn turn);
  void OnLinkOpened(SessionRecord& session, const ppp::LinkOpened& opened, Turn turn);
  void QueueEarlyFrame(SessionRecord& session, ByteView frame);
  void DropEarlyFrames(SessionRecord& session);
  void CarryOut(SessionRecord& session, ppp::LinkActions& actions, Turn turn);
  void CarryOut(SessionRecord& session, ppp::LinkAction action, Turn turn);
  void AskAaa(SessionRecord& session, ppp::AuthenticationNeeded credentials, Turn turn);
  CloseCause Admit(SessionRecord& session, ServicePtr service, Turn turn);
  CallDescription DescribeCall(const SessionRecord& session) const;
  void SetOpen(SessionRecord& session, bool ipv4_open, bool ipv6_open, Turn turn);
  void SetUp(SessionRecord& session, bool ipv4_up, bool ipv6_up, Turn turn);
  void CloseNetwork(SessionRecord& session, uint16_t control_protocol, Turn turn);
  SessionEntry EntryOf(const SessionRecord& session) const;
  void Reschedule(SessionRecord& session);

  // addresses.cc
  AddressBook& BookOf(const SessionRecord& session) { return books_.at(session.vrf); }
  const AddressBook& BookOf(const SessionRecord& session) const { return books_.at(session.vrf); }
  std::vector<uint16_t> PoolsOf(net::VrfIndex vrf) const;
  CloseCause GrantAddresses(SessionRecord& session, Turn turn);
  CloseCause GrantIpv4(SessionRecord& session);
  CloseCause GrantIpv6(SessionRecord& session, Turn turn);
  void ReleaseIpv4(SessionRecord& session);
  void ReleaseAddresses(SessionRecord& session, Turn turn);
  std::string AddressText(const SessionRecord& session) const;
  void AppendPrefixes(const SessionRecord& session, SessionEntry& entry) const;

  // ipv6.cc
  Ipv6Environment Around(const SessionRecord& session, Turn turn);
  bool TakeIpv6Packet(SessionRecord& session, ByteView frame, Turn turn);
  void OnIpv6Up(SessionRecord& session, const ppp::Ipv6Up& up, Turn turn);
  void OnIpv6Timer(SessionRecord& session, Turn turn);
  void SayGoodbye(SessionRecord& session, Turn turn);
  void TellIpv6Change(SessionRecord& session, const ServiceProfile& before, Turn turn);
  void CarryOut(SessionRecord& session, Ipv6Output& output, Turn turn);

  // held_frames.cc
  void SendOrHold(SessionRecord& session, Bytes frame, Turn turn);
  void BeginHolding(SessionRecord& session, Turn turn);
  void SendHeldFrames(SessionRecord& session, Turn turn);
  void DropHeldGrants(SessionRecord& session, uint16_t control_protocol);
  void DropHeldDhcpReplies(SessionRecord& session);
  void EraseHeld(SessionRecord& session, absl::FunctionRef<bool(ByteView)> unwanted);
  void DropHeldFrames(SessionRecord& session);

  // trails.cc
  void Record(SessionRecord& session, TrailKind kind, ByteView bytes, Turn turn);
  void Record(TunnelRecord& tunnel, TrailKind kind, ByteView bytes, Turn turn);
  void Note(SessionRecord& session, TrailNote note, std::string_view detail, Turn turn);
  void Note(TunnelRecord& tunnel, TrailNote note, std::string_view detail, Turn turn);
  ByteView BlottedControl(ByteView message);
  void RecordReceived(TunnelRecord& tunnel, const l2tp::Header& header, ByteView message,
                      Turn turn);
  void TakeOfferedCall(SessionRecord& session, Turn turn);
  void RecordUntakenOffer(TunnelRecord& tunnel, Turn turn);
  void RecordSent(TunnelRecord& tunnel, ByteView message, Turn turn);
  void RecordPpp(SessionRecord& session, TrailKind kind, ByteView frame, Turn turn);
  void KeepStory(SessionRecord& session, Ending ending);
  void KeepStory(TunnelRecord& tunnel);
  Explanation StoryOf(const SessionRecord& session) const;
  Explanation StoryOf(const TunnelRecord& tunnel) const;

  // opening.cc
  const PeerProfile* FindPeer(const std::string& name) const;
  std::optional<l2tp::LocalTunnelId> Open(const PeerProfile& profile,
                                          const net::EndpointPair& endpoints, Turn turn);
  void EndOpening(const TunnelRecord& tunnel);
  bool LosesTie(const net::EndpointPair& endpoints, const l2tp::SccrqInfo& info, Turn turn);
  void GiveUp(TunnelRecord& tunnel, Turn turn);
  Instant NextReopening() const;
  void Reopen(Turn turn);

  // peer_endpoints.cc
  bool MayComeFrom(const TunnelRecord& tunnel, const net::EndpointPair& endpoints,
                   const l2tp::Header& header) const;
  void MovePeer(TunnelRecord& tunnel, const net::EndpointPair& endpoints, Turn turn);
  TunnelRecord* FindUnnamedTunnel(const net::EndpointPair& endpoints, const l2tp::Header& header);

  // outgoing_calls.cc
  absl::StatusOr<TunnelRecord*> TunnelForCall(const OutgoingCall& call);
  void OnCalledPartyAnswered(SessionRecord& session, l2tp::SessionEstablished& established,
                             Turn turn);

  // lines.cc
  LineRecord& LineOf(SessionRecord& session);
  void LearnLine(SessionRecord& session, const l2tp::CallInfo& info);
  void OnWanErrors(TunnelRecord& tunnel, const l2tp::WanErrors& errors, Turn turn);
  void OnLineSpeed(TunnelRecord& tunnel, const l2tp::AccessLineUpdate& update, Turn turn);
  void TellLac(SessionRecord& session, const ppp::LinkOpened& opened, Turn turn);

  // service_changes.cc
  // Sessions whose service one order changes, and what each had before.
  struct ServiceOrder {
    struct Session {
      uint32_t slot = 0;
      uint64_t number = 0;
      ServicePtr before;
    };
    std::vector<Session> sessions;
    size_t waiting = 0;  // of them, those that the data plane has not confirmed
  };
  const SessionRecord* FindOnline(const AccountingId& id) const;
  SessionRecord* FindOnline(const AccountingId& id);
  SessionRecord* Find(const ServiceOrder::Session& session);
  absl::Status BeginServiceOrder(uint64_t number, const std::vector<ServiceChange>& changes);
  void Serve(SessionRecord& session, ServicePtr service, Turn turn);
  void OnServiceConfirmed(SessionRecord& session, Turn turn);
  void EndServiceWait(SessionRecord& session);
  void CompleteServiceOrder(uint64_t number, Turn turn);
  // Every session of the order goes back to what it had. Without one under way, nothing.
  void FailServiceOrder(uint64_t number, const absl::Status& why, Turn turn);
  void TellFailure(uint64_t order, absl::Status why, Turn turn);

  // users.cc
  CloseCause SettleDuplicates(SessionRecord& session, Turn turn);
  CloseCause MakeRoomForUser(SessionRecord& session, Turn turn);
  void ReleaseName(SessionRecord& session);

  // accounting.cc
  AccountingId AccountingIdOf(const SessionRecord& session) const;
  std::shared_ptr<const SessionFacts> FactsOf(const SessionRecord& session) const;
  std::shared_ptr<const TunnelFacts> FactsOf(const TunnelRecord& tunnel) const;
  // What an online session has is not what it was.
  void TellChange(const SessionRecord& session, Turn turn);
  void TellEnd(const SessionRecord& session, CloseCause cause, Turn turn);
  void TellEnd(TunnelRecord& tunnel, const l2tp::TunnelClosed& closed, Turn turn);
  void TellRejection(const TunnelRecord& tunnel, uint32_t serial_number, CloseCause cause,
                     Turn turn);

  // operations.cc
  void Clear(SessionRecord& session, CloseCause cause, const std::string& by, Turn turn);
  void CloseTunnel(TunnelRecord& tunnel, const l2tp::ResultCode& result, Turn turn);

  // views.cc
  // Empty: the main one.
  std::string NameOfVrf(net::VrfIndex vrf) const;
  SessionView ViewOf(const SessionRecord& session) const;
  TunnelView ViewOf(const TunnelRecord& tunnel) const;

  const EngineSettings settings_;
  Rng& rng_;
  const l2tp::TunnelSettings refusal_settings_;
  const uint64_t run_;  // AccountingId
  bool shutting_down_ = false;
  bool draining_ = false;

  controlplane::Counters counters_;
  Admission admission_{settings_};
  Policies policies_{settings_.policies};
  absl::flat_hash_map<net::VrfIndex, AddressBook> books_;  // the main VRF's too
  InternedStrings strings_;  // before the sessions that hold handles into it

  TunnelTable tunnels_;
  SessionTable sessions_;
  IdAllocator tunnel_ids_;
  RestQueue<l2tp::LocalTunnelId> resting_tunnels_;
  RestQueue<SessionKey> resting_sessions_;
  uint32_t live_tunnels_ = 0;
  uint32_t sessions_online_ = 0;
  uint32_t early_frames_ = 0;
  uint32_t held_frames_ = 0;
  uint32_t auth_requests_ = 0;
  uint64_t accounted_tunnels_ = 0;
  uint32_t placed_calls_ = 0;
  std::vector<l2tp::LocalTunnelId> opening_;  // ours that wait for an SCCRP; a handful
  // Ties nobody won: ours to be opened again. At most one for each order of an operator.
  struct Reopening {
    Instant at;
    const PeerProfile* profile = nullptr;
    net::EndpointPair endpoints;
  };
  std::vector<Reopening> reopenings_;
  // By user name, the slots of the sessions that hold it, the oldest first; the name is the text of
  // one of them.
  using SlotsOfUser = absl::InlinedVector<uint32_t, 1>;
  absl::flat_hash_map<absl::string_view, SlotsOfUser> users_;
  // Refusals under overload come by the thousand: one line a second each, saying how many.
  struct Refusals {
    Instant next_line;
    uint32_t unsaid = 0;
  };
  std::array<Refusals, kCloseCauses> refusals_{};

  // Calls not answered yet, by the only id the peer knows for them.
  struct PendingCall {
    l2tp::LocalTunnelId tunnel;
    l2tp::PeerSessionId call;
    bool operator==(const PendingCall&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const PendingCall& p) {
      return H::combine(std::move(h), p.tunnel, p.call);
    }
  };
  absl::flat_hash_map<PendingCall, SessionKey> pending_calls_;
  absl::flat_hash_map<uint64_t, ServiceOrder> service_orders_;  // as many as AAA asks for at once

  uint64_t trail_bytes_ = 0;  // of live sessions
  std::deque<Explanation> ended_sessions_;
  std::deque<Explanation> ended_tunnels_;
  ByteView offered_call_;  // the ICRQ being processed, until it is somebody's
  Bytes scratch_;

  Deadlines tunnel_deadlines_;   // by local tunnel id
  Deadlines session_deadlines_;  // by slot

  // Ended in this call; destroyed when it returns, as callers up the stack may still look at them.
  std::vector<std::unique_ptr<SessionRecord>> gone_sessions_;
  std::vector<l2tp::LocalTunnelId> gone_tunnels_;
};

// For log lines: bytes of the network made printable and short.
std::string Printable(const std::string& text);
std::string NameOf(const TunnelRecord& tunnel);        // tunnel 7 (lac1, 198.51.100.11:1701)
std::string NameOf(const SessionRecord& session);      // session 7/9 (user alice) in tunnel 7 (...)
const char* StateOf(const SessionRecord& session);     // as SessionView::state
std::string Describe(const l2tp::ResultCode& result);  // result 2 error 4 "no room"

}  // namespace lns::controlplane
