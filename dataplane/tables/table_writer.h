// The single writer of every forwarding table. Everything that programs the data plane (gRPC
// services, the netlink feed, tests) goes through here; calls are serialised by a mutex that no
// worker ever takes. Values are plain: no protobuf, no names but port names.
//
// Readers are the workers, under QSBR (dataplane/tables/quiescence.h): an upsert is visible to all
// workers when the call returns; a removed entry is unpublished when the call returns and its slot
// is reused only after every worker passed a quiescent state.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/path_verdict.h"
#include "dataplane/core/vrf.h"
#include "dataplane/tables/filter_status.h"
#include "lib/base/time.h"
#include "lib/l2tp/ids.h"
#include "lib/net/address.h"
#include "lib/net/filter.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::dataplane {

struct SessionKey {
  l2tp::LocalTunnelId tunnel;
  l2tp::LocalSessionId session;
  auto operator<=>(const SessionKey&) const = default;
};

// What one direction of a session may carry. With one rate (RFC 2697) a packet passes while the
// burst's bucket, or else the other one's, has its octets; with two (RFC 2698) while the peak's
// has.
struct MeterConfig {
  uint64_t rate_bps = 0;          // committed
  uint64_t burst_bytes = 0;       // committed
  uint64_t peak_rate_bps = 0;     // 0: one rate
  uint64_t peak_burst_bytes = 0;  // the peak's; with one rate the excess burst
  int16_t overhead_bytes = 0;     // added to each packet's length, for what is around it
  auto operator<=>(const MeterConfig&) const = default;
};

// What the sessions of a tunnel may carry together; tunnels with one name share one limit.
struct AggregateConfig {
  std::string name;
  std::optional<MeterConfig> uplink;
  std::optional<MeterConfig> downlink;
  auto operator<=>(const AggregateConfig&) const = default;
};

// The way to a tunnel's peer, and what becomes of data messages that are longer than it carries.
struct OuterPath {
  uint16_t mtu = 0;       // octets of an outer IP packet; 0: what the port towards the peer takes
  bool fragment = false;  // they are cut; else what is inside is refused or cut
  bool dont_fragment = false;  // IPv4: DF is set
  auto operator<=>(const OuterPath&) const = default;
};

struct TunnelConfig {
  l2tp::LocalTunnelId local_id;
  l2tp::PeerTunnelId peer_id;
  net::EndpointPair endpoints;
  uint8_t dscp = 0;
  bool udp_checksum_off = false;
  OuterPath outer_path;
  std::optional<AggregateConfig> aggregate;
};

// Packets beyond the rate wait in the session's queue (downlink).
struct ShaperConfig {
  uint64_t rate_bps = 0;
  uint64_t burst_bytes = 0;
  uint64_t queue_bytes = 0;
  int16_t overhead_bytes = 0;  // as MeterConfig's
  auto operator<=>(const ShaperConfig&) const = default;
};

// LCP's echoes of a session, done by its worker (RFC 1661 5.8).
struct EchoConfig {
  uint32_t magic = 0;       // ours
  uint32_t interval_s = 0;  // of our requests; 0: none, the peer's are answered all the same
  uint8_t max_misses = 3;
  bool always = false;  // ask also where data says that the subscriber is alive
  auto operator<=>(const EchoConfig&) const = default;
};

struct SessionConfig {
  SessionKey key;
  l2tp::PeerSessionId peer_id;
  bool ipv4_open = false;
  bool ipv6_open = false;
  std::vector<net::IpPrefix> prefixes;  // listed with the first IPv4 host in front
  uint16_t peer_mru = 1500;
  bool send_pfc = false;
  bool send_acfc = false;
  bool sequence_numbers = false;  // data sequencing (RFC 2661 5.4), both directions
  uint16_t reorder_ms = 0;        // how long packets behind a gap wait; at most kMaxReorderMs
  std::optional<uint8_t> dscp;    // none: the tunnel's
  bool clamp_mss = false;         // TCP's maximum segment size, both directions
  net::IpAddress gateway;         // IPv4: what we call ourselves on this link; may be none
  std::optional<MeterConfig> uplink_meter;
  std::optional<MeterConfig> downlink_meter;
  std::optional<ShaperConfig> downlink_shaper;
  std::optional<EchoConfig> echo;           // none: LCP's echoes go to the control plane
  VrfIndex vrf = kMainVrf;                  // the subscriber's: of prefixes and gateway
  std::vector<std::string> uplink_filters;  // by name; a packet must pass each
  std::vector<std::string> downlink_filters;
  std::optional<net::DscpPolicy> dscp_policy;  // none: DSCPs stay
};

