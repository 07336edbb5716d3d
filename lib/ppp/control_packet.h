// The packet every PPP control protocol shares (LCP and the NCPs, PAP, CHAP): code, identifier,
// length, data (RFC 1661 5, RFC 1334 2.2, RFC 1994 4). A view over the frame's information field;
// allocation-free, because the data plane also looks at codes before it punts.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace lns::ppp {

// RFC 1661 5 (1 to 11), RFC 1570 2 (12, 13), RFC 2153 2 (0). NCPs use 1 to 7 only.
enum ControlCode : uint8_t {
  kVendorSpecific = 0,
  kConfigureRequest = 1,
  kConfigureAck = 2,
  kConfigureNak = 3,
  kConfigureReject = 4,
  kTerminateRequest = 5,
  kTerminateAck = 6,
  kCodeReject = 7,
  kProtocolReject = 8,
  kEchoRequest = 9,
  kEchoReply = 10,
  kDiscardRequest = 11,
  kIdentification = 12,
  kTimeRemaining = 13,
};

inline constexpr size_t kControlHeaderLength = 4;

//      0      1      2      3
//  +------+------+------+------+------
//  | code |  id  |   length    | data     length counts from the code; what follows is padding
//  +------+------+------+------+------
struct ControlPacket {
  uint8_t code = 0;
  uint8_t id = 0;
  ByteView data;   // without the four header bytes and the padding
  ByteView whole;  // with the header, without the padding: what a Code-Reject returns
};

enum class ControlPacketError : uint8_t {
  kTruncated,  // fewer than four bytes
  kBadLength,  // length below four or beyond the frame
};

inline Result<ControlPacket, ControlPacketError> ParseControlPacket(ByteView information) {
  if (information.size() < kControlHeaderLength) return Failure(ControlPacketError::kTruncated);
  const size_t length = LoadBe16(information.data() + 2);
  if (length < kControlHeaderLength || length > information.size()) {
    return Failure(ControlPacketError::kBadLength);
  }
  return ControlPacket{
      .code = information[0],
      .id = information[1],
      .data = information.subspan(kControlHeaderLength, length - kControlHeaderLength),
      .whole = information.first(length)};
}

}  // namespace lns::ppp
