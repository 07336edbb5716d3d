// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/convert.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "lib/l2tp/ppp_disconnect_cause.h"
#include "lib/l2tp/tunnel.h"
#include "lib/ppp/link.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace lns::controlplane {
namespace {

uint64_t Age(Instant created, Instant now) {
  return now > created ? static_cast<uint64_t>((now - created).nanoseconds()) : 0;
}

// As IPv6 writes an interface id: four groups.
std::string InterfaceId(uint64_t id) {
  if (id == 0) return "";
  return absl::StrFormat("%x:%x:%x:%x", id >> 48, id >> 32 & 0xffff, id >> 16 & 0xffff,
                         id & 0xffff);
}

// Names and numbers come from the wire and may hold any bytes; a protobuf string may not.
std::string Printable(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), absl::ascii_isprint);
  return plain ? text : absl::CHexEscape(text);
}

void LineToProto(const LineRecord& line, control::v1::Session& out) {
  const l2tp::AccessLine& in = line.line;
  if (line.error_notices > 0) {
    control::v1::LineErrors& errors = *out.mutable_line_errors();
    errors.set_notices(line.error_notices);
    errors.set_crc_errors(line.errors.crc_errors);
    errors.set_framing_errors(line.errors.framing_errors);
    errors.set_hardware_overruns(line.errors.hardware_overruns);
    errors.set_buffer_overruns(line.errors.buffer_overruns);
    errors.set_timeout_errors(line.errors.timeout_errors);
    errors.set_alignment_errors(line.errors.alignment_errors);
  }
  if (in == l2tp::AccessLine() && !line.speed_updates && line.updates == 0) return;
  control::v1::AccessLine& access = *out.mutable_access_line();
  access.set_circuit_id(Printable(in.circuit_id));
  access.set_remote_id(Printable(in.remote_id));
  access.set_actual_rate_up_bps(in.actual_rate_up_bps.value_or(0));
  access.set_actual_rate_down_bps(in.actual_rate_down_bps.value_or(0));
  access.set_minimum_rate_up_bps(in.minimum_rate_up_bps.value_or(0));
  access.set_minimum_rate_down_bps(in.minimum_rate_down_bps.value_or(0));
  access.set_attainable_rate_up_bps(in.attainable_rate_up_bps.value_or(0));
  access.set_attainable_rate_down_bps(in.attainable_rate_down_bps.value_or(0));
  access.set_maximum_rate_up_bps(in.maximum_rate_up_bps.value_or(0));
  access.set_maximum_rate_down_bps(in.maximum_rate_down_bps.value_or(0));
  access.set_minimum_low_power_rate_up_bps(in.minimum_low_power_rate_up_bps.value_or(0));
  access.set_minimum_low_power_rate_down_bps(in.minimum_low_power_rate_down_bps.value_or(0));
  access.set_maximum_interleaving_delay_up_ms(in.maximum_interleaving_delay_up_ms.value_or(0));
  access.set_maximum_interleaving_delay_down_ms(in.maximum_interleaving_delay_down_ms.value_or(0));
  access.set_actual_interleaving_delay_up_ms(in.actual_interleaving_delay_up_ms.value_or(0));
  access.set_actual_interleaving_delay_down_ms(in.actual_interleaving_delay_down_ms.value_or(0));
  access.set_line_type(in.line_type.value_or(0));
  access.set_loop_encapsulation(in.loop_encapsulation.value_or(0));
  access.set_iwf_session(in.iwf_session.value_or(false));
  access.set_speed_updates(line.speed_updates);
  access.set_updates(line.updates);
}

}  // namespace

void ToProto(const TunnelView& view, Instant now, control::v1::Tunnel& out) {
  out.set_local_tunnel_id(view.local_id.value());
  out.set_peer_tunnel_id(view.peer_id.value());
  out.set_state(l2tp::ToString(view.state));
  out.set_peer_host_name(Printable(view.peer_host_name));
  out.set_peer_vendor_name(Printable(view.peer_vendor_name));
  out.set_local_endpoint(view.endpoints.local.ToString());
  out.set_peer_endpoint(view.endpoints.peer.ToString());
  out.set_profile(view.profile);
  out.set_sessions(view.sessions);
  out.set_age_ns(Age(view.created, now));
  out.set_ns(view.ns);
  out.set_nr(view.nr);
  out.set_peer_window(view.peer_window);
  out.set_retransmissions(view.statistics.retransmissions);
  out.set_control_rx(view.statistics.control_rx);
  out.set_control_tx(view.statistics.control_tx);
  out.set_peer(view.peer);
  out.set_opened_by_us(view.opened_by_us);
  out.set_control_out_of_order(view.statistics.out_of_order);
  out.set_control_duplicates(view.statistics.duplicates);
  out.set_vrf(view.vrf);
}