inline constexpr uint16_t kMaxReorderMs = 1000;
inline constexpr uint64_t kMinShaperBps = 8000;
inline constexpr uint64_t kMaxShaperQueue = uint64_t{1} << 30;
inline constexpr uint64_t kMaxRateBps = 400'000'000'000;
inline constexpr uint64_t kMaxBurstBytes = uint64_t{1} << 40;

enum class Origin : uint8_t { kApi = 0, kKernel = 1 };

enum class RouteKind : uint8_t {
  kForward,      // by next_hop and port, and more_paths
  kLinux,        // to Linux itself: one of its addresses, or a broadcast of its links
  kUnreachable,  // nowhere, whatever a shorter prefix says
};

// One of several ways of a route.
struct RoutePath {
  net::IpAddress next_hop;  // none: directly connected
  uint16_t port = 0;        // index in the port list
  uint16_t weight = 1;      // its share, against the others'
  auto operator<=>(const RoutePath&) const = default;
};

struct RouteConfig {
  net::IpPrefix prefix;
  // The first path; the only one of most routes.
  net::IpAddress next_hop;
  uint16_t port = 0;
  Origin origin = Origin::kApi;
  RouteKind kind = RouteKind::kForward;
  uint16_t weight = 1;
  // Flows are spread over all paths by weight (equal-cost multipath).
  std::vector<RoutePath> more_paths;
  VrfIndex vrf = kMainVrf;
};

struct NeighbourConfig {
  net::IpAddress address;
  uint16_t port = 0;
  net::MacAddress mac{};  // all zero: unresolved
  Origin origin = Origin::kApi;
};

// What a router on the way from one of our addresses to a peer's said: it takes IP packets of `mtu`
// octets (RFC 1191 4, RFC 8201 4).
struct PathReport {
  net::EndpointPair ends;                    // of the packet that was too long for it
  std::optional<l2tp::PeerTunnelId> tunnel;  // named in the packet; none: not quoted
  uint16_t mtu = 0;
};

// Such a report that was believed.
struct PathLimit {
  VrfAddress peer;
  uint16_t mtu = 0;
  Instant until;
};

struct SweepResult {
  uint32_t tunnels = 0;
  uint32_t sessions = 0;
  uint32_t other = 0;
};

struct EchoCounts {
  uint32_t sent = 0;
  uint32_t answered = 0;
  uint32_t lost = 0;
  uint32_t unanswered = 0;  // in a row, now
  uint32_t rtt_last_us = 0;
  uint32_t rtt_min_us = 0;
  uint32_t rtt_smoothed_us = 0;
  uint32_t rtt_max_us = 0;
};

struct SessionCounts {
  SessionKey key;
  uint64_t uplink_packets = 0;
  uint64_t uplink_bytes = 0;
  uint64_t downlink_packets = 0;
  uint64_t downlink_bytes = 0;
  bool sequenced = false;           // has data sequencing; else the next three are zero
  uint64_t sequence_lost = 0;       // numbers that never came
  uint64_t sequence_late = 0;       // dropped: their number was past
  uint64_t sequence_reordered = 0;  // waited and left in order
  // Beyond the session's rates; counted as drops too.
  uint64_t uplink_policed_packets = 0;
  uint64_t uplink_policed_bytes = 0;
  uint64_t downlink_policed_packets = 0;
  uint64_t downlink_policed_bytes = 0;
  // Of sessions with a shaper: what waits now, and what its queue has dropped.
  uint64_t shaper_queued_packets = 0;
  uint64_t shaper_queued_bytes = 0;
  uint64_t shaper_dropped_packets = 0;
  uint64_t shaper_dropped_bytes = 0;
  std::optional<EchoCounts> echo;  // of sessions whose echoes their worker does
};

// A limit on tunnels, how many have it, and what was beyond it.
struct AggregateCounts {
  AggregateConfig config;
  uint32_t tunnels = 0;
  uint64_t uplink_dropped_packets = 0;
  uint64_t uplink_dropped_bytes = 0;
  uint64_t downlink_dropped_packets = 0;
  uint64_t downlink_dropped_bytes = 0;
};

// What the subscribers of a tunnel have sent, those that it has now.
struct TunnelUplink {
  l2tp::LocalTunnelId tunnel;
  uint64_t packets = 0;
};

struct TableLimits {
  uint32_t max_tunnels = 4096;
  uint32_t max_sessions = 65536;
  uint32_t max_routes = 65536;
  uint32_t max_neighbours = 4096;
  uint32_t max_policy_sessions = 65536;  // more than max_sessions are not made
};

