// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/described_packet.h"

#include <algorithm>
#include <string>

#include "dataplane/services/convert.h"
#include "lib/base/check.h"
#include "lib/l2tp/header.h"
#include "lib/net/ethernet.h"
#include "lib/net/icmp.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/pseudo_header.h"
#include "lib/net/udp.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint8_t kHopLimit = 64;
constexpr size_t kTcpHeaderLength = 20;
constexpr size_t kIcmpHeaderLength = 8;
constexpr size_t kMaxLength = 9000;
constexpr uint8_t kTcpChecksumAt = 16;
constexpr uint8_t kUdpChecksumAt = 6;
constexpr uint8_t kIcmpChecksumAt = 2;

struct IpFields {
  net::IpAddress source;
  net::IpAddress destination;
  uint8_t protocol = 0;
  uint8_t hop_limit = kHopLimit;
  uint8_t dscp = 0;
  bool dont_fragment = false;

  size_t header_length() const {
    return source.is_v4() ? net::kIpv4HeaderLength : net::kIpv6HeaderLength;
  }
};

// In front of `payload` that is in place.
void WriteIp(const IpFields& fields, MutableByteView packet) {
  const auto tos = static_cast<uint8_t>(fields.dscp << 2);
  if (fields.source.is_v4()) {
    net::WriteIpv4({.tos = tos,
                    .total_length = static_cast<uint16_t>(packet.size()),
                    .fragment = fields.dont_fragment ? net::kIpv4DontFragment : uint16_t{0},
                    .ttl = fields.hop_limit,
                    .protocol = fields.protocol,
                    .source = fields.source.v4(),
                    .destination = fields.destination.v4()},
                   packet);
    return;
  }
  net::WriteIpv6({.traffic_class = tos,
                  .payload_length = static_cast<uint16_t>(packet.size() - net::kIpv6HeaderLength),
                  .next_header = fields.protocol,
                  .hop_limit = fields.hop_limit,
                  .source = fields.source.raw(),
                  .destination = fields.destination.raw()},
                 packet);
}

uint16_t ChecksumOf(const IpFields& fields, ByteView message) {
  Bytes addresses(fields.source.bytes().begin(), fields.source.bytes().end());
  addresses.insert(addresses.end(), fields.destination.bytes().begin(),
                   fields.destination.bytes().end());
  if (fields.protocol == net::kProtocolIcmp) return net::Checksum(message);
  return net::TransportChecksum(addresses, fields.protocol, message);
}

bool IsPing(const IpFields& fields) {
  return fields.protocol == (fields.source.is_v4() ? net::kProtocolIcmp : net::kProtocolIcmpv6);
}

size_t TransportLength(const IpFields& fields) {
  if (fields.protocol == net::kProtocolUdp) return net::kUdpHeaderLength;
  if (fields.protocol == net::kProtocolTcp) return kTcpHeaderLength;
  return IsPing(fields) ? kIcmpHeaderLength : 0;
}

void WriteTransport(const v1::DescribedPacket& description, const IpFields& fields,
                    MutableByteView message) {
  const auto source_port = static_cast<uint16_t>(description.source_port());
  const auto destination_port = static_cast<uint16_t>(description.destination_port());
  uint8_t* p = message.data();
  size_t checksum_at = 0;
  if (fields.protocol == net::kProtocolUdp) {
    net::WriteUdp({.source_port = source_port,
                   .destination_port = destination_port,
                   .length = static_cast<uint16_t>(message.size())},
                  message);
    checksum_at = kUdpChecksumAt;
  } else if (fields.protocol == net::kProtocolTcp) {
    constexpr uint16_t kAcknowledgement = 0x5010;  // five words, ACK
    StoreBe16(p, source_port);
    StoreBe16(p + 2, destination_port);
    StoreBe16(p + 12, kAcknowledgement);
    checksum_at = kTcpChecksumAt;
  } else if (IsPing(fields)) {
    p[0] = fields.source.is_v4() ? net::kIcmpEchoRequest : net::kIcmpv6EchoRequest;
    checksum_at = kIcmpChecksumAt;
  } else {
    return;
  }
  uint16_t checksum = ChecksumOf(fields, message);
  if (fields.protocol == net::kProtocolUdp) checksum = net::NonZeroUdpChecksum(checksum);
  net::StoreChecksum(p + checksum_at, checksum);
}