void ToProto(const SessionView& view, Instant now, control::v1::Session& out) {
  out.mutable_key()->set_local_tunnel_id(view.key.tunnel.value());
  out.mutable_key()->set_local_session_id(view.key.session.value());
  out.set_peer_session_id(view.peer_id.value());
  out.set_state(view.state);
  out.set_user_name(Printable(view.user_name));
  if (!view.ipv4_address.is_none()) out.set_ipv4_address(view.ipv4_address.ToString());
  out.set_ipv6_interface_id(InterfaceId(view.ipv6_interface_id));
  for (const net::IpPrefix& prefix : view.ipv6_prefixes) out.add_ipv6_prefixes(prefix.ToString());
  for (const net::IpAddress& address : view.ipv6_addresses) {
    out.add_ipv6_addresses(address.ToString());
  }
  for (const net::IpPrefix& prefix : view.delegated_prefixes) {
    out.add_delegated_prefixes(prefix.ToString());
  }
  for (const std::string& filter : view.uplink_filters) out.add_uplink_filters(filter);
  for (const std::string& filter : view.downlink_filters) out.add_downlink_filters(filter);
  out.set_redirect_url(view.redirect_url);
  if (view.auth != ppp::AuthProtocol::kNone) out.set_auth_protocol(ppp::ToString(view.auth));
  out.set_calling_number(Printable(view.call.calling_number));
  out.set_called_number(Printable(view.call.called_number));
  out.set_call_serial_number(view.call.call_serial_number);
  out.set_peer_mru(view.peer_mru);
  out.set_age_ns(Age(view.created, now));
  out.set_tx_speed_bps(view.call.tx_connect_speed_bps);
  out.set_rx_speed_bps(view.call.rx_connect_speed_bps);
  out.set_peer_endpoint(view.peer.ToString());
  out.set_outgoing(view.outgoing);
  out.set_proxied_lcp(view.proxied_lcp);
  out.set_sequence_numbers(view.sequence_numbers);
  if (view.dscp) out.set_dscp(*view.dscp);
  if (view.line) LineToProto(*view.line, out);
  out.set_vrf(view.vrf);
}

void ToProto(const PoolView& view, control::v1::Pool& out) {
  out.set_name(view.name);
  out.set_prefix(view.prefix.ToString());
  out.set_size(view.size);
  out.set_used(view.used);
  out.set_unit_length(view.unit_length);
  out.set_exhausted(view.exhausted);
  out.set_next(view.next);
  out.set_vrf(view.vrf);
}

void ToProto(const Explanation& story, Instant now, control::v1::Explanation& out) {
  out.mutable_key()->set_local_tunnel_id(story.key.tunnel.value());
  out.mutable_key()->set_local_session_id(story.key.session.value());
  out.set_user_name(Printable(story.user_name));
  out.set_peer_host_name(Printable(story.host_name));
  out.set_peer(story.peer);
  out.set_profile(story.profile);
  out.set_peer_endpoint(story.peer_endpoint.ToString());
  out.set_state(story.state);
  out.set_age_ns(Age(story.created, now));
  if (story.ending) {
    control::v1::Ending& ending = *out.mutable_ending();
    ending.set_age_ns(Age(story.ending->at, now));
    ending.set_reason(story.ending->reason);
    if (story.ending->sent_cause) ending.set_sent_cause(l2tp::Describe(*story.ending->sent_cause));
    if (story.ending->received_cause) {
      ending.set_received_cause(l2tp::Describe(*story.ending->received_cause));
    }
  }
  for (ExplainedEvent& event : EventsOf(story.trail)) {
    control::v1::Event& shown = *out.add_events();
    shown.set_age_ns(Age(event.at, now));
    shown.set_direction(ArrowOf(event.kind));
    shown.set_text(std::move(event.text));
  }
}

void ToProto(const RadiusStatus& status, control::v1::Radius& out) {
  out.set_waiting(status.waiting);
  out.set_waiting_limit(status.waiting_limit);
  out.set_in_flight(status.in_flight);
  out.set_window(status.window);
  for (const radius::ServerView& view : status.servers) {
    control::v1::RadiusServer& server = *out.add_servers();
    server.set_name(view.settings->name);
    server.set_endpoint(view.settings->endpoint.ToString());
    server.set_order(view.settings->order);
    server.set_weight(view.settings->weight);
    server.set_alive(view.alive);
    server.set_in_flight(view.in_flight);
    server.set_source_ports(static_cast<uint32_t>(view.lanes));
    for (size_t i = 0; i < radius::kServerCounters; ++i) {
      types::v1::NamedCounter& counter = *server.add_counters();
      counter.set_name(NameOf(static_cast<radius::ServerCounter>(i)));
      counter.set_value((*view.counters)[i]);
    }
    const radius::LatencyHistogram& latency = *view.latency;
    for (size_t i = 0; i < latency.counts.size(); ++i) {
      control::v1::LatencyBucket& bucket = *server.add_latency();
      const bool last = i == radius::LatencyHistogram::kBoundsMs.size();
      bucket.set_up_to_ms(last ? 0 : static_cast<uint32_t>(latency.kBoundsMs[i]));
      bucket.set_count(latency.counts[i]);
    }
    server.set_mean_latency_us(static_cast<uint64_t>(latency.mean().nanoseconds() / 1000));
  }
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace lns::controlplane
