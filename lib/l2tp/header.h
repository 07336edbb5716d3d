// The L2TP header (RFC 2661 3.1), data and control: parse and write. Header-only, no allocation:
// the control plane reads whole datagrams with it, the data plane the first segment of a packet.
// What the ids mean, and whether Ns is expected, is the caller's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"

namespace lns::l2tp {

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |          Length (opt)         |
//  |           Tunnel ID           |           Session ID          |
//  |             Ns (opt)          |             Nr (opt)          |
//  |      Offset Size (opt)        |    Offset pad... (opt)        |
inline constexpr uint16_t kControlBit = 0x8000;
inline constexpr uint16_t kLengthBit = 0x4000;
inline constexpr uint16_t kSequenceBit = 0x0800;
inline constexpr uint16_t kOffsetBit = 0x0200;
inline constexpr uint16_t kPriorityBit = 0x0100;
inline constexpr uint16_t kVersionMask = 0x000f;
inline constexpr uint16_t kVersion = 2;

inline constexpr uint16_t kUdpPort = 1701;
inline constexpr size_t kMinHeaderLength = 6;       // flags, Tunnel ID, Session ID
inline constexpr size_t kControlHeaderLength = 12;  // T, L and S set: also that of a ZLB
inline constexpr size_t kMaxHeaderLength = 14;      // before the offset pad
// Where the reliable channel puts Ns and Nr into an encoded control message.
inline constexpr size_t kControlNsOffset = 8;
inline constexpr size_t kControlNrOffset = 10;

// Why a datagram is not an L2TPv2 packet. Each is a drop and a counter.
enum class HeaderError : uint8_t {
  kNone,
  kTruncated,       // ends inside the header its flags announce
  kVersionL2f,      // Ver 1 (RFC 2661 3.1: L2F may share the port)
  kVersionUnknown,  // neither 1 nor 2; L2TPv3 is 3
  kControlFlags,    // a control message needs T=L=S=1, O=P=0
  kLengthTooShort,  // Length does not cover the header itself
  kLengthPastEnd,   // Length is more than the datagram has
  kOffsetPastEnd,   // the offset pad ends beyond the datagram
};

struct Header {
  bool control = false;
  bool priority = false;
  bool has_length = false;
  bool has_sequence = false;
  bool has_offset = false;
  uint16_t tunnel_id = 0;   // the receiver's, 0 before it is known
  uint16_t session_id = 0;  // the receiver's, 0 before it is known
  uint16_t ns = 0;
  uint16_t nr = 0;
  uint16_t offset_size = 0;
  // Filled by parsing. The payload is [payload_offset, end): Length, where present, has cut off
  // what follows it.
  uint32_t payload_offset = 0;
  uint32_t end = 0;

  uint32_t payload_length() const { return end - payload_offset; }
};

// `available` are the leading bytes at hand, at most kMaxHeaderLength of them are read;
// `datagram_length` is the length of the whole UDP payload, of which they may be a part.
inline HeaderError ParseHeader(ByteView available, size_t datagram_length, Header& out) {
  if (available.size() > datagram_length) available = available.first(datagram_length);
  if (available.size() < 2) return HeaderError::kTruncated;
  const uint8_t* p = available.data();
  const uint16_t flags = LoadBe16(p);
  const uint16_t version = flags & kVersionMask;
  if (version != kVersion) {
    return version == 1 ? HeaderError::kVersionL2f : HeaderError::kVersionUnknown;
  }
  out.control = (flags & kControlBit) != 0;
  out.has_length = (flags & kLengthBit) != 0;
  out.has_sequence = (flags & kSequenceBit) != 0;
  out.has_offset = (flags & kOffsetBit) != 0;
  out.priority = (flags & kPriorityBit) != 0;
  if (out.control && (!out.has_length || !out.has_sequence || out.has_offset || out.priority)) {
    return HeaderError::kControlFlags;
  }
  const size_t fixed_length = kMinHeaderLength + (out.has_length ? 2u : 0u) +
                              (out.has_sequence ? 4u : 0u) + (out.has_offset ? 2u : 0u);
  if (available.size() < fixed_length) return HeaderError::kTruncated;
  p += 2;
  size_t end = datagram_length;
  if (out.has_length) {
    end = LoadBe16(p);
    p += 2;
    if (end < fixed_length) return HeaderError::kLengthTooShort;
    if (end > datagram_length) return HeaderError::kLengthPastEnd;
  }
  out.tunnel_id = LoadBe16(p);
  out.session_id = LoadBe16(p + 2);
  p += 4;
  out.ns = out.nr = out.offset_size = 0;
  if (out.has_sequence) {
    out.ns = LoadBe16(p);
    out.nr = LoadBe16(p + 2);
    p += 4;
  }
  if (out.has_offset) out.offset_size = LoadBe16(p);
  if (fixed_length + out.offset_size > end) return HeaderError::kOffsetPastEnd;
  out.payload_offset = static_cast<uint32_t>(fixed_length + out.offset_size);
  out.end = static_cast<uint32_t>(end);
  return HeaderError::kNone;
}

inline HeaderError ParseHeader(ByteView datagram, Header& out) {
  return ParseHeader(datagram, datagram.size(), out);
}

// The bytes WriteHeader will use: the flags' fields and the offset pad.
inline size_t HeaderLength(const Header& header) {
  return kMinHeaderLength + (header.has_length ? 2u : 0u) + (header.has_sequence ? 4u : 0u) +
         (header.has_offset ? 2u + header.offset_size : 0u);
}

// Writes header and (zeroed) offset pad for a payload of `payload_length` bytes; 0 when it does not
// fit `out`, else HeaderLength(). With has_length the sum must fit 16 bits, or 0 is returned.
inline size_t WriteHeader(const Header& header, size_t payload_length, MutableByteView out) {
  const size_t length = HeaderLength(header);
  if (length > out.size()) return 0;
  if (header.has_length && length + payload_length > 0xffff) return 0;
  Writer writer(out.first(length));
  writer.WriteU16(static_cast<uint16_t>(
      kVersion | (header.control ? kControlBit : 0) | (header.has_length ? kLengthBit : 0) |
      (header.has_sequence ? kSequenceBit : 0) | (header.has_offset ? kOffsetBit : 0) |
      (header.priority ? kPriorityBit : 0)));
  if (header.has_length) writer.WriteU16(static_cast<uint16_t>(length + payload_length));
  writer.WriteU16(header.tunnel_id);
  writer.WriteU16(header.session_id);
  if (header.has_sequence) {
    writer.WriteU16(header.ns);
    writer.WriteU16(header.nr);
  }
  if (header.has_offset) {
    writer.WriteU16(header.offset_size);
    while (writer.remaining() > 0) writer.WriteU8(0);
  }
  return writer.ok() ? length : 0;
}

// A control header: T, L and S set (RFC 2661 3.1).
inline Header ControlHeader(uint16_t tunnel_id, uint16_t session_id, uint16_t ns, uint16_t nr) {
  return {.control = true,
          .has_length = true,
          .has_sequence = true,
          .tunnel_id = tunnel_id,
          .session_id = session_id,
          .ns = ns,
          .nr = nr};
}

}  // namespace lns::l2tp