absl::Status Invalid(const char* field, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("described.", field, ": ", what));
}

}  // namespace

absl::StatusOr<Bytes> BuildPacket(const v1::DescribedPacket& description) {
  constexpr uint32_t kMaxPort = 65535;
  const absl::StatusOr<net::IpAddress> source = ToAddress(description.source(), "described.source");
  if (!source.ok()) return source.status();
  const absl::StatusOr<net::IpAddress> destination =
      ToAddress(description.destination(), "described.destination");
  if (!destination.ok()) return destination.status();
  if (source->is_none() || source->family() != destination->family()) {
    return Invalid("destination", "not of the source's family");
  }
  if (description.protocol() > 255) return Invalid("protocol", "expected 0 to 255");
  if (description.hop_limit() > 255) return Invalid("hop_limit", "expected 0 to 255");
  if (description.dscp() > 63) return Invalid("dscp", "expected 0 to 63");
  if (std::max(description.source_port(), description.destination_port()) > kMaxPort) {
    return Invalid("source_port, destination_port", "expected 0 to 65535");
  }
  IpFields fields{.source = *source, .destination = *destination};
  fields.protocol = description.protocol() != 0 ? static_cast<uint8_t>(description.protocol())
                                                : net::kProtocolUdp;
  if (description.hop_limit() != 0)
    fields.hop_limit = static_cast<uint8_t>(description.hop_limit());
  fields.dscp = static_cast<uint8_t>(description.dscp());
  fields.dont_fragment = description.dont_fragment();
  const size_t least = fields.header_length() + TransportLength(fields);
  const size_t length = description.length() != 0 ? description.length() : least;
  if (length < least || length > kMaxLength) {
    return Invalid("length", absl::StrCat("expected ", least, " to ", kMaxLength));
  }
  Bytes packet(length);
  WriteTransport(description, fields, MutableByteView(packet).subspan(fields.header_length()));
  WriteIp(fields, packet);
  return packet;
}

Bytes WrapInTunnel(ByteView packet, const TunnelConfig& tunnel, const SessionConfig& session) {
  constexpr uint16_t kAddressAndControl = 0xff03;
  constexpr uint16_t kPppIpv4 = 0x0021;
  constexpr uint16_t kPppIpv6 = 0x0057;
  constexpr size_t kPppLength = 4;
  LNS_CHECK(packet.size() <= kMaxLength);
  IpFields fields{.source = tunnel.endpoints.peer.address,
                  .destination = tunnel.endpoints.local.address,
                  .protocol = net::kProtocolUdp};
  const size_t udp_at = fields.header_length();
  const size_t udp_length =
      net::kUdpHeaderLength + l2tp::kMinHeaderLength + kPppLength + packet.size();
  Bytes outer(udp_at + udp_length);
  const MutableByteView udp = MutableByteView(outer).subspan(udp_at);
  Writer writer(udp);
  writer.WriteU16(tunnel.endpoints.peer.port);
  writer.WriteU16(tunnel.endpoints.local.port);
  writer.WriteU16(static_cast<uint16_t>(udp_length));
  writer.WriteU16(0);
  writer.WriteU16(l2tp::kVersion);
  writer.WriteU16(session.key.tunnel.value());
  writer.WriteU16(session.key.session.value());
  writer.WriteU16(kAddressAndControl);
  writer.WriteU16(packet[0] >> 4 == 4 ? kPppIpv4 : kPppIpv6);
  writer.WriteBytes(packet);
  net::StoreChecksum(udp.data() + kUdpChecksumAt, net::NonZeroUdpChecksum(ChecksumOf(fields, udp)));
  WriteIp(fields, outer);
  return outer;
}

Bytes WrapInEthernet(ByteView packet, const net::MacAddress& destination) {
  Bytes frame(net::kEthernetHeaderLength + packet.size());
  const bool is_v4 = packet[0] >> 4 == 4;
  net::WriteEthernet({.destination = destination,
                      .source = {0x02, 0, 0, 0, 0, 1},
                      .type = is_v4 ? net::kEtherTypeIpv4 : net::kEtherTypeIpv6},
                     frame);
  std::copy(packet.begin(), packet.end(), frame.begin() + net::kEthernetHeaderLength);
  return frame;
}

}  // namespace lns::dataplane
