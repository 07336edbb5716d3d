// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/convert.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "dataplane/services/convert_rates.h"
#include "dataplane/services/field_error.h"
#include "dataplane/services/policy_convert.h"
#include "dataplane/tables/echo_entry.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kMaxDscp = 63;
constexpr uint32_t kMaxPathMtu = 65534;
constexpr uint32_t kDefaultMru = 1500;
// A PPP information field that leaves no room for a protocol is no use (RFC 1661 6.1 has no lower
// bound); 68 is the least an IPv4 link must carry (RFC 791).
constexpr uint32_t kMinMru = 68;
constexpr int kMaxPrefixesPerSession = 16;
constexpr uint32_t kMaxEchoMisses = UINT8_MAX;

absl::StatusOr<uint16_t> ToId(uint32_t value, const std::string& field) {
  if (value >= 1 && value <= 0xffff) return static_cast<uint16_t>(value);
  return Invalid(field, absl::StrCat("expected 1 to 65535, found ", value));
}

absl::StatusOr<uint16_t> ToPort(const std::string& name, PortNames ports,
                                const std::string& field) {
  const auto it = std::find(ports.begin(), ports.end(), name);
  if (it != ports.end()) return static_cast<uint16_t>(it - ports.begin());
  return absl::NotFoundError(absl::StrCat(field, ": no port named '", name, "'"));
}

std::string PortName(uint16_t index, PortNames ports) {
  return index < ports.size() ? ports[index] : std::string();
}

v1::RouteOrigin FromOrigin(Origin origin) {
  return origin == Origin::kKernel ? v1::ROUTE_ORIGIN_KERNEL : v1::ROUTE_ORIGIN_UNSPECIFIED;
}

absl::StatusOr<net::EndpointPair> ToEndpoints(const types::v1::Endpoints& message,
                                              const std::string& field) {
  const auto local = ToAddress(message.local_address(), field + ".local_address");
  if (!local.ok()) return local.status();
  const auto peer = ToAddress(message.peer_address(), field + ".peer_address");
  if (!peer.ok()) return peer.status();
  if (local->family() != peer->family()) {
    return Invalid(field + ".peer_address",
                   absl::StrCat(peer->ToString(), " is not of the family of local address ",
                                local->ToString()));
  }
  const auto local_port = ToId(message.local_port(), field + ".local_port");
  if (!local_port.ok()) return local_port.status();
  const auto peer_port = ToId(message.peer_port(), field + ".peer_port");
  if (!peer_port.ok()) return peer_port.status();
  return net::EndpointPair{{*local, *local_port}, {*peer, *peer_port}};
}

absl::StatusOr<EchoConfig> ToEcho(const v1::Echo& message) {
  const auto interval = AtMost(message.interval_s(), kMaxEchoInterval, "session.echo.interval_s");
  if (!interval.ok()) return interval.status();
  const uint32_t misses = message.max_misses();
  if (misses == 0 || misses > kMaxEchoMisses) {
    return Invalid("session.echo.max_misses",
                   absl::StrCat("expected 1 to ", kMaxEchoMisses, ", found ", misses));
  }
  return EchoConfig{.magic = message.magic(),
                    .interval_s = static_cast<uint32_t>(*interval),
                    .max_misses = static_cast<uint8_t>(misses),
                    .always = message.always()};
}

void FromEcho(const EchoConfig& echo, v1::Echo& message) {
  message.set_magic(echo.magic);
  message.set_interval_s(echo.interval_s);
  message.set_max_misses(echo.max_misses);
  message.set_always(echo.always);
}

}  // namespace

absl::StatusOr<net::IpAddress> ToAddress(const types::v1::IpAddress& message,
                                         const std::string& field) {
  const auto address = net::IpAddress::FromBytes(AsBytes(message.octets()));
  if (address) return *address;
  return Invalid(field, absl::StrCat("expected an address of 4 or 16 octets, found ",
                                     message.octets().size()));
}

absl::StatusOr<net::IpPrefix> ToPrefix(const types::v1::IpPrefix& message,
                                       const std::string& field) {
  const auto address = ToAddress(message.address(), field + ".address");
  if (!address.ok()) return address.status();
  if (message.length() > static_cast<uint32_t>(address->bits())) {
    return Invalid(field + ".length",
                   absl::StrCat("expected 0 to ", address->bits(), ", found ", message.length()));
  }
  const net::IpPrefix prefix{*address, static_cast<uint8_t>(message.length())};
  // Parse refuses what has host bits set.
  if (net::IpPrefix::Parse(prefix.ToString())) return prefix;
  return Invalid(field, absl::StrCat(prefix.ToString(), " has host bits set"));
}

