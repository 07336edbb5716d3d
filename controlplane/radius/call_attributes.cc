// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/call_attributes.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "lib/radius/attributes.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using l2tp::AccessLine;
using radius::AttributeId;

struct RateRow {
  AttributeId id;
  std::optional<uint64_t> AccessLine::*rate_bps;
};
// RFC 4679 3.3.3 to 3.3.12.
constexpr RateRow kRates[] = {
    {radius::kActualDataRateUpstream, &AccessLine::actual_rate_up_bps},
    {radius::kActualDataRateDownstream, &AccessLine::actual_rate_down_bps},
    {radius::kMinimumDataRateUpstream, &AccessLine::minimum_rate_up_bps},
    {radius::kMinimumDataRateDownstream, &AccessLine::minimum_rate_down_bps},
    {radius::kAttainableDataRateUpstream, &AccessLine::attainable_rate_up_bps},
    {radius::kAttainableDataRateDownstream, &AccessLine::attainable_rate_down_bps},
    {radius::kMaximumDataRateUpstream, &AccessLine::maximum_rate_up_bps},
    {radius::kMaximumDataRateDownstream, &AccessLine::maximum_rate_down_bps},
    {radius::kMinimumDataRateUpstreamLowPower, &AccessLine::minimum_low_power_rate_up_bps},
    {radius::kMinimumDataRateDownstreamLowPower, &AccessLine::minimum_low_power_rate_down_bps},
};

struct DelayRow {
  AttributeId id;
  std::optional<uint32_t> AccessLine::*delay_ms;
};
// RFC 4679 3.3.13 to 3.3.16.
constexpr DelayRow kDelays[] = {
    {radius::kMaximumInterleavingDelayUpstream, &AccessLine::maximum_interleaving_delay_up_ms},
    {radius::kActualInterleavingDelayUpstream, &AccessLine::actual_interleaving_delay_up_ms},
    {radius::kMaximumInterleavingDelayDownstream, &AccessLine::maximum_interleaving_delay_down_ms},
    {radius::kActualInterleavingDelayDownstream, &AccessLine::actual_interleaving_delay_down_ms},
};

void AddLine(const AccessLine& line, radius::PacketBuilder& out) {
  out.AddText(radius::kAgentCircuitId, line.circuit_id.substr(0, radius::kMaxVendorValue));
  out.AddText(radius::kAgentRemoteId, line.remote_id.substr(0, radius::kMaxVendorValue));
  for (const RateRow& row : kRates) {
    const std::optional<uint64_t>& rate = line.*row.rate_bps;
    // The attributes have 32 bits.
    if (rate) out.AddInteger(row.id, static_cast<uint32_t>(std::min<uint64_t>(*rate, UINT32_MAX)));
  }
  for (const DelayRow& row : kDelays) {
    if (line.*row.delay_ms) out.AddInteger(row.id, *(line.*row.delay_ms));
  }
  if (line.loop_encapsulation) {
    const uint32_t octets = *line.loop_encapsulation;
    const uint8_t value[] = {static_cast<uint8_t>(octets >> 16), static_cast<uint8_t>(octets >> 8),
                             static_cast<uint8_t>(octets)};
    out.Add(radius::kAccessLoopEncapsulation, value);
  }
  if (line.iwf_session.value_or(false)) out.Add(radius::kIwfSession, {});
}

// RFC 2868 3: one tunnel, so without a tag.
void AddTunnel(const CallDescription& call, radius::PacketBuilder& out) {
  const auto text = [&](AttributeId id, const std::string& value) {
    out.AddTaggedText(id, radius::kNoTag, value.substr(0, radius::kMaxValue - 1));
  };
  const net::IpAddress& client = call.tunnel.peer.address;
  out.AddTaggedInteger(radius::kTunnelType, radius::kNoTag, radius::kTunnelTypeL2tp);
  out.AddTaggedInteger(radius::kTunnelMediumType, radius::kNoTag,
                       client.is_v6() ? radius::kTunnelMediumIpv6 : radius::kTunnelMediumIpv4);
  text(radius::kTunnelClientEndpoint, client.ToString());
  text(radius::kTunnelServerEndpoint, call.tunnel.local.address.ToString());
  text(radius::kTunnelAssignmentId, absl::StrCat(call.nas_port >> 16));
  text(radius::kTunnelClientAuthId, call.lac_host_name);
  text(radius::kTunnelServerAuthId, call.lns_host_name);
  out.AddText(radius::kAcctTunnelConnection, absl::StrCat(call.serial_number));
}

// "towards the user/from the user"; one number where both are the same (RFC 2869 5.11).
std::string ConnectInfo(const CallDescription& call) {
  if (call.tx_connect_speed_bps == 0) return "";
  std::string text = absl::StrCat(call.tx_connect_speed_bps);
  if (call.rx_connect_speed_bps != 0) absl::StrAppend(&text, "/", call.rx_connect_speed_bps);
  return text;
}

}  // namespace

void AddNas(const NasIdentity& nas, radius::PacketBuilder& out) {
  if (nas.address.is_v4()) out.AddAddress(radius::kNasIpAddress, nas.address);
  if (nas.address.is_v6()) out.AddAddress(radius::kNasIpv6Address, nas.address);
  out.AddText(radius::kNasIdentifier, nas.identifier);
}

void AddCall(const CallDescription& call, radius::PacketBuilder& out) {
  const auto text = [&](AttributeId id, const std::string& value) {
    out.AddText(id, value.substr(0, radius::kMaxValue));
  };
  out.AddInteger(radius::kServiceType, radius::kServiceTypeFramed);
  out.AddInteger(radius::kFramedProtocol, radius::kFramedProtocolPpp);
  out.AddInteger(radius::kNasPort, call.nas_port);
  out.AddInteger(radius::kNasPortType, radius::kNasPortTypeVirtual);
  text(radius::kNasPortId, call.nas_port_id);
  text(radius::kAcctSessionId, call.accounting_id);
  text(radius::kCalledStationId, call.called_number);
  text(radius::kCallingStationId, call.calling_number);
  text(radius::kConnectInfo, ConnectInfo(call));
  AddTunnel(call, out);
  if (call.line) AddLine(*call.line, out);
}

}  // namespace lns::controlplane
