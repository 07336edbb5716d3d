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
}

void ToProto(const MeterEntry& meter, dataplane::v1::Meter& out) {
  out.set_rate_bps(meter.rate_bps);
  out.set_burst_bytes(meter.burst_octets);
  out.set_peak_rate_bps(meter.peak_rate_bps);
  out.set_peak_burst_bytes(meter.excess_octets);
  out.set_overhead_bytes(meter.overhead);
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
  if (!session.gateway.is_none()) ToProto(session.gateway, *out.mutable_gateway());
  if (session.uplink_meter) ToProto(*session.uplink_meter, *out.mutable_uplink_meter());
  if (session.downlink_meter) ToProto(*session.downlink_meter, *out.mutable_downlink_meter());
}

SessionKey FromProto(const types::v1::SessionKey& key) {
  return {l2tp::LocalTunnelId(static_cast<uint16_t>(key.local_tunnel_id())),
          l2tp::LocalSessionId(static_cast<uint16_t>(key.local_session_id()))};
}

Traffic FromProto(const types::v1::SessionTraffic& session) {
  return {.uplink_packets = session.uplink_packets(),
          .uplink_bytes = session.uplink_bytes(),
          .downlink_packets = session.downlink_packets(),
          .downlink_bytes = session.downlink_bytes()};
}

absl::Status FromProto(const dataplane::v1::ApplyError& error) {
  constexpr uint32_t kHighestCode = static_cast<uint32_t>(absl::StatusCode::kUnauthenticated);
  const bool known = error.code() > 0 && error.code() <= kHighestCode;
  return absl::Status(
      known ? static_cast<absl::StatusCode>(error.code()) : absl::StatusCode::kUnknown,
      error.message());
}

}  // namespace lns::controlplane