absl::StatusOr<VrfIndex> ToVrf(uint32_t value, const std::string& field) {
  if (value < kMaxVrfs) return static_cast<VrfIndex>(value);
  return Invalid(field, absl::StrCat("expected 0 to ", kMaxVrfs - 1, ", found ", value));
}

absl::StatusOr<VrfAddress> ToLocalAddress(const v1::LocalAddress& message,
                                          const std::string& field) {
  const auto vrf = ToVrf(message.vrf(), field + ".vrf");
  if (!vrf.ok()) return vrf.status();
  const auto address = ToAddress(message.address(), field + ".address");
  if (!address.ok()) return address.status();
  return VrfAddress(*vrf, *address);
}

absl::StatusOr<l2tp::LocalTunnelId> ToTunnelId(uint32_t value, const std::string& field) {
  const auto id = ToId(value, field);
  if (!id.ok()) return id.status();
  return l2tp::LocalTunnelId(*id);
}

absl::StatusOr<SessionKey> ToSessionKey(const types::v1::SessionKey& message,
                                        const std::string& field) {
  const auto tunnel = ToId(message.local_tunnel_id(), field + ".local_tunnel_id");
  if (!tunnel.ok()) return tunnel.status();
  const auto session = ToId(message.local_session_id(), field + ".local_session_id");
  if (!session.ok()) return session.status();
  return SessionKey{l2tp::LocalTunnelId(*tunnel), l2tp::LocalSessionId(*session)};
}

absl::StatusOr<TunnelConfig> ToTunnel(const v1::Tunnel& message) {
  TunnelConfig tunnel;
  const auto local = ToId(message.local_tunnel_id(), "tunnel.local_tunnel_id");
  if (!local.ok()) return local.status();
  tunnel.local_id = l2tp::LocalTunnelId(*local);
  const auto peer = ToId(message.peer_tunnel_id(), "tunnel.peer_tunnel_id");
  if (!peer.ok()) return peer.status();
  tunnel.peer_id = l2tp::PeerTunnelId(*peer);
  const auto endpoints = ToEndpoints(message.endpoints(), "tunnel.endpoints");
  if (!endpoints.ok()) return endpoints.status();
  tunnel.endpoints = *endpoints;
  if (message.dscp() > kMaxDscp) {
    return Invalid("tunnel.dscp", absl::StrCat("expected 0 to 63, found ", message.dscp()));
  }
  tunnel.dscp = static_cast<uint8_t>(message.dscp());
  if (message.udp_checksum_off() && tunnel.endpoints.local.address.is_v6()) {
    return Invalid("tunnel.udp_checksum_off", "is for IPv4 tunnels only (RFC 6936)");
  }
  tunnel.udp_checksum_off = message.udp_checksum_off();
  if (message.outer_path().mtu() > kMaxPathMtu) {
    return Invalid("tunnel.outer_path.mtu", absl::StrCat("expected at most ", kMaxPathMtu,
                                                         ", found ", message.outer_path().mtu()));
  }
  tunnel.outer_path = {.mtu = static_cast<uint16_t>(message.outer_path().mtu()),
                       .fragment = message.outer_path().fragment(),
                       .dont_fragment = message.outer_path().dont_fragment()};
  if (message.has_aggregate()) {
    const auto aggregate = ToAggregate(message.aggregate());
    if (!aggregate.ok()) return aggregate.status();
    tunnel.aggregate = *aggregate;
  }
  const auto vrf = ToVrf(message.vrf(), "tunnel.vrf");
  if (!vrf.ok()) return vrf.status();
  tunnel.endpoints.vrf = *vrf;
  return tunnel;
}

