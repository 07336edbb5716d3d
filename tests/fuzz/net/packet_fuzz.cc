// What a router looks at in a subscriber's packet beyond its first header: whether it may be
// answered, what is behind IPv6 extension headers, and TCP's options; and what other routers say of
// ours. Any bytes; an answer is made of all that may have one, and its checksums must be right.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/check.h"
#include "lib/net/icmp_error.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/mss.h"
#include "lib/net/too_big.h"

namespace {

using namespace lns;
using namespace lns::net;

void Answer(Family family, ByteView packet) {
  if (!MayBeAnswered(family, packet, IcmpProblem::kTooBig)) return;
  const size_t headers = IcmpErrorHeaders(family);
  const size_t quoted = IcmpQuoteLength(family, packet.size());
  Bytes message(headers + quoted);
  std::copy_n(packet.begin(), quoted, message.begin() + static_cast<ptrdiff_t>(headers));
  const IpAddress own =
      family == Family::kIpv4 ? IpAddress::V4(0xc6336401) : IpAddress::V6(packet.subspan(24, 16));
  WriteIcmpError({.problem = IcmpProblem::kTooBig, .source = own, .value = 1400}, message);
  const ByteView icmp = ByteView(message).subspan(headers - 8);
  if (family == Family::kIpv4) {
    LNS_CHECK(message.size() <= kLongestIcmpv4Error && CheckIpv4(message) == IpError::kNone);
    LNS_CHECK(Checksum(icmp) == 0);
  } else {
    LNS_CHECK(message.size() <= kLongestIcmpv6Error && CheckIpv6(message) == IpError::kNone);
    LNS_CHECK(TransportChecksum(AddressesOfIpv6(message), kProtocolIcmpv6, icmp) == 0);
  }
  if (const std::optional<TooBig> said = ReadTooBig(family, icmp)) {
    LNS_CHECK(said->mtu == 1400 && said->payload.size() <= quoted);
    LNS_CHECK(said->ends.local.address.family() == family);
  }
  // No error is about an error, whatever it quotes.
  LNS_CHECK(!MayBeAnswered(family, message, IcmpProblem::kHopLimit));
}

void Clamp(ByteView segment) {
  Bytes copy(segment.begin(), segment.end());
  constexpr uint16_t kLimit = 1000;
  if (!ClampMss(copy, kLimit)) {
    LNS_CHECK(std::equal(copy.begin(), copy.end(), segment.begin(), segment.end()));
    return;
  }
  LNS_CHECK(LoadBe16(copy.data() + FindMss(copy)) == kLimit);
  // As right, or as wrong, as it was.
  LNS_CHECK(Checksum(copy) % 0xffff == Checksum(segment) % 0xffff);
  LNS_CHECK(!ClampMss(copy, kLimit));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView packet(data, size);
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const std::optional<TooBig> said = ReadTooBig(family, packet);
    LNS_CHECK(!said || said->payload.size() < size);
  }
  if (CheckIpv4(packet) == IpError::kNone) {
    const ByteView whole = packet.first(LoadBe16(data + 2));
    Answer(Family::kIpv4, whole);
    Clamp(whole.subspan(Ipv4HeaderLength(data)));
  } else if (CheckIpv6(packet) == IpError::kNone) {
    const ByteView whole = packet.first(kIpv6HeaderLength + LoadBe16(data + 4));
    Answer(Family::kIpv6, whole);
    const Ipv6Upper upper = FindIpv6Upper(whole);
    if (upper.complete && upper.offset <= whole.size()) Clamp(whole.subspan(upper.offset));
  } else {
    Clamp(packet);
  }
  return 0;
}
