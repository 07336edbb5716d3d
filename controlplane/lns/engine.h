// The LNS: every tunnel and session, their ids, admission, addresses and timers. Sans-IO and
// single-threaded: the protocol loop calls it with punted frames, verdicts, confirmations and
// `now`.
//
// A call: ICRQ -> admission (limits, ids) -> ProgramSession{confirm} with both NCPs closed ->
// OnSessionProgrammed -> ICRP (the peer learns our id only after the data plane knows it, so no
// early PPP frame can miss its session) -> ICCN -> PPP server link -> AuthenticateUser ->
// OnAuthVerdict -> address -> an NCP is about to be acknowledged -> ProgramSession{confirm} with
// the prefix and the NCP open, the Configure-Ack and all frames behind it held ->
// OnSessionProgrammed -> they leave (the subscriber may send packets as soon as it has the Ack, and
// the data plane lets them pass by then) -> NCP up -> online.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/settings.h"
#include "controlplane/lns/actions.h"
#include "controlplane/lns/close_cause.h"
#include "controlplane/lns/explanation.h"
#include "controlplane/lns/policies.h"
#include "controlplane/lns/profiles.h"
#include "controlplane/lns/rates.h"
#include "controlplane/lns/service.h"
#include "controlplane/lns/vrfs.h"
#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/tunnel.h"
#include "lib/net/address.h"
#include "lib/ppp/link.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::controlplane {

// A user who logs in while a session of theirs is online already.
enum class DuplicateUserPolicy : uint8_t {
  kAllow,
  kReplace,  // the oldest session ends
  kDeny,     // the newer one is refused
  kCount,    // as kAllow, and counted
};

// What is kept of each subscriber's messages to be explained later (trail.h).
struct TrailSettings {
  uint32_t session_bytes = 1024;  // of one session's latest events
  uint32_t tunnel_bytes = 4096;   // of one tunnel's
  // Sessions together; past it each keeps kFloorBytes of its latest events only.
  uint64_t total_bytes = uint64_t{64} << 20;
  uint32_t ended = 1024;  // sessions, and as many tunnels, that ended lately

  static constexpr uint32_t kFloorBytes = 96;
};

struct EngineSettings {
  uint32_t max_tunnels = 4096;
  uint32_t max_sessions = 65536;
  Duration id_rest = Duration::Seconds(31);
  // First match wins; an SCCRQ that none matches is refused with StopCCN 4.
  std::vector<PeerProfile> peers;
  ppp::LinkSettings ppp;
  std::vector<VrfName> vrfs;
  std::vector<AddressPoolSettings> pools;
  std::vector<net::IpAddress> local_addresses;  // from which tunnels are opened
  std::vector<net::IpAddress> dns;              // at most two, IPv4
  net::IpAddress local_ipcp_address;            // none: the pool's gateway
  bool clamp_mss = false;                       // of subscribers' TCP connections
  RateSettings rates;
  Ipv6Settings ipv6;

  DuplicateUserPolicy duplicate_users = DuplicateUserPolicy::kAllow;
  uint32_t sessions_per_user = 1;  // with kReplace and kDeny, where AAA says nothing else
  TrailSettings trails;
  PolicySettings policies;

  // Bounds on what an unproven peer can make us keep. A tunnel is half-open until established; one
  // we refused counts until its retention is over. Past either bound an SCCRQ is dropped unheard.
  uint32_t max_half_open = 2048;
  uint32_t max_half_open_per_source = 256;
  // PPP frames that arrive before their ICCN was processed, kept for the link about to start.
  uint32_t max_early_frames_per_session = 4;
  uint32_t max_early_frames = 4096;
  // PPP frames held back until the data plane lets the subscriber's packets pass. Further ones are
  // dropped, as on a wire: PPP repeats what matters.
  uint32_t max_held_frames_per_session = 16;
  uint32_t max_held_frames = 65536;
  // A call waits this long for the data plane, asking again at every retry, then gets CDN 4.
  Duration program_retry = Duration::Seconds(1);
  Duration program_timeout = Duration::Seconds(10);
  // A session being cleared gets this long for LCP Terminate before its CDN.
  Duration clear_timeout = Duration::Seconds(8);
};

// What a configuration can get wrong: overlapping pools, a gateway outside its pool, more than two
// DNS servers, no peer. Engine::Make requires kOk.
absl::Status ValidateSettings(const EngineSettings& settings);

// What AAA decides. What `service` names are its wishes; the engine allocates.
struct AuthVerdict {
  bool accepted = false;
  std::string message;  // said to the peer
  std::string ms_chap;  // MS-CHAP: ppp::AuthenticationVerdict's
  std::string cause;    // refused: why, for the log alone ("unknown user")
  // Refused for another reason than the user's answer: what the LAC is told of it. kNone: that
  // authentication failed.
  CloseCause refusal = CloseCause::kNone;
  ServicePtr service;  // accepted; null: nothing special
};

