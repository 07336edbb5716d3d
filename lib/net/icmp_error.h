// ICMP and ICMPv6 error messages: what may be answered at all (RFC 1122 3.2.2, RFC 1812 4.3.2.7,
// RFC 4443 2.4 (e)), how much of the packet is quoted (RFC 1812 4.3.2.3, RFC 4443 2.4 (c)), and the
// message around the quote. Pure; any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::net {

// Why a packet is not carried on.
enum class IcmpProblem : uint8_t {
  kHopLimit,
  kNoRoute,
  kHostUnreachable,
  kTooBig,
  kProtocolUnknown,  // to ourselves
  kPortUnreachable,  // to ourselves
  kBadHeader,        // the pointer says where
};

struct IcmpCode {
  uint8_t type = 0;
  uint8_t code = 0;
};

// RFC 792 and RFC 1191; RFC 4443 3 and 4.
constexpr IcmpCode CodeOf(IcmpProblem problem, Family family) {
  const bool is_v4 = family == Family::kIpv4;
  switch (problem) {
    case IcmpProblem::kHopLimit:
      return is_v4 ? IcmpCode{11, 0} : IcmpCode{3, 0};
    case IcmpProblem::kNoRoute:
      return is_v4 ? IcmpCode{3, 0} : IcmpCode{1, 0};
    case IcmpProblem::kHostUnreachable:
      return is_v4 ? IcmpCode{3, 1} : IcmpCode{1, 3};
    case IcmpProblem::kTooBig:
      return is_v4 ? IcmpCode{3, 4} : IcmpCode{2, 0};
    case IcmpProblem::kProtocolUnknown:
      return is_v4 ? IcmpCode{3, 2} : IcmpCode{4, 1};
    case IcmpProblem::kPortUnreachable:
      return is_v4 ? IcmpCode{3, 3} : IcmpCode{1, 4};
    case IcmpProblem::kBadHeader:
      return is_v4 ? IcmpCode{12, 0} : IcmpCode{4, 0};
  }
  return {};
}

// Whether an error about this packet may be sent. The IP header has passed its checks; `packet` may
// end early.
bool MayBeAnswered(Family family, ByteView packet, IcmpProblem problem);

// What stands behind the IPv6 header and its extension headers. `complete` false: in another
// fragment, or beyond what is there.
struct Ipv6Upper {
  uint8_t protocol = 0;
  size_t offset = 0;
  size_t named_at = 0;  // the octet that says which protocol it is
  bool complete = false;
};
Ipv6Upper FindIpv6Upper(ByteView packet);

inline constexpr size_t kLongestIcmpv4Error = 576;
inline constexpr size_t kLongestIcmpv6Error = 1280;
inline constexpr size_t kMaxIcmpErrorHeaders = 48;

// IP and ICMP headers before the quote.
constexpr size_t IcmpErrorHeaders(Family family) { return family == Family::kIpv4 ? 28 : 48; }

// How much of a packet of this length goes into the error.
constexpr size_t IcmpQuoteLength(Family family, size_t packet_length) {
  const size_t room = (family == Family::kIpv4 ? kLongestIcmpv4Error : kLongestIcmpv6Error) -
                      IcmpErrorHeaders(family);
  return packet_length < room ? packet_length : room;
}

struct IcmpErrorMessage {
  IcmpProblem problem{};
  IpAddress source;  // ours; its family is the packet's
  // The MTU of kTooBig; of kProtocolUnknown (IPv6) and kBadHeader the offset of the octet.
  uint32_t value = 0;
  uint16_t ip_id = 0;  // IPv4
};

// Writes the headers before the quote, which stands in `message` behind IcmpErrorHeaders() already,
// to the sender of what is quoted.
void WriteIcmpError(const IcmpErrorMessage& error, MutableByteView message);

}  // namespace lns::net
