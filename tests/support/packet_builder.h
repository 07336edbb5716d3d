// Builds packets layer by layer for test rows: Packet().Ipv4(a, b).Udp(1701, 1701).L2tp(7, 100)...
// Lengths and checksums come out right unless a row breaks them on purpose, with a modifier that
// applies to the layer before it. Writes bytes itself, field by field, and shares no encoder with
// the code under test.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::test {

// Optional parts of an L2TP data header.
struct L2tpOptions {
  bool length = false;
  int length_error = 0;  // added to the Length field
  bool sequence = false;
  uint16_t ns = 1;       // with sequence; Nr is 0
  int offset_size = -1;  // -1: no Offset Size field
  uint16_t version = 2;
  uint16_t extra_flags = 0;
};

struct PppOptions {
  bool address_and_control = true;
  bool short_protocol = false;
};

class Packet {
 public:
  Packet& Ethernet(std::string_view destination, std::string_view source);
  Packet& EtherType(uint16_t type);  // otherwise that of the IP layer
  Packet& Ipv4(std::string_view source, std::string_view destination);
  Packet& Ipv6(std::string_view source, std::string_view destination);
  Packet& Udp(uint16_t source, uint16_t destination);
  Packet& L2tp(uint16_t tunnel, uint16_t session, L2tpOptions options = {});
  // A control message: header with Ns and Nr, body as Payload().
  Packet& L2tpControl(uint16_t tunnel, uint16_t session, uint16_t ns = 0, uint16_t nr = 0);
  Packet& Ppp(uint16_t protocol, PppOptions options = {});
  // `length` bytes that count up from `first`; to be the last layer.
  Packet& Payload(size_t length, uint8_t first = 1);
  Packet& Bytes(lns::Bytes bytes);

  // Of the IP layer before.
  Packet& Ttl(uint8_t ttl);
  Packet& Dscp(uint8_t dscp);
  Packet& Id(uint16_t id);
  Packet& Protocol(uint8_t protocol);
  Packet& Fragment(uint16_t flags_and_offset);
  Packet& HeaderWords(uint8_t ihl);
  Packet& TotalLengthError(int error);
  Packet& BadIpChecksum();
  // Of the UDP layer before.
  Packet& NoUdpChecksum();
  Packet& BadUdpChecksum();
  Packet& UdpLengthError(int error);
  // Of the whole frame.
  Packet& Padding(size_t bytes);  // behind everything, as short frames have
  Packet& Truncate(size_t frame_size);

  // The frame from its Ethernet header; without one where Ethernet() was not called and `ethernet`
  // is empty.
  lns::Bytes Build() const;
  // From the IP header on.
  lns::Bytes BuildIp() const;
  bool empty() const { return layers_.empty(); }
  bool has_ethernet() const { return !destination_.empty(); }

 private:
  struct Layer {
    enum class Kind : uint8_t { kIpv4, kIpv6, kUdp, kL2tp, kL2tpControl, kPpp, kBytes } kind;
    net::IpAddress source;
    net::IpAddress destination;
    uint16_t first = 0;   // source port, tunnel, protocol
    uint16_t second = 0;  // destination port, session
    uint16_t ns = 0;
    uint16_t nr = 0;
    L2tpOptions l2tp;
    PppOptions ppp;
    lns::Bytes bytes;
    uint8_t ttl = 64;
    uint8_t dscp = 0;
    uint16_t id = 0;
    int protocol = -1;  // by the layer above
    uint16_t fragment = 0;
    uint8_t header_words = 5;
    int length_error = 0;
    bool bad_ip_checksum = false;
    bool no_udp_checksum = false;
    bool bad_udp_checksum = false;
  };
  static lns::Bytes Wrap(const Layer& layer, const Layer* below, const Layer* above,
                         const lns::Bytes& payload);
  Layer& Last() { return layers_.back(); }

  std::vector<Layer> layers_;
  std::string_view destination_;
  std::string_view source_;
  int ether_type_ = -1;
  size_t padding_ = 0;
  size_t truncate_ = SIZE_MAX;
};

}  // namespace lns::test