// What the LAC tells of a subscriber's line.
struct LineRecord {
  l2tp::AccessLine line;       // RFC 5515, with the newest speeds
  bool speed_updates = false;  // the LAC will send CSUN
  uint32_t updates = 0;        // CSUN received
  l2tp::CallErrors errors;     // of the newest WEN: totals of the call
  uint32_t error_notices = 0;  // WEN received
};

// An outgoing call, as the operator wants it.
struct OutgoingCall {
  std::string called_number;
  std::string sub_address;
  // The tunnel, or else a peer of which an established tunnel is taken.
  l2tp::LocalTunnelId tunnel;
  std::string peer;
  uint32_t minimum_bps = 9600;
  uint32_t maximum_bps = 100'000'000;
};

// Other terms for a user who is online. What was given when they came (addresses, pools, DNS
// servers, VRF) stays; what the data plane does with their packets, routes, limits and what
// accounting tells follow.
struct ServiceChange {
  AccountingId session;
  ServicePtr service;  // null: whoever asks knows of no such session
};

struct TunnelView {
  l2tp::LocalTunnelId local_id;
  l2tp::PeerTunnelId peer_id;
  l2tp::TunnelState state;
  net::EndpointPair endpoints;
  std::string peer_host_name;
  std::string peer_vendor_name;
  std::string peer;     // as configured
  std::string profile;  // how it is treated
  uint32_t sessions = 0;
  Instant created;
  uint16_t ns = 0;
  uint16_t nr = 0;
  uint16_t peer_window = 0;
  l2tp::Tunnel::Statistics statistics;
  bool opened_by_us = false;
  std::string vrf = {};  // that its packets travel in; empty: the main one
};

struct SessionView {
  SessionKey key;
  l2tp::PeerSessionId peer_id;
  std::string state;  // wait-reply, wait-connect, lcp, authenticate, network, online, closing
  std::string user_name;
  net::IpAddress ipv4_address;
  uint64_t ipv6_interface_id = 0;
  std::vector<net::IpPrefix> ipv6_prefixes;       // of the link
  std::vector<net::IpPrefix> delegated_prefixes;  // by DHCPv6
  std::vector<net::IpAddress> ipv6_addresses;     // by DHCPv6
  ppp::AuthProtocol auth = ppp::AuthProtocol::kNone;
  l2tp::CallInfo call;
  uint16_t peer_mru = 0;
  Instant created;
  net::Endpoint peer;
  bool outgoing = false;
  bool proxied_lcp = false;
  bool sequence_numbers = false;
  std::optional<uint8_t> dscp;
  std::optional<LineRecord> line;
  std::vector<std::string> uplink_filters;
  std::vector<std::string> downlink_filters;
  std::string redirect_url;
  std::string vrf;  // empty: the main one
};

struct PoolView {
  std::string name;
  net::IpPrefix prefix;
  uint64_t size = 0;
  uint64_t used = 0;
  uint8_t unit_length = 32;  // of what is handed out
  uint64_t exhausted = 0;    // asked in vain
  std::string next = {};     // asked then
  std::string vrf = {};      // empty: the main one
};

struct EngineCounts {
  uint32_t tunnels = 0;  // not closed
  uint32_t sessions = 0;
  uint32_t sessions_online = 0;
};

class Engine {
 public:
  static std::unique_ptr<Engine> Make(EngineSettings settings, Rng& rng);
  virtual ~Engine() = default;

  // Punted frames, as they came: nothing about them is trusted.
  virtual void OnControl(const net::EndpointPair& endpoints, ByteView message, Instant now,
                         EngineActions& out) = 0;
  virtual void OnPpp(const SessionKey& session, ByteView frame, Instant now,
                     EngineActions& out) = 0;
  // Outcomes. OnSessionProgrammed may also refuse an entry that asked for no confirmation: that
  // call ends. Keys, revisions and requests that are gone are ignored.
  virtual void OnSessionProgrammed(const SessionKey& session, uint16_t revision,
                                   const absl::Status& status, Instant now, EngineActions& out) = 0;
  virtual void OnAuthVerdict(uint64_t request_id, const AuthVerdict& verdict, Instant now,
                             EngineActions& out) = 0;
  // The data plane's word that a session's subscriber does not answer LCP echoes.
  virtual void OnEchoTimeout(const SessionKey& /*session*/, Instant /*now*/,
                             EngineActions& /*out*/) {}
  // Data came in through these tunnels, at that time at the earliest.
  virtual void OnTunnelData(std::span<const l2tp::LocalTunnelId> /*tunnels*/, Instant /*heard*/) {}
  // Time. The loop calls OnTimer whenever NextDeadline() is due.
  virtual void OnTimer(Instant now, EngineActions& out) = 0;
  virtual Instant NextDeadline() const = 0;

