// The L2TP, UDP and IP headers of what goes to a peer, written before a frame: for l2tp_encap and
// for what the control plane injects. Inline, since together they are most of the downlink's work.
// The sum of the UDP payload is carried along, so that no header is read back right after it was
// written. RFC 2661 3.1 and 8.1. The callers see to the headroom.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/core/batch.h"
#include "dataplane/stages/ppp_header.h"
#include "dataplane/tables/entries.h"
#include "lib/l2tp/header.h"
#include "lib/net/checksum.h"
#include "lib/net/dscp.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {

// Outer headers, L2TP header and Ethernet: what must be free before a PPP frame.
inline constexpr uint16_t kNumbersLength = 4;  // Ns, Nr
inline constexpr uint16_t kEncapsulationRoom =
    14 + kMaxOuterHeader + l2tp::kMinHeaderLength + kNumbersLength;

// A word in memory order: what is added to a checksum is what is stored.
template <typename Word>
void StoreWord(uint8_t* p, Word word) {
  std::memcpy(p, &word, sizeof(word));
}

// Of the PPP frame; nothing where the tunnel's UDP checksum is off. What the header stages have
// just written is not read back: the PPP header is known, and an IPv4 header whose checksum is
// right (checked where the packet came in) adds nothing, since its words sum to minus zero.
inline net::ChecksumSum FrameSum(const uint8_t* buffer, const PacketMeta& meta,
                                 uint32_t session_flags, const TunnelEntry& tunnel) {
  net::ChecksumSum sum;
  if (tunnel.udp_checksum_off) return sum;
  const uint8_t* ip = buffer + meta.l3_offset;
  const bool is_v4 = meta.family == net::Family::kIpv4;
  const size_t skipped = is_v4 ? net::Ipv4HeaderLength(ip) : 0;
  sum.Add(ByteView(ip + skipped, meta.l3_length - skipped));
  const PppHeader& header = PppHeaderOf(session_flags, meta.family);
  if (header.length % 2 != 0) sum.ShiftByOneByte();
  sum.AddWord(header.sum);
  return sum;
}

// Of what is at payload_offset; nothing where the tunnel's UDP checksum is off.
inline net::ChecksumSum PayloadSum(const uint8_t* buffer, const PacketMeta& meta,
                                   const TunnelEntry& tunnel) {
  net::ChecksumSum sum;
  if (!tunnel.udp_checksum_off) {
    sum.Add(ByteView(buffer + meta.payload_offset, meta.payload_length));
  }
  return sum;
}

// Ns, and Nr, which means nothing in data messages (RFC 2661 3.1). By the session's owner alone.
inline void WriteNumbers(uint8_t* buffer, PacketMeta& meta, DownlinkEntry& session,
                         net::ChecksumSum& sum) {
  const uint32_t ns = session.next_ns.load(std::memory_order_relaxed);
  session.next_ns.store(ns + 1, std::memory_order_relaxed);
  meta.payload_offset = static_cast<uint16_t>(meta.payload_offset - kNumbersLength);
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + kNumbersLength);
  StoreBe32(buffer + meta.payload_offset, ns << 16);
  sum.AddField(static_cast<uint16_t>(ns));
}

// The L2TP data header before the frame at payload_offset; payload_offset and payload_length are
// then those of the L2TP packet, and so is the sum.
inline void WriteL2tpDataHeader(uint8_t* buffer, PacketMeta& meta, DownlinkEntry& session,
                                uint32_t flags, net::ChecksumSum& sum) {
  uint16_t bits = l2tp::kVersion;
  if ((flags & kSequenced) != 0) [[unlikely]] {
    WriteNumbers(buffer, meta, session, sum);
    bits |= l2tp::kSequenceBit;
  }
  const auto offset = static_cast<uint16_t>(meta.payload_offset - l2tp::kMinHeaderLength);
  meta.payload_offset = offset;
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + l2tp::kMinHeaderLength);
  const uint32_t first = net::ChecksumSum::InMemoryOrder(bits);
  const uint32_t ids =
      net::ChecksumSum::InMemoryOrder32(session.peer_ids.load(std::memory_order_relaxed));
  StoreWord(buffer + offset, static_cast<uint16_t>(first));
  StoreWord<uint32_t>(buffer + offset + 2, ids);
  sum.AddWord(uint64_t{first} + ids);
}