// Status codes: kInvalidArgument for a bad value, a VRF that is not configured among them,
// kNotFound where a named tunnel or port does not exist, kAlreadyExists where another session owns
// the prefix, kResourceExhausted for a full table. Removing what is not there is ok.
class TableWriter {
 public:
  virtual ~TableWriter() = default;

  virtual absl::Status UpsertTunnel(const TunnelConfig& tunnel) = 0;
  virtual absl::Status RemoveTunnel(l2tp::LocalTunnelId id) = 0;  // and its sessions
  virtual absl::Status UpsertSession(const SessionConfig& session) = 0;
  virtual absl::Status RemoveSession(const SessionKey& key) = 0;
  virtual absl::Status UpsertRoute(const RouteConfig& route) = 0;
  virtual absl::Status RemoveRoute(const VrfPrefix& prefix, Origin origin) = 0;
  virtual absl::Status UpsertNeighbour(const NeighbourConfig& neighbour) = 0;
  virtual absl::Status RemoveNeighbour(const net::IpAddress& address, uint16_t port) = 0;
  virtual absl::Status AddLocalAddress(const VrfAddress& address) = 0;
  virtual absl::Status RemoveLocalAddress(const VrfAddress& address) = 0;
  virtual absl::Status AddSubscriberPrefix(const VrfPrefix& prefix) = 0;
  virtual absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix) = 0;
  // What the LNS calls itself on a port, the preferred ones first: sources of what it sends itself.
  virtual absl::Status SetPortAddresses(uint16_t port,
                                        const std::vector<net::IpAddress>& addresses) = 0;

  // Lowers what the way to a peer carries, of all its tunnels whose packets no router may cut. What
  // was lowered is forgotten by ForgetPathLimits after `until`, and so is tried again.
  virtual PathVerdict LimitPath(const PathReport& report, Instant until) = 0;
  virtual void ForgetPathLimits(Instant now) = 0;
  virtual std::vector<PathLimit> PathLimits() const = 0;  // in the order of peers

  // In the place of the filter of its name, for new packets of all sessions that have it; built
  // without holding up other updates. Removing one that sessions have: kFailedPrecondition.
  virtual absl::Status UpsertFilter(const net::Filter& filter) = 0;
  virtual absl::Status RemoveFilter(const std::string& name) = 0;
  // In the order of names; of this name alone, unless it is empty.
  virtual std::vector<FilterStatus> Filters(const std::string& name) const = 0;

  // Whether the LNS takes no new subscribers. Says nothing about forwarding, only about how routes
  // to subscribers are announced.
  virtual void SetDraining(bool on) = 0;

  // Mark and sweep of everything whose origin is kApi.
  virtual void BeginSync() = 0;
  virtual absl::StatusOr<SweepResult> EndSync() = 0;

  virtual uint32_t tunnel_count() const = 0;
  virtual uint32_t session_count() const = 0;
  virtual std::array<uint32_t, kMaxVrfs> SessionsPerVrf() const = 0;
  virtual std::vector<TunnelConfig> Tunnels() const = 0;
  // Every session's key, in order. For the lists below, some at a time: each call holds up updates.
  // A session that is not there (any more) is left out.
  virtual std::vector<SessionKey> SessionKeys() const = 0;
  virtual std::vector<SessionConfig> Sessions(std::span<const SessionKey> keys) const = 0;
  virtual std::vector<SessionCounts> SessionCounters(std::span<const SessionKey> keys) const = 0;
  // Waits until no worker counts any more for sessions that RemoveSession removed, and hands over
  // what they had counted by then: each session once. For whoever removes them, who asks after
  // each batch.
  virtual std::vector<SessionCounts> TakeLastCounts() = 0;
  virtual std::vector<AggregateCounts> Aggregates() const = 0;
  // Of tunnels that have sessions, in no order.
  virtual std::vector<TunnelUplink> TunnelUplinks() const = 0;
  virtual std::vector<RouteConfig> Routes() const = 0;
  virtual std::vector<NeighbourConfig> Neighbours() const = 0;
  virtual std::vector<VrfAddress> LocalAddresses() const = 0;
  virtual std::vector<VrfPrefix> SubscriberPrefixes() const = 0;
  // Next hops without a MAC that packets wait for, or that gateways of routes and peers of tunnels
  // will be needed for: for the kernel to resolve. Drains the list.
  virtual std::vector<NeighbourConfig> TakeUnresolved() = 0;
  virtual TableLimits limits() const = 0;
};

}  // namespace lns::dataplane
