// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/convert.h"

#include "lib/base/bytes.h"

namespace lns::controlplane {

void ToProto(const net::IpAddress& address, types::v1::IpAddress& out) {
  const ByteView bytes = address.bytes();
  out.set_octets(bytes.data(), bytes.size());
}

void ToProto(const net::IpPrefix& prefix, types::v1::IpPrefix& out) {
  ToProto(prefix.address, *out.mutable_address());
  out.set_length(prefix.length);
}

void ToProto(const SessionKey& key, types::v1::SessionKey& out) {
  out.set_local_tunnel_id(key.tunnel.value());
  out.set_local_session_id(key.session.value());
}

void ToProto(const TunnelEntry& tunnel, dataplane::v1::Tunnel& out) {
  out.set_local_tunnel_id(tunnel.local_id.value());
  out.set_peer_tunnel_id(tunnel.peer_id.value());
  types::v1::Endpoints& endpoints = *out.mutable_endpoints();
  ToProto(tunnel.endpoints.local.address, *endpoints.mutable_local_address());
  endpoints.set_local_port(tunnel.endpoints.local.port);
  ToProto(tunnel.endpoints.peer.address, *endpoints.mutable_peer_address());
  endpoints.set_peer_port(tunnel.endpoints.peer.port);
  out.set_dscp(tunnel.dscp);
  if (tunnel.outer_path != OuterPath{}) {
    dataplane::v1::OuterPath& path = *out.mutable_outer_path();
    path.set_mtu(tunnel.outer_path.mtu);
    path.set_fragment(tunnel.outer_path.fragment);
    path.set_dont_fragment(tunnel.outer_path.dont_fragment);
  }
  out.set_vrf(tunnel.endpoints.vrf);
  if (!tunnel.aggregate) return;
  dataplane::v1::Aggregate& aggregate = *out.mutable_aggregate();
  aggregate.set_name(tunnel.aggregate->name);
  if (tunnel.aggregate->uplink) ToProto(*tunnel.aggregate->uplink, *aggregate.mutable_uplink());
  if (tunnel.aggregate->downlink) {
    ToProto(*tunnel.aggregate->downlink, *aggregate.mutable_downlink());
  }
}

void ToProto(const ShaperEntry& shaper, dataplane::v1::Shaper& out) {
  out.set_rate_bps(shaper.rate_bps);
  out.set_burst_bytes(shaper.burst_octets);
  out.set_queue_bytes(shaper.queue_octets);
  out.set_overhead_bytes(shaper.overhead);
}

void ToProto(const MeterEntry& meter, dataplane::v1::Meter& out) {
  out.set_rate_bps(meter.rate_bps);
  out.set_burst_bytes(meter.burst_octets);
  out.set_peak_rate_bps(meter.peak_rate_bps);
  out.set_peak_burst_bytes(meter.excess_octets);
  out.set_overhead_bytes(meter.overhead);
}

namespace {

dataplane::v1::FilterVerdict VerdictOf(net::FilterVerdict verdict) {
  switch (verdict) {
    case net::FilterVerdict::kPermit:
      return dataplane::v1::FILTER_VERDICT_PERMIT;
    case net::FilterVerdict::kDeny:
      return dataplane::v1::FILTER_VERDICT_DENY;
    case net::FilterVerdict::kRedirect:
      return dataplane::v1::FILTER_VERDICT_REDIRECT;
  }
  return dataplane::v1::FILTER_VERDICT_UNSPECIFIED;
}

void WriteRange(const net::PortRange& range, dataplane::v1::PortRange& out) {
  out.set_first(range.first);
  out.set_last(range.last);
}

void WriteRule(const net::FilterRule& rule, dataplane::v1::FilterRule& out) {
  out.set_verdict(VerdictOf(rule.verdict));
  if (rule.family != net::Family::kNone) out.set_family(rule.family == net::Family::kIpv4 ? 4 : 6);
  for (const net::IpPrefix& prefix : rule.sources) ToProto(prefix, *out.add_sources());
  for (const net::IpPrefix& prefix : rule.destinations) ToProto(prefix, *out.add_destinations());
  if (rule.protocol) out.set_protocol(*rule.protocol);
  for (const net::PortRange& range : rule.source_ports) WriteRange(range, *out.add_source_ports());
  for (const net::PortRange& range : rule.destination_ports) {
    WriteRange(range, *out.add_destination_ports());
  }
  if (rule.icmp_type) out.set_icmp_type(*rule.icmp_type);
  if (rule.icmp_code) out.set_icmp_code(*rule.icmp_code);
  for (const uint8_t dscp : rule.dscps) out.add_dscps(dscp);
  out.set_established(rule.established);
  out.set_later_fragments(rule.later_fragments);
  for (const net::IpAddress& next_hop : rule.next_hops) ToProto(next_hop, *out.add_next_hops());
}

}  // namespace

void ToProto(const net::Filter& filter, dataplane::v1::Filter& out) {
  out.set_name(filter.name);
  for (const net::FilterRule& rule : filter.rules) WriteRule(rule, *out.add_rules());
  out.set_rest(VerdictOf(filter.rest));
}

void ToProto(const net::DscpPolicy& policy, dataplane::v1::DscpPolicy& out) {
  if (policy.uplink) out.set_uplink(policy.uplink->data(), policy.uplink->size());
  if (policy.downlink) out.set_downlink(policy.downlink->data(), policy.downlink->size());
  if (policy.outer) out.set_outer(policy.outer->data(), policy.outer->size());
}

void ToProto(const EchoEntry& echo, dataplane::v1::Echo& out) {
  out.set_magic(echo.magic);
  out.set_interval_s(echo.interval_s);
  out.set_max_misses(echo.max_misses);
  out.set_always(echo.always);
}

void ToProto(const SessionEntry& session, dataplane::v1::Session& out) {
  ToProto(session.key, *out.mutable_key());
  out.set_peer_session_id(session.peer_id.value());
  out.set_ipv4_open(session.ipv4_open);
  out.set_ipv6_open(session.ipv6_open);
  for (const net::IpPrefix& prefix : session.prefixes) ToProto(prefix, *out.add_prefixes());
  out.set_peer_mru(session.peer_mru);
  out.set_send_pfc(session.send_pfc);
  out.set_send_acfc(session.send_acfc);
  out.set_sequence_numbers(session.sequence_numbers);
  out.set_reorder_ms(session.reorder_ms);
  if (session.dscp.has_value()) out.set_dscp(*session.dscp);
  out.set_clamp_mss(session.clamp_mss);
  out.set_vrf(session.vrf);
  if (!session.gateway.is_none()) ToProto(session.gateway, *out.mutable_gateway());
  if (session.uplink_meter) ToProto(*session.uplink_meter, *out.mutable_uplink_meter());
  if (session.downlink_meter) ToProto(*session.downlink_meter, *out.mutable_downlink_meter());
  if (session.downlink_shaper) ToProto(*session.downlink_shaper, *out.mutable_downlink_shaper());
  for (const std::string& filter : session.uplink_filters) out.add_uplink_filters(filter);
  for (const std::string& filter : session.downlink_filters) out.add_downlink_filters(filter);
  if (session.dscp_policy) ToProto(*session.dscp_policy, *out.mutable_dscp_policy());
  if (session.echo) ToProto(*session.echo, *out.mutable_echo());
}

SessionKey FromProto(const types::v1::SessionKey& key) {
  return {l2tp::LocalTunnelId(static_cast<uint16_t>(key.local_tunnel_id())),
          l2tp::LocalSessionId(static_cast<uint16_t>(key.local_session_id()))};
}

Traffic FromProto(const types::v1::SessionTraffic& session) {
  Traffic traffic{.uplink_packets = session.uplink_packets(),
                  .uplink_bytes = session.uplink_bytes(),
                  .downlink_packets = session.downlink_packets(),
                  .downlink_bytes = session.downlink_bytes()};
  if (session.has_lost_packets()) traffic.lost_packets = session.lost_packets();
  return traffic;
}

absl::Status FromProto(const dataplane::v1::ApplyError& error) {
  constexpr uint32_t kHighestCode = static_cast<uint32_t>(absl::StatusCode::kUnauthenticated);
  const bool known = error.code() > 0 && error.code() <= kHighestCode;
  return absl::Status(
      known ? static_cast<absl::StatusCode>(error.code()) : absl::StatusCode::kUnknown,
      error.message());
}

}  // namespace lns::controlplane