absl::StatusOr<SessionConfig> ToSession(const v1::Session& message) {
  SessionConfig session;
  const auto key = ToSessionKey(message.key(), "session.key");
  if (!key.ok()) return key.status();
  session.key = *key;
  const auto peer = ToId(message.peer_session_id(), "session.peer_session_id");
  if (!peer.ok()) return peer.status();
  session.peer_id = l2tp::PeerSessionId(*peer);
  if (message.prefixes_size() > kMaxPrefixesPerSession) {
    return Invalid("session.prefixes", absl::StrCat("expected at most ", kMaxPrefixesPerSession,
                                                    ", found ", message.prefixes_size()));
  }
  for (int i = 0; i < message.prefixes_size(); ++i) {
    const auto prefix = ToPrefix(message.prefixes(i), absl::StrCat("session.prefixes[", i, "]"));
    if (!prefix.ok()) return prefix.status();
    session.prefixes.push_back(*prefix);
  }
  const uint32_t mru = message.peer_mru() == 0 ? kDefaultMru : message.peer_mru();
  if (mru < kMinMru || mru > 0xffff) {
    return Invalid("session.peer_mru",
                   absl::StrCat("expected 0 or ", kMinMru, " to 65535, found ", mru));
  }
  session.peer_mru = static_cast<uint16_t>(mru);
  session.ipv4_open = message.ipv4_open();
  session.ipv6_open = message.ipv6_open();
  session.send_pfc = message.send_pfc();
  session.send_acfc = message.send_acfc();
  session.sequence_numbers = message.sequence_numbers();
  if (message.reorder_ms() > kMaxReorderMs) {
    return Invalid("session.reorder_ms", absl::StrCat("expected at most ", kMaxReorderMs,
                                                      ", found ", message.reorder_ms()));
  }
  session.reorder_ms = static_cast<uint16_t>(message.reorder_ms());
  if (message.has_dscp()) {
    if (message.dscp() > kMaxDscp) {
      return Invalid("session.dscp",
                     absl::StrCat("expected at most ", kMaxDscp, ", found ", message.dscp()));
    }
    session.dscp = static_cast<uint8_t>(message.dscp());
  }
  session.clamp_mss = message.clamp_mss();
  const auto vrf = ToVrf(message.vrf(), "session.vrf");
  if (!vrf.ok()) return vrf.status();
  session.vrf = *vrf;
  if (message.has_gateway()) {
    const auto gateway = ToAddress(message.gateway(), "session.gateway");
    if (!gateway.ok()) return gateway.status();
    if (!gateway->is_v4()) {
      return Invalid("session.gateway", absl::StrCat(gateway->ToString(), " is not IPv4"));
    }
    session.gateway = *gateway;
  }
  if (message.has_uplink_meter()) {
    const auto meter = ToMeter(message.uplink_meter(), "session.uplink_meter");
    if (!meter.ok()) return meter.status();
    session.uplink_meter = *meter;
  }
  if (message.has_downlink_meter()) {
    const auto meter = ToMeter(message.downlink_meter(), "session.downlink_meter");
    if (!meter.ok()) return meter.status();
    session.downlink_meter = *meter;
  }
  if (message.has_downlink_shaper()) {
    const auto shaper = ToShaper(message.downlink_shaper(), "session.downlink_shaper");
    if (!shaper.ok()) return shaper.status();
    session.downlink_shaper = *shaper;
  }
  if (message.has_echo()) {
    const auto echo = ToEcho(message.echo());
    if (!echo.ok()) return echo.status();
    session.echo = *echo;
  }
  session.uplink_filters.assign(message.uplink_filters().begin(), message.uplink_filters().end());
  session.downlink_filters.assign(message.downlink_filters().begin(),
                                  message.downlink_filters().end());
  if (message.has_dscp_policy()) {
    auto policy = ToDscpPolicy(message.dscp_policy(), "session.dscp_policy");
    if (!policy.ok()) return policy.status();
    session.dscp_policy = *policy;
  }
  return session;
}

namespace {

absl::StatusOr<RoutePath> ToPath(const types::v1::IpAddress& next_hop, const std::string& port,
                                 uint32_t weight, PortNames ports, const std::string& field) {
  RoutePath path;
  if (!next_hop.octets().empty()) {
    const auto address = ToAddress(next_hop, field + ".next_hop");
    if (!address.ok()) return address.status();
    path.next_hop = *address;
  }
  const auto index = ToPort(port, ports, field + ".port");
  if (!index.ok()) return index.status();
  path.port = *index;
  if (weight > 0xffff) {
    return Invalid(field + ".weight", absl::StrCat("expected 0 to 65535, found ", weight));
  }
  if (weight != 0) path.weight = static_cast<uint16_t>(weight);
  return path;
}

}  // namespace

