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
#include "dataplane/tables/entries.h"
#include "lib/l2tp/header.h"
#include "lib/net/checksum.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::dataplane {

// Outer headers, L2TP header and Ethernet: what must be free before a PPP frame.
inline constexpr uint16_t kNumbersLength = 4;  // Ns, Nr
inline constexpr uint16_t kEncapsulationRoom =
    14 + kMaxOuterHeader + l2tp::kMinHeaderLength + kNumbersLength;

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
  const uint32_t peer_ids = session.peer_ids.load(std::memory_order_relaxed);
  meta.payload_offset = static_cast<uint16_t>(meta.payload_offset - l2tp::kMinHeaderLength);
  meta.payload_length = static_cast<uint16_t>(meta.payload_length + l2tp::kMinHeaderLength);
  StoreBe16(buffer + meta.payload_offset, bits);
  StoreBe32(buffer + meta.payload_offset + 2, peer_ids);
  sum.AddField(bits);
  sum.AddField(static_cast<uint16_t>(peer_ids >> 16));
  sum.AddField(static_cast<uint16_t>(peer_ids));
}

inline uint16_t OuterUdpChecksum(const TunnelEntry& tunnel, uint16_t udp_length,
                                 net::ChecksumSum payload_sum) {
  if (tunnel.udp_checksum_off) return 0;
  payload_sum.AddFolded(tunnel.udp_sum);
  payload_sum.AddField(udp_length);  // of the pseudo-header
  payload_sum.AddField(udp_length);  // of the UDP header
  return net::NonZeroUdpChecksum(payload_sum.Checksum());
}

// The outer IP and UDP headers before the UDP payload at payload_offset.
inline void WriteOuter(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel, uint16_t ip_id,
                       net::ChecksumSum payload_sum) {
  uint8_t* payload = buffer + meta.payload_offset;
  const auto udp_length = static_cast<uint16_t>(meta.payload_length + net::kUdpHeaderLength);
  const auto length = static_cast<uint16_t>(meta.payload_length + tunnel.outer_length);
  meta.l3_offset = static_cast<uint16_t>(meta.payload_offset - tunnel.outer_length);
  meta.l3_length = length;
  meta.family = tunnel.family;
  std::memcpy(payload - kMaxOuterHeader, tunnel.outer.data(), kMaxOuterHeader);
  uint8_t* ip = payload - tunnel.outer_length;
  if (tunnel.family == net::Family::kIpv4) {
    StoreBe32(ip + 2, static_cast<uint32_t>(length) << 16 | ip_id);
    net::ChecksumSum sum(tunnel.ip_sum);
    sum.AddField(length);
    sum.AddField(ip_id);
    net::StoreChecksum(ip + 10, sum.Checksum());
  } else {
    StoreBe16(ip + 4, static_cast<uint16_t>(length - net::kIpv6HeaderLength));
  }
  uint8_t* udp = payload - net::kUdpHeaderLength;
  StoreBe16(udp + 4, udp_length);
  net::StoreChecksum(udp + 6, OuterUdpChecksum(tunnel, udp_length, payload_sum));
}

// RFC 3308: a session may be marked otherwise than its tunnel.
inline void WriteSessionDscp(uint8_t* buffer, const PacketMeta& meta, uint32_t flags) {
  if ((flags & kOwnDscp) == 0) [[likely]]
    return;
  uint8_t* ip = buffer + meta.l3_offset;
  const auto dscp = static_cast<uint16_t>(SessionDscp(flags));
  const uint16_t old_word = LoadBe16(ip);
  if (meta.family == net::Family::kIpv4) {
    const auto word = static_cast<uint16_t>((old_word & 0xff03) | dscp << 2);
    StoreBe16(ip, word);
    StoreBe16(ip + 10, net::UpdateChecksum(LoadBe16(ip + 10), old_word, word));
  } else {
    StoreBe16(ip, static_cast<uint16_t>((old_word & 0xf03f) | dscp << 6));
  }
}

}  // namespace lns::dataplane
