// The PPP frame as it stands in an L2TP data message: the optional address and control field, the
// protocol field, the information (RFC 1661 2 and 6.5, RFC 1662 3.1; no flags, FCS or escapes).
// Both compressions are accepted on every frame whatever was negotiated; what is sent is the
// smallest prefix the peer's LCP options allow. Allocation-free: workers run this once per packet.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"

namespace lns::ppp {

// Assigned protocol numbers. Those below 0x0100 may be sent in one byte; 0x0xxx to 0x3xxx are
// network protocols, 0x8xxx to 0xbxxx their control protocols, 0xcxxx link-layer protocols.
enum Protocol : uint16_t {
  kProtocolIpv4 = 0x0021,
  kProtocolIpv6 = 0x0057,
  kProtocolIpcp = 0x8021,
  kProtocolIpv6cp = 0x8057,
  kProtocolCcp = 0x80fd,
  kProtocolLcp = 0xc021,
  kProtocolPap = 0xc023,
  kProtocolChap = 0xc223,
  kProtocolEap = 0xc227,
};

inline constexpr uint8_t kAllStations = 0xff;         // address field
inline constexpr uint8_t kUnnumberedInformation = 3;  // control field
inline constexpr size_t kMaxFrameHeader = 4;          // FF 03 and a two-byte protocol
inline constexpr uint16_t kDefaultMru = 1500;         // RFC 1661 6.1
inline constexpr uint32_t kDefaultAccm = 0xffffffff;  // RFC 1662 7.1

// RFC 1661 2: the low bit of the last protocol byte is 1 and that of the first of two is 0.
// Anything else is an unrecognised protocol, not an unreadable frame.
constexpr bool IsWellFormedProtocol(uint16_t protocol) { return (protocol & 0x0101) == 0x0001; }
// A network protocol's own packets, as opposed to control of any kind.
constexpr bool IsNetworkData(uint16_t protocol) { return protocol < 0x4000; }

//      0      1      2      3
//  +------+------+------+------+---------------
//  |  FF  |  03  |  protocol   | information ...      FF 03 and the protocol's first byte may each
//  +------+------+------+------+---------------      be left out
struct FrameHeader {
  uint16_t protocol = 0;
  uint8_t length = 0;  // bytes before the information; 0 when the frame ends too early

  bool ok() const { return length != 0; }
};

// Never reads past `frame`. FF cannot begin a compressed protocol field (00FF is not assignable),
// so FF 03 is always the address and control field.
inline FrameHeader ParseFrameHeader(ByteView frame) {
  size_t at = 0;
  if (frame.size() >= 2 && frame[0] == kAllStations && frame[1] == kUnnumberedInformation) at = 2;
  if (frame.size() < at + 1) return {};
  if ((frame[at] & 1) != 0) return {frame[at], static_cast<uint8_t>(at + 1)};
  if (frame.size() < at + 2) return {};
  return {LoadBe16(frame.data() + at), static_cast<uint8_t>(at + 2)};
}

// What the peer's LCP options let us leave out.
struct FrameFormat {
  bool pfc = false;   // protocol field compression (RFC 1661 6.5)
  bool acfc = false;  // address and control field compression (RFC 1661 6.6)
};

// LCP is always sent with its full header, so that it is readable in any state (RFC 1661 6.5, 6.6).
inline size_t FrameHeaderLength(uint16_t protocol, FrameFormat format) {
  if (protocol == kProtocolLcp) return kMaxFrameHeader;
  return (format.acfc ? 0u : 2u) + (format.pfc && protocol < 0x0100 ? 1u : 2u);
}

// Writes FrameHeaderLength(protocol, format) bytes, at most kMaxFrameHeader, at `out`.
inline size_t WriteFrameHeader(uint16_t protocol, FrameFormat format, uint8_t* out) {
  uint8_t* p = out;
  if (!format.acfc || protocol == kProtocolLcp) {
    *p++ = kAllStations;
    *p++ = kUnnumberedInformation;
  }
  if (!format.pfc || protocol >= 0x0100) *p++ = static_cast<uint8_t>(protocol >> 8);
  *p++ = static_cast<uint8_t>(protocol);
  return static_cast<size_t>(p - out);
}

}  // namespace lns::ppp