  // Operators. kNotFound where there is no such thing; kOk when the clearing has begun.
  virtual absl::Status ClearSession(const SessionKey& session, Instant now, EngineActions& out) = 0;
  // An online session ends on accounting's or AAA's order. False: there is none with this id.
  virtual bool TerminateSession(const AccountingId& id, CloseCause cause, Instant now,
                                EngineActions& out) = 0;
  // What the user of an online session is served now; null: there is none with this id.
  virtual ServicePtr ServiceOf(const AccountingId& id) const = 0;
  // All of the changes or none: ServiceOrderDone says which. kNotFound: a session is not online, or
  // not any more; kAborted: one is being changed already, or AAA is asked about its user again;
  // kUnavailable: the data plane is away; anything else is what the data plane says.
  virtual void ChangeService(uint64_t order, const std::vector<ServiceChange>& changes, Instant now,
                             EngineActions& out) = 0;
  virtual absl::Status ClearTunnel(l2tp::LocalTunnelId tunnel, Instant now, EngineActions& out) = 0;
  // Opens a tunnel to a configured peer; kOk when its SCCRQ is on its way.
  virtual absl::StatusOr<l2tp::LocalTunnelId> OpenTunnel(const std::string& peer, Instant now,
                                                         EngineActions& out) = 0;
  // Places a call; kOk when its OCRQ is on its way.
  virtual absl::StatusOr<SessionKey> PlaceCall(const OutgoingCall& call, Instant now,
                                               EngineActions& out) = 0;
  // Asks the LAC for the line's speeds (RFC 5515).
  virtual absl::Status RequestLineSpeed(const SessionKey& session, Instant now,
                                        EngineActions& out) = 0;
  // New tunnels and calls are refused, or taken again; what there is stays.
  virtual void SetDrain(bool on, Instant now, EngineActions& out) = 0;
  virtual bool draining() const = 0;
  // Makes a filter, or puts it in the place of the one of its name; sessions keep it by name.
  // kInvalidArgument for what is no filter, kFailedPrecondition for one that sessions have.
  virtual absl::Status SetFilter(const FilterPtr& filter, Instant now, EngineActions& out) = 0;
  virtual absl::Status RemoveFilter(const std::string& name, Instant now, EngineActions& out) = 0;
  // In the order of names.
  virtual std::vector<FilterPtr> Filters() const = 0;
  // Process stop: StopCCN 6 to every peer; complete when each has acknowledged it or timed out.
  virtual void Shutdown(Instant now, EngineActions& out) = 0;
  virtual bool ShutdownComplete() const = 0;

  virtual std::vector<TunnelView> Tunnels() const = 0;
  // At most `limit` tunnels, ordered by id, from the first one after `after`; 0 is the start.
  virtual std::vector<TunnelView> TunnelsAfter(l2tp::LocalTunnelId after, size_t limit) const = 0;
  virtual std::vector<SessionView> Sessions() const = 0;
  // At most `limit` sessions, ordered by key, from the first one after `after`; {0, 0} is the
  // start.
  virtual std::vector<SessionView> SessionsAfter(const SessionKey& after, size_t limit) const = 0;
  virtual std::optional<SessionView> FindSession(const SessionKey& session) const = 0;
  virtual std::vector<PoolView> Pools() const = 0;
  // What users have and had of the pools, kept over a restart: told before the first call; and
  // taken out as it changes.
  virtual void RememberLeases(std::span<const RememberedLease> /*leases*/) {}
  virtual void TakeRememberedLeases(std::vector<RememberedLease>& out) { out.clear(); }
  // The story of one that lives (or is retained), and of those that ended lately, the newest first,
  // that are wanted.
  virtual std::optional<Explanation> Explain(const SessionKey& session) const = 0;
  virtual std::optional<Explanation> Explain(l2tp::LocalTunnelId tunnel) const = 0;
  virtual std::vector<Explanation> Ended(
      const std::function<bool(const Explanation&)>& wanted) const = 0;
  virtual EngineCounts Counts() const = 0;
  virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;

  // What the data plane should hold now, sessions that wait for their confirmation included, for
  // the reconciler to refill an empty one: a page of at most `limit`, appended to `out`. `cursor`
  // is 0 at first, then what the call before returned; 0 is the end. What is there throughout is in
  // some page, whatever else comes and goes between two.
  virtual uint32_t DesiredTunnels(uint32_t cursor, size_t limit,
                                  std::vector<TunnelEntry>& out) const = 0;
  virtual uint32_t DesiredSessions(uint32_t cursor, size_t limit,
                                   std::vector<SessionEntry>& out) const = 0;
};

}  // namespace lns::controlplane
