// The subscribers' own IPv4 packets, UDP and ICMP echo: written into and read from plain bytes.
// Kept apart from the data plane's views on purpose: the measurer should not share the measured's
// code.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"

namespace lns::lacsim {

inline constexpr size_t kIpv4HeaderSize = 20;
inline constexpr size_t kUdpHeaderSize = 8;
inline constexpr size_t kIcmpHeaderSize = 8;
inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolUdp = 17;

struct Ipv4Addresses {
  uint32_t source = 0;  // host order
  uint32_t destination = 0;
};
struct UdpPorts {
  uint16_t source = 0;
  uint16_t destination = 0;
};

// `packet` has the payload in place behind room for both headers (28 bytes), which are filled in.
void WriteIpv4Udp(const Ipv4Addresses& addresses, const UdpPorts& ports, uint16_t identification,
                  MutableByteView packet);

struct Echo {
  bool request = true;
  uint16_t identifier = 0;
  uint16_t sequence = 0;
  ByteView data;
};
// As WriteIpv4Udp: the data stands behind 28 bytes for the headers (echo.data is not used).
void WriteIpv4Echo(const Ipv4Addresses& addresses, const Echo& echo, MutableByteView packet);

// An unfragmented IPv4 packet whose header is sound and whose checksum is right.
struct Ipv4View {
  Ipv4Addresses addresses;
  uint8_t protocol = 0;
  ByteView payload;
};
std::optional<Ipv4View> ReadIpv4(ByteView packet);

struct UdpView {
  UdpPorts ports;
  ByteView payload;
  bool checksum_ok = false;
};
std::optional<UdpView> ReadUdp(const Ipv4View& packet);
std::optional<Echo> ReadEcho(const Ipv4View& packet);

// RFC 1071, over the bytes as they stand; `sum` carries what came before (the pseudo header).
uint16_t InternetChecksum(ByteView bytes, uint32_t sum = 0);

}  // namespace lns::lacsim