inline uint16_t OuterUdpChecksum(const TunnelEntry& tunnel, uint16_t udp_length,
                                 net::ChecksumSum payload_sum) {
  if (tunnel.udp_checksum_off) return 0;
  // The length stands in the pseudo-header and in the UDP header.
  payload_sum.AddWord(uint64_t{tunnel.udp_sum} + 2 * net::ChecksumSum::InMemoryOrder(udp_length));
  return net::NonZeroUdpChecksum(payload_sum.Checksum());
}

// How long the headers are in front of the UDP payload, over IPv4 and over IPv6.
inline constexpr uint32_t kOuterIpv4Length = net::kIpv4HeaderLength + net::kUdpHeaderLength;
inline constexpr uint32_t kOuterIpv6Length = net::kIpv6HeaderLength + net::kUdpHeaderLength;

// In front of the UDP payload at payload_offset the prebuilt headers, the UDP header finished.
template <uint32_t kOuterLength>
uint8_t* WriteOuterUdp(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel,
                       net::ChecksumSum payload_sum) {
  // What is read comes first: a store of bytes might be to anything, so what is read after it is
  // read again.
  const auto udp_length = static_cast<uint16_t>(meta.payload_length + net::kUdpHeaderLength);
  const uint16_t udp_checksum = OuterUdpChecksum(tunnel, udp_length, payload_sum);
  uint8_t* payload = buffer + meta.payload_offset;
  meta.l3_offset = static_cast<uint16_t>(meta.payload_offset - kOuterLength);
  meta.l3_length = static_cast<uint16_t>(meta.payload_length + kOuterLength);
  std::memcpy(payload - kMaxOuterHeader, tunnel.outer.data(), kMaxOuterHeader);
  StoreWord<uint32_t>(payload - 4, net::ChecksumSum::InMemoryOrder(udp_length) |
                                       static_cast<uint32_t>(udp_checksum) << 16);
  return payload - kOuterLength;
}

inline void WriteOuterIpv4(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel,
                           uint16_t ip_id, net::ChecksumSum payload_sum) {
  const uint32_t length = meta.payload_length + kOuterIpv4Length;
  const uint32_t length_and_id = net::ChecksumSum::InMemoryOrder32(length << 16 | ip_id);
  net::ChecksumSum ip_sum;
  ip_sum.AddWord(uint64_t{tunnel.ip_sum} + length_and_id);
  uint8_t* ip = WriteOuterUdp<kOuterIpv4Length>(buffer, meta, tunnel, payload_sum);
  StoreWord<uint32_t>(ip + 2, length_and_id);
  net::StoreChecksum(ip + 10, ip_sum.Checksum());
  meta.family = net::Family::kIpv4;
  meta.vrf = tunnel.vrf;
}

// The outer IP and UDP headers in front of the UDP payload at payload_offset.
inline void WriteOuter(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel, uint16_t ip_id,
                       net::ChecksumSum payload_sum) {
  if (tunnel.family == net::Family::kIpv4) {
    WriteOuterIpv4(buffer, meta, tunnel, ip_id, payload_sum);
    return;
  }
  const auto length = static_cast<uint16_t>(meta.payload_length + net::kUdpHeaderLength);
  uint8_t* ip = WriteOuterUdp<kOuterIpv6Length>(buffer, meta, tunnel, payload_sum);
  StoreBe16(ip + 4, length);
  meta.family = net::Family::kIpv6;
  meta.vrf = tunnel.vrf;
}

// RFC 3308: a session may be marked otherwise than its tunnel.
inline void WriteSessionDscp(uint8_t* buffer, const PacketMeta& meta, uint32_t flags) {
  if ((flags & kOwnDscp) == 0) [[likely]]
    return;
  net::SetDscp(meta.family, buffer + meta.l3_offset, static_cast<uint8_t>(SessionDscp(flags)));
}

}  // namespace lns::dataplane