absl::StatusOr<RouteConfig> ToRoute(const v1::Route& message, PortNames ports) {
  RouteConfig route;
  const auto prefix = ToPrefix(message.prefix(), "route.prefix");
  if (!prefix.ok()) return prefix.status();
  route.prefix = *prefix;
  const auto vrf = ToVrf(message.vrf(), "route.vrf");
  if (!vrf.ok()) return vrf.status();
  route.vrf = *vrf;
  if (message.origin() != v1::ROUTE_ORIGIN_UNSPECIFIED) {
    return Invalid("route.origin", "cannot be applied: kernel routes are learned from Linux");
  }
  if (message.kind() == v1::ROUTE_KIND_UNREACHABLE) {
    route.kind = RouteKind::kUnreachable;
    return route;
  }
  if (message.kind() != v1::ROUTE_KIND_FORWARD) {
    return Invalid("route.kind", "cannot be applied: routes to Linux are learned from Linux");
  }
  const auto first = ToPath(message.next_hop(), message.port(), message.weight(), ports, "route");
  if (!first.ok()) return first.status();
  route.next_hop = first->next_hop;
  route.port = first->port;
  route.weight = first->weight;
  for (int i = 0; i < message.more_paths_size(); ++i) {
    const v1::RoutePath& more = message.more_paths(i);
    const auto path = ToPath(more.next_hop(), more.port(), more.weight(), ports,
                             absl::StrCat("route.more_paths[", i, "]"));
    if (!path.ok()) return path.status();
    route.more_paths.push_back(*path);
  }
  return route;
}

absl::StatusOr<NeighbourConfig> ToNeighbour(const v1::Neighbour& message, PortNames ports) {
  NeighbourConfig neighbour;
  const auto address = ToAddress(message.address(), "neighbour.address");
  if (!address.ok()) return address.status();
  neighbour.address = *address;
  if (message.origin() != v1::ROUTE_ORIGIN_UNSPECIFIED) {
    return Invalid("neighbour.origin",
                   "cannot be applied: kernel neighbours are learned from Linux");
  }
  if (!message.mac().empty() && message.mac().size() != neighbour.mac.size()) {
    return Invalid("neighbour.mac",
                   absl::StrCat("expected 6 octets or none, found ", message.mac().size()));
  }
  std::memcpy(neighbour.mac.data(), message.mac().data(), message.mac().size());
  const auto port = ToPort(message.port(), ports, "neighbour.port");
  if (!port.ok()) return port.status();
  neighbour.port = *port;
  return neighbour;
}

types::v1::IpAddress FromAddress(const net::IpAddress& address) {
  types::v1::IpAddress message;
  message.set_octets(std::string(AsText(address.bytes())));
  return message;
}

types::v1::IpPrefix FromPrefix(const net::IpPrefix& prefix) {
  types::v1::IpPrefix message;
  *message.mutable_address() = FromAddress(prefix.address);
  message.set_length(prefix.length);
  return message;
}

types::v1::SessionKey FromSessionKey(const SessionKey& key) {
  types::v1::SessionKey message;
  message.set_local_tunnel_id(key.tunnel.value());
  message.set_local_session_id(key.session.value());
  return message;
}

types::v1::SessionTraffic FromCounts(const SessionCounts& counts) {
  types::v1::SessionTraffic message;
  *message.mutable_key() = FromSessionKey(counts.key);
  message.set_uplink_packets(counts.uplink_packets);
  message.set_uplink_bytes(counts.uplink_bytes);
  message.set_downlink_packets(counts.downlink_packets);
  message.set_downlink_bytes(counts.downlink_bytes);
  if (counts.sequenced) message.set_lost_packets(counts.sequence_lost);
  return message;
}

v1::AggregateStatus FromAggregateCounts(const AggregateCounts& counts) {
  v1::AggregateStatus message;
  FromAggregate(counts.config, *message.mutable_aggregate());
  message.set_tunnels(counts.tunnels);
  message.set_uplink_dropped_packets(counts.uplink_dropped_packets);
  message.set_uplink_dropped_bytes(counts.uplink_dropped_bytes);
  message.set_downlink_dropped_packets(counts.downlink_dropped_packets);
  message.set_downlink_dropped_bytes(counts.downlink_dropped_bytes);
  return message;
}

v1::PathLimit FromPathLimit(const PathLimit& limit, Instant now) {
  v1::PathLimit message;
  *message.mutable_peer() = FromAddress(limit.peer.address);
  message.set_vrf(limit.peer.vrf);
  message.set_mtu(limit.mtu);
  const int64_t remaining_ms = std::max<int64_t>((limit.until - now).milliseconds(), 0);
  message.set_remaining_s(static_cast<uint32_t>((remaining_ms + 999) / 1000));
  return message;
}

