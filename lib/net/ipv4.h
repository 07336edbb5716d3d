// The IPv4 header (RFC 791 3.1): the checks every router makes (RFC 1812 5.2.2), a parsed value,
// and the field accessors that workers use in place. Options are skipped, not interpreted.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/base/bytes.h"
#include "lib/net/checksum.h"

namespace lns::net {

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;

inline constexpr size_t kIpv4HeaderLength = 20;  // without options
inline constexpr uint8_t kIpv4NoOptions = 0x45;  // the first byte: version 4, IHL 5
inline constexpr uint16_t kIpv4DontFragment = 0x4000;
inline constexpr uint16_t kIpv4MoreFragments = 0x2000;
inline constexpr uint16_t kIpv4FragmentOffset = 0x1fff;

//   0       1       2               4               6
//  |ver|ihl| DSCP  | total length  |      id       |flags| fragment offset
//  |  TTL  | proto |   checksum    |                 source
//  |          destination          |                 options ...
enum class IpError : uint8_t {
  kNone,
  kTruncated,  // fewer bytes than a header, or than the header's own length
  kBadHeader,  // version, header length or total length cannot be
  kBadChecksum,
};

struct Ipv4Header {
  uint8_t header_length = kIpv4HeaderLength;  // bytes
  uint8_t tos = 0;
  uint16_t total_length = 0;
  uint16_t id = 0;
  uint16_t fragment = 0;  // flags and offset
  uint8_t ttl = 64;
  uint8_t protocol = 0;
  uint32_t source = 0;  // host order
  uint32_t destination = 0;
  friend bool operator==(const Ipv4Header&, const Ipv4Header&) = default;
};

// Of 20 bytes, of which not all are zero: whether the checksum among them is right. Then they sum
// to minus zero, 0xffff times something. 2^64 - 1 is a multiple of 65535 too, so that the sum need
// not be folded for it; and an odd number divides n where n times its inverse, modulo 2^64, is
// small.
inline bool IsShortIpv4ChecksumRight(const uint8_t* header) {
  uint64_t sum;
  uint64_t words;
  uint32_t last;
  std::memcpy(&sum, header, sizeof(sum));
  std::memcpy(&words, header + 8, sizeof(words));
  std::memcpy(&last, header + 16, sizeof(last));
  sum += words;
  sum += sum < words ? 1 : 0;
  sum += last;
  sum += sum < last ? 1 : 0;
  constexpr uint64_t kInverse = ~uint64_t{0x0001000100010000};
  static_assert(kInverse * 0xffff == 1);
  return sum * kInverse <= UINT64_MAX / 0xffff;
}

// As its IHL says.
inline size_t Ipv4HeaderLength(const uint8_t* header) {
  return static_cast<size_t>(header[0] & 0x0f) * 4;
}

// Nearly every header has no options.
inline bool IsIpv4ChecksumRight(const uint8_t* header, size_t header_length) {
  if (header_length == kIpv4HeaderLength) [[likely]] {
    return IsShortIpv4ChecksumRight(header);
  }
  return Checksum(ByteView(header, header_length)) == 0;
}

// Nearly every packet: no options, and right by RFC 1812 5.2.2. Of 20 bytes, and as many as `room`
// with what follows them. False: CheckIpv4 says what it is.
inline bool IsPlainIpv4(const uint8_t* p, uint32_t room, uint16_t& total_length) {
  total_length = LoadBe16(p + 2);
  // One comparison for both ends: a length below that of a header is a large number here.
  const bool fits = total_length - uint32_t{kIpv4HeaderLength} <= room - kIpv4HeaderLength;
  return p[0] == kIpv4NoOptions && fits && IsShortIpv4ChecksumRight(p);
}

// RFC 1812 5.2.2 (1) to (5), in its order; `packet` may have bytes beyond the total length.
inline IpError CheckIpv4(ByteView packet) {
  if (packet.size() < kIpv4HeaderLength) return IpError::kTruncated;
  const uint8_t* p = packet.data();
  uint16_t total_length = 0;
  if (IsPlainIpv4(p, static_cast<uint32_t>(packet.size()), total_length)) [[likely]] {
    return IpError::kNone;
  }
  const size_t header_length = Ipv4HeaderLength(p);
  if (p[0] >> 4 != 4 || header_length < kIpv4HeaderLength || total_length < header_length) {
    return IpError::kBadHeader;
  }
  if (total_length > packet.size()) return IpError::kTruncated;
  if (!IsIpv4ChecksumRight(p, header_length)) return IpError::kBadChecksum;
  return IpError::kNone;
}

inline IpError ParseIpv4(ByteView packet, Ipv4Header& out) {
  const IpError error = CheckIpv4(packet);
  if (error != IpError::kNone) return error;
  const uint8_t* p = packet.data();
  out.header_length = static_cast<uint8_t>((p[0] & 0x0f) * 4);
  out.tos = p[1];
  out.total_length = LoadBe16(p + 2);
  out.id = LoadBe16(p + 4);
  out.fragment = LoadBe16(p + 6);
  out.ttl = p[8];
  out.protocol = p[9];
  out.source = LoadBe32(p + 12);
  out.destination = LoadBe32(p + 16);
  return IpError::kNone;
}

// Writes 20 bytes with a right checksum; header_length is not looked at. 0: does not fit.
inline size_t WriteIpv4(const Ipv4Header& header, MutableByteView out) {
  if (out.size() < kIpv4HeaderLength) return 0;
  uint8_t* p = out.data();
  p[0] = 0x45;
  p[1] = header.tos;
  StoreBe16(p + 2, header.total_length);
  StoreBe16(p + 4, header.id);
  StoreBe16(p + 6, header.fragment);
  p[8] = header.ttl;
  p[9] = header.protocol;
  StoreBe16(p + 10, 0);
  StoreBe32(p + 12, header.source);
  StoreBe32(p + 16, header.destination);
  StoreChecksum(p + 10, Checksum(ByteView(p, kIpv4HeaderLength)));
  return kIpv4HeaderLength;
}

// In place, on a header that CheckIpv4 passed.
inline bool IsIpv4Fragment(const uint8_t* header) {
  return (LoadBe16(header + 6) & (kIpv4MoreFragments | kIpv4FragmentOffset)) != 0;
}

// One less, checksum updated (RFC 1624). The TTL must not be 0.
inline void DecrementTtl(uint8_t* header) {
  if constexpr (std::endian::native == std::endian::little) {
    // TTL, protocol and checksum are one word: the one goes down, the other up, and there is no
    // carry unless the checksum was all ones or becomes so.
    uint32_t word;
    std::memcpy(&word, header + 8, sizeof(word));
    if (word < 0xfffe0000u) [[likely]] {
      word += 0x0000ffffu;
      std::memcpy(header + 8, &word, sizeof(word));
      return;
    }
  }
  uint16_t old_word;  // TTL and protocol
  uint16_t checksum;
  std::memcpy(&old_word, header + 8, sizeof(old_word));
  std::memcpy(&checksum, header + 10, sizeof(checksum));
  --header[8];
  uint16_t new_word;
  std::memcpy(&new_word, header + 8, sizeof(new_word));
  StoreChecksum(header + 10, UpdateChecksum(checksum, old_word, new_word));
}

}  // namespace lns::net
