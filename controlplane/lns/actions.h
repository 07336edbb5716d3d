// What the LNS engine asks the process around it to do. The engine appends; the loop
// (controlplane/loop) carries the actions out in order through the seams Dataplane (southbound),
// Transport (transport) and Authenticator (aaa), and reports outcomes back by calls on the engine.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/lns/accounting_id.h"
#include "controlplane/lns/call_description.h"
#include "controlplane/lns/outer_path.h"
#include "controlplane/lns/terminate_cause.h"
#include "lib/base/bytes.h"
#include "lib/l2tp/ids.h"
#include "lib/net/address.h"
#include "lib/net/filter.h"
#include "lib/net/vrf.h"
#include "lib/ppp/link.h"

#include "absl/status/status.h"

namespace lns::controlplane {

struct SessionKey {
  l2tp::LocalTunnelId tunnel;
  l2tp::LocalSessionId session;
  auto operator<=>(const SessionKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const SessionKey& k) {
    return H::combine(std::move(h), k.tunnel, k.session);
  }
};

// Through the inject ring, from our address and port to the peer's.
struct SendControl {
  net::EndpointPair endpoints;
  Bytes message;
};
// Through the inject ring; the data plane encapsulates.
struct SendPpp {
  SessionKey session;
  Bytes frame;  // from the PPP protocol field
};

// Policing (RFC 2698): zero rates let everything pass.
struct MeterEntry {
  uint64_t rate_bps = 0;
  uint64_t burst_octets = 0;
  uint64_t peak_rate_bps = 0;
  uint64_t excess_octets = 0;
  int16_t overhead = 0;  // octets counted on top of each packet

  bool operator==(const MeterEntry&) const = default;
};
// What a tunnel's sessions may carry together; tunnels with one name share one limit.
struct AggregateEntry {
  std::string name;
  std::optional<MeterEntry> uplink;
  std::optional<MeterEntry> downlink;

  bool operator==(const AggregateEntry&) const = default;
};

// Desired state of the data plane; each replaces what was there (idempotent).
struct TunnelEntry {
  l2tp::LocalTunnelId local_id;
  l2tp::PeerTunnelId peer_id;
  net::EndpointPair endpoints;
  uint8_t dscp = 0;  // of data messages we send
  OuterPath outer_path;
  std::optional<AggregateEntry> aggregate;
};
// Downlink packets beyond the rate wait. Zero bursts and queues: by the rate.
struct ShaperEntry {
  uint64_t rate_bps = 0;
  uint64_t burst_octets = 0;
  uint64_t queue_octets = 0;
  int16_t overhead = 0;

  bool operator==(const ShaperEntry&) const = default;
};
// LCP's echoes, done by the data plane while LCP is open (RFC 1661 5.8).
struct EchoEntry {
  uint32_t magic = 0;       // ours
  uint32_t interval_s = 0;  // of our requests; 0: none, the peer's are answered all the same
  uint8_t max_misses = 3;
  bool always = false;  // ask also where data says that the subscriber is alive

  bool operator==(const EchoEntry&) const = default;
};
struct SessionEntry {
  SessionKey key;
  // Grows with each change: the outcome says what it is about. Not for the data plane.
  uint16_t revision = 0;
  l2tp::PeerSessionId peer_id;
  bool ipv4_open = false;
  bool ipv6_open = false;
  std::vector<net::IpPrefix> prefixes;
  uint16_t peer_mru = 1500;
  bool send_pfc = false;
  bool send_acfc = false;
  bool sequence_numbers = false;  // data sequencing (RFC 2661 5.4), both directions
  uint16_t reorder_ms = 0;        // how long packets behind a gap wait, at most 1000
  std::optional<uint8_t> dscp;    // outer DSCP instead of the tunnel's (RFC 3308)
  net::IpAddress gateway;         // our address on the link; none: not told
  bool clamp_mss = false;
  net::VrfIndex vrf = net::kMainVrf;  // the subscriber's: of prefixes and gateway
  std::optional<MeterEntry> uplink_meter;
  std::optional<MeterEntry> downlink_meter;
  std::optional<ShaperEntry> downlink_shaper;
  std::optional<EchoEntry> echo;            // none: LCP's echoes are the engine's
  std::vector<std::string> uplink_filters;  // a packet must pass each
  std::vector<std::string> downlink_filters;
  std::shared_ptr<const net::DscpPolicy> dscp_policy;  // none: DSCPs stay

  bool operator==(const SessionEntry&) const = default;
};
struct ProgramTunnel {
  TunnelEntry entry;
};
struct RemoveTunnel {
  l2tp::LocalTunnelId id;
};
// When `confirm`, the loop calls Engine::OnSessionProgrammed with the entry's revision once the
// data plane has it (or refused).
struct ProgramSession {
  SessionEntry entry;
  bool confirm = false;
};
struct RemoveSession {
  SessionKey key;
};
// Before the first session that has it; in the place of the one of its name.
struct ProgramFilter {
  std::shared_ptr<const net::Filter> filter;
};
struct RemoveFilter {
  std::string name;
};

// Answered by Engine::OnAuthVerdict with the same request id, now or later.
struct AuthenticateUser {
  uint64_t request_id = 0;
  SessionKey session;
  ppp::AuthenticationNeeded credentials;
  std::shared_ptr<const CallDescription> call;
};

// Accounting. A session starts when its first network protocol is up, and has one end; changes of
// what it has (addresses, prefixes, service) are told in between. The same of tunnels.
struct SessionFacts;
struct TunnelFacts;
struct SessionStarted {
  std::shared_ptr<const SessionFacts> facts;
};
struct SessionChanged {
  std::shared_ptr<const SessionFacts> facts;
};
struct SessionStopped {
  AccountingId id;
  SessionKey key;
  TerminateCause cause{};
};
struct TunnelStarted {
  std::shared_ptr<const TunnelFacts> facts;
};
struct TunnelStopped {
  std::shared_ptr<const TunnelFacts> facts;
  TerminateCause cause{};
};

// Refused, or given up before it was there (RFC 2867 3.3, 3.6): a tunnel, a call within one.
struct TunnelRejected {
  std::shared_ptr<const TunnelFacts> facts;
  TerminateCause cause{};
};
struct CallRejected {
  std::shared_ptr<const TunnelFacts> tunnel;
  uint32_t serial_number = 0;  // zero: not known
  TerminateCause cause{};
};

// The outcome of Engine::ChangeService: kOk once the data plane has the change of every session,
// each of which was told of by SessionChanged before; otherwise nothing has changed.
struct ServiceOrderDone {
  uint64_t order = 0;
  absl::Status status;
};

// The LNS takes no new subscribers, or does again.
struct SetDraining {
  bool on = false;
};

// Worth a log line (never one per packet) and, by name, a counter.
enum class LogLevel : uint8_t { kDebug, kInfo, kWarn };
struct LogLine {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

using EngineAction =
    std::variant<SendControl, SendPpp, ProgramTunnel, RemoveTunnel, ProgramSession, RemoveSession,
                 AuthenticateUser, SessionStarted, SessionChanged, SessionStopped, TunnelStarted,
                 TunnelStopped, TunnelRejected, CallRejected, ServiceOrderDone, SetDraining,
                 ProgramFilter, RemoveFilter, LogLine>;
using EngineActions = std::vector<EngineAction>;

}  // namespace lns::controlplane
