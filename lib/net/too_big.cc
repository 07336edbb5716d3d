// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/too_big.h"

#include <iterator>

#include "lib/net/icmp.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::net {
namespace {

// RFC 1191 7.1, table 7-1; the least is what every link takes (RFC 791 3.2).
constexpr uint16_t kPlateaus[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

uint32_t PlateauBelow(uint16_t length) {
  for (const uint16_t plateau : kPlateaus) {
    if (plateau < length) return plateau;
  }
  return kPlateaus[std::size(kPlateaus) - 1];
}

// Fills in the ports and the payload of what begins with a UDP header.
bool ReadUdp(ByteView quote, TooBig& out) {
  if (quote.size() < kUdpHeaderLength) return false;
  out.ends.local.port = LoadBe16(quote.data());
  out.ends.peer.port = LoadBe16(quote.data() + 2);
  out.payload = quote.subspan(kUdpHeaderLength);
  return true;
}

bool ReadIpv4(ByteView quote, TooBig& out) {
  if (quote.size() < kIpv4HeaderLength || quote[0] >> 4 != 4) return false;
  const uint8_t* ip = quote.data();
  const size_t header_length = Ipv4HeaderLength(ip);
  if (header_length < kIpv4HeaderLength || header_length > quote.size()) return false;
  if (ip[9] != kProtocolUdp || (LoadBe16(ip + 6) & kIpv4FragmentOffset) != 0) return false;
  out.ends.local.address = IpAddress::V4(LoadBe32(ip + 12));
  out.ends.peer.address = IpAddress::V4(LoadBe32(ip + 16));
  if (out.mtu == 0) out.mtu = PlateauBelow(LoadBe16(ip + 2));
  return ReadUdp(quote.subspan(header_length), out);
}

bool ReadIpv6(ByteView quote, TooBig& out) {
  if (quote.size() < kIpv6HeaderLength || quote[0] >> 4 != 6) return false;
  const Ipv6Upper upper = FindIpv6Upper(quote);
  if (!upper.complete || upper.protocol != kProtocolUdp || upper.offset > quote.size()) {
    return false;
  }
  out.ends.local.address = IpAddress::V6(quote.subspan(8, 16));
  out.ends.peer.address = IpAddress::V6(quote.subspan(24, 16));
  return ReadUdp(quote.subspan(upper.offset), out);
}

}  // namespace

bool IsTooBig(Family family, ByteView message) {
  IcmpHeader header;
  if (!ParseIcmp(message, header)) return false;
  const IcmpCode expected = CodeOf(IcmpProblem::kTooBig, family);
  // RFC 4443 3.2: the code is ignored.
  return header.type == expected.type && (family == Family::kIpv6 || header.code == expected.code);
}

std::optional<TooBig> ReadTooBig(Family family, ByteView message) {
  if (!IsTooBig(family, message)) return std::nullopt;
  const ByteView quote = message.subspan(kIcmpHeaderLength);
  TooBig result;
  bool is_read = false;
  if (family == Family::kIpv4) {
    result.mtu = LoadBe16(message.data() + 6);
    is_read = IcmpChecksumIsRight(message) && ReadIpv4(quote, result);
  } else {
    result.mtu = LoadBe32(message.data() + 4);
    is_read = ReadIpv6(quote, result);
  }
  if (!is_read) return std::nullopt;
  return result;
}

}  // namespace lns::net
