// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/urgent.h"

#include "lib/net/dscp.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/mss.h"
#include "lib/net/udp.h"

namespace lns::dataplane {
namespace {

constexpr uint16_t kDnsPort = 53;
// FIN, SYN, RST and ACK; of an acknowledgement the last alone is set.
constexpr uint8_t kTcpFlags = 0x17;
constexpr uint8_t kTcpAck = 0x10;

bool IsMarkedUrgent(uint8_t dscp) {
  return dscp == net::kExpeditedForwarding || dscp == net::kVoiceAdmit || dscp >= net::kControlDscp;
}

bool IsDns(ByteView datagram) {
  net::UdpHeader header;
  return net::ParseUdp(datagram, header) &&
         (header.source_port == kDnsPort || header.destination_port == kDnsPort);
}

bool IsBareAcknowledgement(ByteView segment) {
  if (segment.size() < net::kTcpHeaderLength) return false;
  const size_t header_length = size_t{segment[12]} >> 4 << 2;
  return header_length == segment.size() && (segment[13] & kTcpFlags) == kTcpAck;
}

bool IsUrgentPayload(uint8_t protocol, ByteView packet, size_t header_length) {
  if (packet.size() > kSmallPacket) return false;
  const ByteView payload = packet.subspan(header_length);
  switch (protocol) {
    case net::kProtocolIcmp:
    case net::kProtocolIcmpv6:
      return true;
    case net::kProtocolUdp:
      return IsDns(payload);
    case net::kProtocolTcp:
      return IsBareAcknowledgement(payload);
    default:
      return false;
  }
}

}  // namespace

bool IsUrgent(net::Family family, ByteView packet) {
  const uint8_t* ip = packet.data();
  if (family == net::Family::kIpv4) {
    if (IsMarkedUrgent(ip[1] >> 2)) return true;
    return !net::IsIpv4Fragment(ip) && IsUrgentPayload(ip[9], packet, net::Ipv4HeaderLength(ip));
  }
  if (IsMarkedUrgent(static_cast<uint8_t>(LoadBe16(ip) >> 6 & 0x3f))) return true;
  return IsUrgentPayload(ip[6], packet, net::kIpv6HeaderLength);
}

}  // namespace lns::dataplane
