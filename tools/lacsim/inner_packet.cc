// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/inner_packet.h"

#include "lib/base/check.h"

namespace lns::lacsim {
namespace {

constexpr uint8_t kTtl = 64;
constexpr uint16_t kFragmentBits = 0x3fff;  // MF and the offset
constexpr uint8_t kEchoReply = 0;
constexpr uint8_t kEchoRequest = 8;

uint32_t PseudoHeaderSum(const Ipv4Addresses& a, uint8_t protocol, size_t length) {
  return (a.source >> 16) + (a.source & 0xffff) + (a.destination >> 16) + (a.destination & 0xffff) +
         protocol + static_cast<uint32_t>(length);
}

void WriteIpv4Header(const Ipv4Addresses& addresses, uint8_t protocol, uint16_t identification,
                     MutableByteView packet) {
  Writer writer(packet);
  writer.WriteU16(0x4500);
  writer.WriteU16(static_cast<uint16_t>(packet.size()));
  writer.WriteU16(identification);
  writer.WriteU16(0);
  writer.WriteU8(kTtl);
  writer.WriteU8(protocol);
  writer.WriteU16(0);
  writer.WriteU32(addresses.source);
  writer.WriteU32(addresses.destination);
  writer.PatchU16(10, InternetChecksum(packet.first(kIpv4HeaderSize)));
}

}  // namespace

uint16_t InternetChecksum(ByteView bytes, uint32_t sum) {
  uint64_t total = sum;
  size_t i = 0;
  for (; i + 2 <= bytes.size(); i += 2) total += LoadBe16(bytes.data() + i);
  if (i < bytes.size()) total += static_cast<uint64_t>(bytes[i]) << 8;
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return static_cast<uint16_t>(~total);
}

void WriteIpv4Udp(const Ipv4Addresses& addresses, const UdpPorts& ports, uint16_t identification,
                  MutableByteView packet) {
  LNS_CHECK(packet.size() >= kIpv4HeaderSize + kUdpHeaderSize);
  WriteIpv4Header(addresses, kProtocolUdp, identification, packet);
  const MutableByteView udp = packet.subspan(kIpv4HeaderSize);
  Writer writer(udp);
  writer.WriteU16(ports.source);
  writer.WriteU16(ports.destination);
  writer.WriteU16(static_cast<uint16_t>(udp.size()));
  writer.WriteU16(0);
  const uint16_t sum = InternetChecksum(udp, PseudoHeaderSum(addresses, kProtocolUdp, udp.size()));
  writer.PatchU16(6, sum == 0 ? 0xffff : sum);  // RFC 768: 0 would mean "none"
}

void WriteIpv4Echo(const Ipv4Addresses& addresses, const Echo& echo, MutableByteView packet) {
  LNS_CHECK(packet.size() >= kIpv4HeaderSize + kIcmpHeaderSize);
  WriteIpv4Header(addresses, kProtocolIcmp, echo.sequence, packet);
  const MutableByteView icmp = packet.subspan(kIpv4HeaderSize);
  Writer writer(icmp);
  writer.WriteU8(echo.request ? kEchoRequest : kEchoReply);
  writer.WriteU8(0);
  writer.WriteU16(0);
  writer.WriteU16(echo.identifier);
  writer.WriteU16(echo.sequence);
  writer.PatchU16(2, InternetChecksum(icmp));
}

std::optional<Ipv4View> ReadIpv4(ByteView packet) {
  if (packet.size() < kIpv4HeaderSize || packet[0] >> 4 != 4) return std::nullopt;
  const size_t header_length = size_t{4} * (packet[0] & 0x0f);
  const size_t total_length = LoadBe16(packet.data() + 2);
  if (header_length < kIpv4HeaderSize || total_length < header_length) return std::nullopt;
  if (total_length > packet.size()) return std::nullopt;
  if ((LoadBe16(packet.data() + 6) & kFragmentBits) != 0) return std::nullopt;
  if (InternetChecksum(packet.first(header_length)) != 0) return std::nullopt;
  return Ipv4View{
      .addresses = {LoadBe32(packet.data() + 12), LoadBe32(packet.data() + 16)},
      .protocol = packet[9],
      .payload = packet.subspan(header_length, total_length - header_length),
  };
}

std::optional<UdpView> ReadUdp(const Ipv4View& packet) {
  if (packet.protocol != kProtocolUdp) return std::nullopt;
  Reader reader(packet.payload);
  UdpView view;
  view.ports.source = reader.ReadU16();
  view.ports.destination = reader.ReadU16();
  const size_t length = reader.ReadU16();
  const uint16_t checksum = reader.ReadU16();
  if (!reader.ok() || length < kUdpHeaderSize || length > packet.payload.size()) {
    return std::nullopt;
  }
  const ByteView udp = packet.payload.first(length);
  view.payload = udp.subspan(kUdpHeaderSize);
  view.checksum_ok =
      checksum == 0 ||
      InternetChecksum(udp, PseudoHeaderSum(packet.addresses, kProtocolUdp, length)) == 0;
  return view;
}

std::optional<Echo> ReadEcho(const Ipv4View& packet) {
  if (packet.protocol != kProtocolIcmp || InternetChecksum(packet.payload) != 0) {
    return std::nullopt;
  }
  Reader reader(packet.payload);
  const uint8_t type = reader.ReadU8();
  const uint8_t code = reader.ReadU8();
  reader.ReadU16();
  Echo echo;
  echo.request = type == kEchoRequest;
  echo.identifier = reader.ReadU16();
  echo.sequence = reader.ReadU16();
  echo.data = reader.ReadRest();
  if (!reader.ok() || code != 0 || (type != kEchoRequest && type != kEchoReply)) {
    return std::nullopt;
  }
  return echo;
}

}  // namespace lns::lacsim
