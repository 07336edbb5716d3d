// What nearly every packet of a subscriber looks like, told by few comparisons: for the stages that
// look closely at the others, and for stages/express, which leaves the others to them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/tables/entries.h"
#include "lib/base/bytes.h"
#include "lib/l2tp/header.h"
#include "lib/net/ipv4.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {

// Of an L2TP data header without sequence numbers and offset, with Length or without. 0: it is not
// so, or not whole. `end`: of the L2TP packet, as Length says.
inline uint32_t PlainDataHeaderLength(const uint8_t* header, uint32_t available, uint32_t& end) {
  constexpr uint16_t kShape = l2tp::kControlBit | l2tp::kLengthBit | l2tp::kSequenceBit |
                              l2tp::kOffsetBit | l2tp::kVersionMask;
  constexpr uint32_t kWithLength = l2tp::kMinHeaderLength + 2;
  if (available < kWithLength) return 0;
  const uint32_t shape = LoadBe16(header) & kShape;
  if (shape == l2tp::kVersion) {
    end = available;
    return l2tp::kMinHeaderLength;
  }
  end = LoadBe16(header + 2);
  const bool is_plain = shape == (l2tp::kLengthBit | l2tp::kVersion);
  return is_plain && end >= kWithLength && end <= available ? kWithLength : 0;
}

// PPP headers with nothing left out.
inline constexpr uint32_t kWholeIpv4Frame = uint32_t{ppp::kAllStations} << 24 |
                                            uint32_t{ppp::kUnnumberedInformation} << 16 |
                                            ppp::kProtocolIpv4;
inline constexpr uint32_t kWholeIpv6Frame =
    kWholeIpv4Frame - ppp::kProtocolIpv4 + ppp::kProtocolIpv6;

// IPv4 with nothing wrong in its header; `length` is then the packet's own. `room`: with what
// follows it.
inline bool IsPlainPacket(const uint8_t* ip, uint32_t room, uint16_t& length) {
  return room >= net::kIpv4HeaderLength && net::IsPlainIpv4(ip, room, length);
}

// Of an IPv4 packet.
inline bool IsFromUsualSource(const uint8_t* ip, const UplinkEntry& session) {
  // 0 where the session has no IPv4 host address: 0.0.0.0 is nobody's.
  const uint32_t usual = session.ipv4_source.load(std::memory_order_relaxed);
  return usual != 0 && LoadBe32(ip + 12) == usual;
}

}  // namespace lns::dataplane
