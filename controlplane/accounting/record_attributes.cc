// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/accounting/record_attributes.h"

#include <algorithm>
#include <limits>

#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using radius::PacketBuilder;

Bytes AttributesOf(PacketBuilder& packet) {
  const ByteView bytes = packet.Finish();
  return {bytes.begin() + radius::kHeaderLength, bytes.end()};
}

PacketBuilder NewRecord() { return {radius::Code::kAccountingRequest, 0}; }

uint32_t Seconds(int64_t seconds) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(seconds, 0, std::numeric_limits<uint32_t>::max()));
}

// RFC 2869 5.1, 5.2: the number of times the 32 bits have wrapped.
void AddOctets(PacketBuilder& packet, radius::AttributeId low, radius::AttributeId high,
               uint64_t octets) {
  packet.AddInteger(low, static_cast<uint32_t>(octets));
  if (octets >> 32 != 0) packet.AddInteger(high, static_cast<uint32_t>(octets >> 32));
}

}  // namespace

Bytes SessionAttributes(const SessionFacts& facts, const NasIdentity& nas) {
  PacketBuilder packet = NewRecord();
  AddNas(nas, packet);
  if (!facts.user_name.empty()) packet.AddText(radius::kUserName, facts.user_name);
  AddCall(facts.call, packet);
  if (facts.ipv4_address.is_v4()) packet.AddAddress(radius::kFramedIpAddress, facts.ipv4_address);
  if (facts.ipv6_interface_id.has_value()) {
    packet.AddInterfaceId(radius::kFramedInterfaceId, *facts.ipv6_interface_id);
  }
  for (const net::IpPrefix& prefix : facts.ipv6_prefixes) {
    packet.AddIpv6Prefix(radius::kFramedIpv6Prefix, prefix);
  }
  for (const net::IpAddress& address : facts.ipv6_addresses) {
    packet.AddAddress(radius::kFramedIpv6Address, address);
  }
  for (const net::IpPrefix& prefix : facts.delegated_prefixes) {
    packet.AddIpv6Prefix(radius::kDelegatedIpv6Prefix, prefix);
  }
  const ServiceProfile& service = *facts.service;
  packet.AddInteger(radius::kAcctAuthentic,
                    service.by_radius ? radius::kAcctAuthenticRadius : radius::kAcctAuthenticLocal);
  if (!service.tunnel_group.empty()) {
    packet.AddTaggedText(radius::kTunnelPrivateGroupId, radius::kNoTag, service.tunnel_group);
  }
  for (const Bytes& value : service.classes) packet.Add(radius::kClass, value);
  return AttributesOf(packet);
}

Bytes TunnelAttributes(const TunnelFacts& facts, const NasIdentity& nas, uint32_t call) {
  PacketBuilder packet = NewRecord();
  AddNas(nas, packet);
  packet.AddText(radius::kAcctSessionId, facts.id.ToString());
  const bool v6 = facts.endpoints.peer.address.is_v6();
  packet.AddTaggedInteger(radius::kTunnelType, radius::kNoTag, radius::kTunnelTypeL2tp);
  packet.AddTaggedInteger(radius::kTunnelMediumType, radius::kNoTag,
                          v6 ? radius::kTunnelMediumIpv6 : radius::kTunnelMediumIpv4);
  packet.AddTaggedText(radius::kTunnelClientEndpoint, radius::kNoTag,
                       facts.endpoints.peer.address.ToString());
  packet.AddTaggedText(radius::kTunnelServerEndpoint, radius::kNoTag,
                       facts.endpoints.local.address.ToString());
  packet.AddTaggedText(radius::kTunnelAssignmentId, radius::kNoTag,
                       absl::StrCat(facts.tunnel.value()));
  packet.AddTaggedText(radius::kTunnelClientAuthId, radius::kNoTag, facts.lac_host_name);
  packet.AddTaggedText(radius::kTunnelServerAuthId, radius::kNoTag, facts.lns_host_name);
  packet.AddText(radius::kAcctTunnelConnection,
                 absl::StrCat(call == 0 ? facts.tunnel.value() : call));
  return AttributesOf(packet);
}

Bytes NasAttributes(const AccountingId& id, const NasIdentity& nas) {
  PacketBuilder packet = NewRecord();
  AddNas(nas, packet);
  packet.AddText(radius::kAcctSessionId, id.ToString());
  return AttributesOf(packet);
}

Bytes RecordAttributes(ByteView about, const Event& event) {
  PacketBuilder packet = NewRecord();
  packet.AddInteger(radius::kAcctStatusType, static_cast<uint32_t>(event.type));
  packet.AddInteger(radius::kEventTimestamp, Seconds(event.at));
  if (event.seconds.has_value()) {
    packet.AddInteger(radius::kAcctSessionTime, Seconds(*event.seconds));
  }
  // Input is what came from the subscriber (RFC 2866 5.3).
  if (event.traffic.has_value()) {
    const Traffic& traffic = *event.traffic;
    AddOctets(packet, radius::kAcctInputOctets, radius::kAcctInputGigawords, traffic.uplink_bytes);
    AddOctets(packet, radius::kAcctOutputOctets, radius::kAcctOutputGigawords,
              traffic.downlink_bytes);
    packet.AddInteger(radius::kAcctInputPackets, static_cast<uint32_t>(traffic.uplink_packets));
    packet.AddInteger(radius::kAcctOutputPackets, static_cast<uint32_t>(traffic.downlink_packets));
    // RFC 2867 4.2. The only one without more bits elsewhere: it stops rather than wraps.
    if (event.type == RecordType::kTunnelLinkStop && traffic.lost_packets.has_value()) {
      packet.AddInteger(radius::kAcctTunnelPacketsLost,
                        static_cast<uint32_t>(std::min<uint64_t>(
                            *traffic.lost_packets, std::numeric_limits<uint32_t>::max())));
    }
  }
  if (event.cause != TerminateCause::kNone) {
    packet.AddInteger(radius::kAcctTerminateCause, static_cast<uint32_t>(event.cause));
  }
  Bytes attributes = AttributesOf(packet);
  attributes.insert(attributes.end(), about.begin(), about.end());
  return attributes;
}

}  // namespace lns::controlplane
