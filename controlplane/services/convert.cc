// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/convert.h"

#include <algorithm>
#include <cstdint>
#include <string>

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
}

void ToProto(const SessionView& view, Instant now, control::v1::Session& out) {
  out.mutable_key()->set_local_tunnel_id(view.key.tunnel.value());
  out.mutable_key()->set_local_session_id(view.key.session.value());
  out.set_peer_session_id(view.peer_id.value());
  out.set_state(view.state);
  out.set_user_name(Printable(view.user_name));
  if (!view.ipv4_address.is_none()) out.set_ipv4_address(view.ipv4_address.ToString());
  out.set_ipv6_interface_id(InterfaceId(view.ipv6_interface_id));
  if (view.auth != ppp::AuthProtocol::kNone) out.set_auth_protocol(ppp::ToString(view.auth));
  out.set_calling_number(Printable(view.call.calling_number));
  out.set_called_number(Printable(view.call.called_number));
  out.set_call_serial_number(view.call.call_serial_number);
  out.set_peer_mru(view.peer_mru);
  out.set_age_ns(Age(view.created, now));
  out.set_tx_speed_bps(view.call.tx_connect_speed_bps);
  out.set_peer_endpoint(view.peer.ToString());
}

void ToProto(const PoolView& view, control::v1::Pool& out) {
  out.set_name(view.name);
  out.set_prefix(view.prefix.ToString());
  out.set_size(view.size);
  out.set_used(view.used);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace lns::controlplane
