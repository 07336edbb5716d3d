// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/icmp_error.h"

#include <algorithm>

#include "lib/net/checksum.h"
#include "lib/net/dscp.h"
#include "lib/net/icmp.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::net {
namespace {

constexpr uint8_t kErrorHopLimit = 255;
// RFC 1812 4.3.2.5: precedence "internetwork control".
constexpr uint8_t kErrorTos = kControlDscp << 2;
constexpr int kMaxExtensionHeaders = 8;

constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kAuthentication = 51;
constexpr uint8_t kDestinationOptions = 60;

constexpr uint8_t kFirstIcmpv6Information = 128;

// The types that ask or tell something; all others are errors, or might be.
bool IsIcmpv4Information(uint8_t type) {
  switch (type) {
    case 0:   // echo reply
    case 8:   // echo
    case 9:   // router advertisement
    case 10:  // router solicitation
    case 13:  // time stamp
    case 14:
    case 15:  // information
    case 16:
    case 17:  // address mask
    case 18:
    case 42:  // extended echo (RFC 8335)
    case 43:
      return true;
    default:
      return false;
  }
}

// RFC 1812 4.3.2.7: a single host's, as a source; as a destination no group.
bool IsIpv4Unicast(uint32_t address) {
  const uint32_t first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

bool MayAnswerIpv4(ByteView packet) {
  const uint8_t* ip = packet.data();
  if (!IsIpv4Unicast(LoadBe32(ip + 12)) || LoadBe32(ip + 16) >> 28 >= 14) return false;
  if ((LoadBe16(ip + 6) & kIpv4FragmentOffset) != 0) return false;
  if (ip[9] != kProtocolIcmp) return true;
  const size_t type_at = Ipv4HeaderLength(ip);
  return type_at < packet.size() && IsIcmpv4Information(ip[type_at]);
}

bool MayAnswerIpv6(ByteView packet, IcmpProblem problem) {
  const ByteView source = packet.subspan(8, 16);
  const bool starts_zero =
      std::all_of(source.begin(), source.begin() + 15, [](uint8_t byte) { return byte == 0; });
  if (source[0] == 0xff || (starts_zero && source[15] <= 1)) return false;  // group, ::, ::1
  if (packet[24] == 0xff && problem != IcmpProblem::kTooBig) return false;
  const Ipv6Upper upper = FindIpv6Upper(packet);
  if (!upper.complete) return false;
  if (upper.protocol != kProtocolIcmpv6) return true;
  if (upper.offset >= packet.size()) return false;
  const uint8_t type = packet[upper.offset];
  return type >= kFirstIcmpv6Information && type != kIcmpv6Redirect;
}

void WriteIcmpHeader(const IcmpErrorMessage& error, Family family, uint8_t* icmp) {
  const IcmpCode code = CodeOf(error.problem, family);
  icmp[0] = code.type;
  icmp[1] = code.code;
  StoreBe16(icmp + 2, 0);
  StoreBe32(icmp + 4, 0);
  if (error.problem == IcmpProblem::kTooBig && family == Family::kIpv4) {
    StoreBe16(icmp + 6, static_cast<uint16_t>(std::min<uint32_t>(error.value, 0xffff)));
  } else if (error.problem == IcmpProblem::kBadHeader && family == Family::kIpv4) {
    icmp[4] = static_cast<uint8_t>(error.value);
  } else if (family == Family::kIpv6) {
    StoreBe32(icmp + 4, error.value);
  }
}

}  // namespace

bool MayBeAnswered(Family family, ByteView packet, IcmpProblem problem) {
  return family == Family::kIpv4 ? MayAnswerIpv4(packet) : MayAnswerIpv6(packet, problem);
}

Ipv6Upper FindIpv6Upper(ByteView packet) {
  Ipv6Upper upper{.protocol = packet[6], .offset = kIpv6HeaderLength, .named_at = 6};
  for (int i = 0; i < kMaxExtensionHeaders; ++i) {
    const bool has_length = upper.protocol == kHopByHop || upper.protocol == kRouting ||
                            upper.protocol == kDestinationOptions ||
                            upper.protocol == kAuthentication;
    const bool is_fragment = upper.protocol == kNextHeaderFragment;
    if (!has_length && !is_fragment) {
      upper.complete = true;
      return upper;
    }
    if (upper.offset + 8 > packet.size()) return upper;
    const uint8_t* header = packet.data() + upper.offset;
    if (is_fragment && (LoadBe16(header + 2) & 0xfff8) != 0) return upper;
    const size_t length = is_fragment                         ? size_t{8}
                          : upper.protocol == kAuthentication ? (header[1] + size_t{2}) * 4
                                                              : (header[1] + size_t{1}) * 8;
    upper.named_at = upper.offset;
    upper.protocol = header[0];
    upper.offset += length;
  }
  return upper;
}

void WriteIcmpError(const IcmpErrorMessage& error, MutableByteView message) {
  const Family family = error.source.family();
  const size_t headers = IcmpErrorHeaders(family);
  const uint8_t* quote = message.data() + headers;
  const size_t ip_length = headers - kIcmpHeaderLength;
  const MutableByteView icmp = message.subspan(ip_length);
  WriteIcmpHeader(error, family, icmp.data());
  if (family == Family::kIpv4) {
    WriteIpv4({.tos = kErrorTos,
               .total_length = static_cast<uint16_t>(message.size()),
               .id = error.ip_id,
               .ttl = kErrorHopLimit,
               .protocol = kProtocolIcmp,
               .source = error.source.v4(),
               .destination = LoadBe32(quote + 12)},
              message);
    StoreChecksum(icmp.data() + 2, Checksum(icmp));
  } else {
    Ipv6Header header{.payload_length = static_cast<uint16_t>(icmp.size()),
                      .next_header = kProtocolIcmpv6,
                      .hop_limit = kErrorHopLimit,
                      .source = error.source.raw()};
    std::copy_n(quote + 8, 16, header.destination.begin());
    WriteIpv6(header, message);
    StoreChecksum(icmp.data() + kIcmpv6ChecksumOffset,
                  TransportChecksum(AddressesOfIpv6(message), kProtocolIcmpv6, icmp));
  }
}

}  // namespace lns::net