v1::Tunnel FromTunnel(const TunnelConfig& tunnel) {
  v1::Tunnel message;
  message.set_local_tunnel_id(tunnel.local_id.value());
  message.set_peer_tunnel_id(tunnel.peer_id.value());
  types::v1::Endpoints* endpoints = message.mutable_endpoints();
  *endpoints->mutable_local_address() = FromAddress(tunnel.endpoints.local.address);
  endpoints->set_local_port(tunnel.endpoints.local.port);
  *endpoints->mutable_peer_address() = FromAddress(tunnel.endpoints.peer.address);
  endpoints->set_peer_port(tunnel.endpoints.peer.port);
  message.set_dscp(tunnel.dscp);
  message.set_udp_checksum_off(tunnel.udp_checksum_off);
  if (tunnel.outer_path != OuterPath{}) {
    v1::OuterPath& path = *message.mutable_outer_path();
    path.set_mtu(tunnel.outer_path.mtu);
    path.set_fragment(tunnel.outer_path.fragment);
    path.set_dont_fragment(tunnel.outer_path.dont_fragment);
  }
  if (tunnel.aggregate) FromAggregate(*tunnel.aggregate, *message.mutable_aggregate());
  message.set_vrf(tunnel.endpoints.vrf);
  return message;
}

v1::EchoCounters FromEchoCounts(const EchoCounts& counts) {
  v1::EchoCounters message;
  message.set_sent(counts.sent);
  message.set_answered(counts.answered);
  message.set_lost(counts.lost);
  message.set_unanswered(counts.unanswered);
  message.set_rtt_last_us(counts.rtt_last_us);
  message.set_rtt_min_us(counts.rtt_min_us);
  message.set_rtt_smoothed_us(counts.rtt_smoothed_us);
  message.set_rtt_max_us(counts.rtt_max_us);
  return message;
}

v1::Session FromSession(const SessionConfig& session) {
  v1::Session message;
  *message.mutable_key() = FromSessionKey(session.key);
  message.set_peer_session_id(session.peer_id.value());
  message.set_ipv4_open(session.ipv4_open);
  message.set_ipv6_open(session.ipv6_open);
  for (const net::IpPrefix& prefix : session.prefixes) *message.add_prefixes() = FromPrefix(prefix);
  message.set_peer_mru(session.peer_mru);
  message.set_send_pfc(session.send_pfc);
  message.set_send_acfc(session.send_acfc);
  message.set_sequence_numbers(session.sequence_numbers);
  message.set_reorder_ms(session.reorder_ms);
  if (session.dscp.has_value()) message.set_dscp(*session.dscp);
  message.set_clamp_mss(session.clamp_mss);
  message.set_vrf(session.vrf);
  if (!session.gateway.is_none()) *message.mutable_gateway() = FromAddress(session.gateway);
  if (session.uplink_meter) FromMeter(*session.uplink_meter, *message.mutable_uplink_meter());
  if (session.downlink_meter) FromMeter(*session.downlink_meter, *message.mutable_downlink_meter());
  if (session.downlink_shaper) {
    FromShaper(*session.downlink_shaper, *message.mutable_downlink_shaper());
  }
  if (session.echo) FromEcho(*session.echo, *message.mutable_echo());
  for (const std::string& filter : session.uplink_filters) message.add_uplink_filters(filter);
  for (const std::string& filter : session.downlink_filters) message.add_downlink_filters(filter);
  if (session.dscp_policy) *message.mutable_dscp_policy() = FromDscpPolicy(*session.dscp_policy);
  return message;
}

v1::Route FromRoute(const RouteConfig& route, PortNames ports) {
  v1::Route message;
  *message.mutable_prefix() = FromPrefix(route.prefix);
  message.set_origin(FromOrigin(route.origin));
  message.set_vrf(route.vrf);
  if (route.kind != RouteKind::kForward) {
    message.set_kind(route.kind == RouteKind::kLinux ? v1::ROUTE_KIND_LINUX
                                                     : v1::ROUTE_KIND_UNREACHABLE);
    return message;
  }
  if (!route.next_hop.is_none()) *message.mutable_next_hop() = FromAddress(route.next_hop);
  message.set_port(PortName(route.port, ports));
  if (!route.more_paths.empty()) message.set_weight(route.weight);
  for (const RoutePath& path : route.more_paths) {
    v1::RoutePath* more = message.add_more_paths();
    if (!path.next_hop.is_none()) *more->mutable_next_hop() = FromAddress(path.next_hop);
    more->set_port(PortName(path.port, ports));
    more->set_weight(path.weight);
  }
  return message;
}

v1::Neighbour FromNeighbour(const NeighbourConfig& neighbour, PortNames ports) {
  v1::Neighbour message;
  *message.mutable_address() = FromAddress(neighbour.address);
  message.set_port(PortName(neighbour.port, ports));
  if (neighbour.mac != net::MacAddress{}) message.set_mac(std::string(AsText(neighbour.mac)));
  message.set_origin(FromOrigin(neighbour.origin));
  return message;
}

std::string CounterName(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isupper(byte) != 0 && !result.empty()) result += '_';
    result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

}  // namespace lns::dataplane
