// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/support/packet_builder.h"

#include "lib/base/check.h"

namespace lns::test {
namespace {

void Put16(Bytes& out, unsigned value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}
void PutAll(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// RFC 1071 as the text has it: 16-bit words, end-around carry.
uint16_t Sum(const Bytes& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    const uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0u;
    sum += static_cast<uint32_t>(bytes[i]) << 8 | low;
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return static_cast<uint16_t>(~sum);
}

net::IpAddress Address(std::string_view text) {
  const auto address = net::IpAddress::Parse(text);
  LNS_CHECK(address.has_value());
  return *address;
}

}  // namespace

Packet& Packet::Ethernet(std::string_view destination, std::string_view source) {
  destination_ = destination;
  source_ = source;
  return *this;
}
Packet& Packet::EtherType(uint16_t type) {
  ether_type_ = type;
  return *this;
}
Packet& Packet::Ipv4(std::string_view source, std::string_view destination) {
  layers_.push_back(
      {.kind = Layer::Kind::kIpv4, .source = Address(source), .destination = Address(destination)});
  return *this;
}
Packet& Packet::Ipv6(std::string_view source, std::string_view destination) {
  layers_.push_back(
      {.kind = Layer::Kind::kIpv6, .source = Address(source), .destination = Address(destination)});
  return *this;
}
Packet& Packet::Udp(uint16_t source, uint16_t destination) {
  layers_.push_back({.kind = Layer::Kind::kUdp, .first = source, .second = destination});
  return *this;
}
Packet& Packet::L2tp(uint16_t tunnel, uint16_t session, L2tpOptions options) {
  layers_.push_back(
      {.kind = Layer::Kind::kL2tp, .first = tunnel, .second = session, .l2tp = options});
  return *this;
}
Packet& Packet::L2tpControl(uint16_t tunnel, uint16_t session, uint16_t ns, uint16_t nr) {
  layers_.push_back(
      {.kind = Layer::Kind::kL2tpControl, .first = tunnel, .second = session, .ns = ns, .nr = nr});
  return *this;
}
Packet& Packet::Ppp(uint16_t protocol, PppOptions options) {
  layers_.push_back({.kind = Layer::Kind::kPpp, .first = protocol, .ppp = options});
  return *this;
}
Packet& Packet::Payload(size_t length, uint8_t first) {
  lns::Bytes bytes(length);
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return Bytes(std::move(bytes));
}
Packet& Packet::Bytes(lns::Bytes bytes) {
  layers_.push_back({.kind = Layer::Kind::kBytes, .bytes = std::move(bytes)});
  return *this;
}
Packet& Packet::Ttl(uint8_t ttl) {
  Last().ttl = ttl;
  return *this;
}
Packet& Packet::Dscp(uint8_t dscp) {
  Last().dscp = dscp;
  return *this;
}
Packet& Packet::Id(uint16_t id) {
  Last().id = id;
  return *this;
}
Packet& Packet::Protocol(uint8_t protocol) {
  Last().protocol = protocol;
  return *this;
}
Packet& Packet::Fragment(uint16_t flags_and_offset) {
  Last().fragment = flags_and_offset;
  return *this;
}
Packet& Packet::HeaderWords(uint8_t ihl) {
  Last().header_words = ihl;
  return *this;
}
Packet& Packet::TotalLengthError(int error) {
  Last().length_error = error;
  return *this;
}
Packet& Packet::BadIpChecksum() {
  Last().bad_ip_checksum = true;
  return *this;
}
Packet& Packet::NoUdpChecksum() {
  Last().no_udp_checksum = true;
  return *this;
}
Packet& Packet::BadUdpChecksum() {
  Last().bad_udp_checksum = true;
  return *this;
}
Packet& Packet::UdpLengthError(int error) {
  Last().length_error = error;
  return *this;
}
Packet& Packet::Padding(size_t bytes) {
  padding_ = bytes;
  return *this;
}
Packet& Packet::Truncate(size_t frame_size) {
  truncate_ = frame_size;
  return *this;
}

Bytes Packet::Wrap(const Layer& layer, const Layer* below, const Layer* above,
                   const lns::Bytes& payload) {
  lns::Bytes out;
  const auto with_error = [&](size_t length) {
    return static_cast<unsigned>(static_cast<int>(length) + layer.length_error);
  };
  int protocol = layer.protocol;
  if (protocol < 0) protocol = above != nullptr && above->kind == Layer::Kind::kUdp ? 17 : 253;
  switch (layer.kind) {
    case Layer::Kind::kIpv4: {
      out.push_back(static_cast<uint8_t>(0x40 | layer.header_words));
      out.push_back(static_cast<uint8_t>(layer.dscp << 2));
      Put16(out, with_error(20 + payload.size()));
      Put16(out, layer.id);
      Put16(out, layer.fragment);
      out.push_back(layer.ttl);
      out.push_back(static_cast<uint8_t>(protocol));
      Put16(out, 0);
      PutAll(out, layer.source.bytes());
      PutAll(out, layer.destination.bytes());
      const unsigned sum = Sum(out) ^ (layer.bad_ip_checksum ? 0x0100u : 0u);
      out[10] = static_cast<uint8_t>(sum >> 8);
      out[11] = static_cast<uint8_t>(sum);
      break;
    }
    case Layer::Kind::kIpv6:
      Put16(out, 0x6000u | static_cast<unsigned>(layer.dscp) << 6);
      Put16(out, 0);
      Put16(out, with_error(payload.size()));
      out.push_back(static_cast<uint8_t>(protocol));
      out.push_back(layer.ttl);
      PutAll(out, layer.source.bytes());
      PutAll(out, layer.destination.bytes());
      break;
    case Layer::Kind::kUdp: {
      Put16(out, layer.first);
      Put16(out, layer.second);
      Put16(out, with_error(8 + payload.size()));
      Put16(out, 0);
      if (layer.no_udp_checksum) break;
      LNS_CHECK(below != nullptr);
      lns::Bytes pseudo;
      PutAll(pseudo, below->source.bytes());
      PutAll(pseudo, below->destination.bytes());
      Put16(pseudo, 17);
      Put16(pseudo, static_cast<unsigned>(8 + payload.size()));
      PutAll(pseudo, out);
      PutAll(pseudo, payload);
      unsigned sum = Sum(pseudo);
      if (sum == 0) sum = 0xffff;
      if (layer.bad_udp_checksum) sum ^= 0x0100;
      out[6] = static_cast<uint8_t>(sum >> 8);
      out[7] = static_cast<uint8_t>(sum);
      break;
    }
    case Layer::Kind::kL2tp: {
      const L2tpOptions& o = layer.l2tp;
      const size_t pad = o.offset_size > 0 ? static_cast<size_t>(o.offset_size) : 0;
      const size_t header =
          6 + (o.length ? 2u : 0u) + (o.sequence ? 4u : 0u) + (o.offset_size >= 0 ? 2u : 0u) + pad;
      Put16(out, o.version | (o.length ? 0x4000u : 0u) | (o.sequence ? 0x0800u : 0u) |
                     (o.offset_size >= 0 ? 0x0200u : 0u) | o.extra_flags);
      if (o.length) {
        Put16(out,
              static_cast<unsigned>(static_cast<int>(header + payload.size()) + o.length_error));
      }
      Put16(out, layer.first);
      Put16(out, layer.second);
      if (o.sequence) {
        Put16(out, o.ns);
        Put16(out, 0);
      }
      if (o.offset_size >= 0) Put16(out, static_cast<unsigned>(o.offset_size));
      out.insert(out.end(), pad, 0);
      break;
    }
    case Layer::Kind::kL2tpControl:
      Put16(out, 0xc802);
      Put16(out, static_cast<unsigned>(12 + payload.size()));
      Put16(out, layer.first);
      Put16(out, layer.second);
      Put16(out, layer.ns);
      Put16(out, layer.nr);
      break;
    case Layer::Kind::kPpp:
      if (layer.ppp.address_and_control) Put16(out, 0xff03);
      if (!layer.ppp.short_protocol) out.push_back(static_cast<uint8_t>(layer.first >> 8));
      out.push_back(static_cast<uint8_t>(layer.first));
      break;
    case Layer::Kind::kBytes:
      out = layer.bytes;
      break;
  }
  PutAll(out, payload);
  return out;
}

Bytes Packet::BuildIp() const {
  lns::Bytes packet;
  for (size_t i = layers_.size(); i > 0; --i) {
    const Layer* below = i >= 2 ? &layers_[i - 2] : nullptr;
    const Layer* above = i < layers_.size() ? &layers_[i] : nullptr;
    packet = Wrap(layers_[i - 1], below, above, packet);
  }
  return packet;
}

Bytes Packet::Build() const {
  lns::Bytes frame;
  PutAll(frame, *net::ParseMac(destination_));
  PutAll(frame, *net::ParseMac(source_));
  const bool is_v6 = !layers_.empty() && layers_[0].kind == Layer::Kind::kIpv6;
  Put16(frame, ether_type_ >= 0 ? static_cast<unsigned>(ether_type_) : is_v6 ? 0x86ddu : 0x0800u);
  PutAll(frame, BuildIp());
  frame.insert(frame.end(), padding_, 0);
  if (frame.size() > truncate_) frame.resize(truncate_);
  return frame;
}

}  // namespace lns::test
