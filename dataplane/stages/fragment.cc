// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/fragment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/stages/outer_header.h"
#include "lib/net/ipv4.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {
namespace {

// Before a fragment: all that the downlink puts there.
constexpr uint16_t kFragmentRoom = kEncapsulationRoom + ppp::kMaxFrameHeader;
constexpr size_t kMaxIpv4Header = 60;

// What each fragment carries but the last: whole units of eight octets.
uint32_t ChunkOf(uint32_t mtu, uint32_t header_length) { return (mtu - header_length) & ~7u; }

// The header of all fragments but the first: of the options only those that are to be copied
// (RFC 791 3.1), padded with zeros to whole words.
struct LaterHeader {
  std::array<uint8_t, kMaxIpv4Header> bytes{};
  size_t length = net::kIpv4HeaderLength;
};

LaterHeader MakeLaterHeader(const uint8_t* ip, size_t header_length) {
  constexpr uint8_t kEndOfOptions = 0;
  constexpr uint8_t kNoOperation = 1;
  constexpr uint8_t kCopied = 0x80;
  LaterHeader later;
  std::memcpy(later.bytes.data(), ip, net::kIpv4HeaderLength);
  size_t at = net::kIpv4HeaderLength;
  while (at < header_length && ip[at] != kEndOfOptions) {
    if (ip[at] == kNoOperation) {
      ++at;
      continue;
    }
    const size_t length = at + 1 < header_length ? ip[at + 1] : 0;
    if (length < 2 || at + length > header_length) break;
    if ((ip[at] & kCopied) != 0) {
      std::memcpy(later.bytes.data() + later.length, ip + at, length);
      later.length += length;
    }
    at += length;
  }
  later.length = (later.length + 3) / 4 * 4;
  later.bytes[0] = static_cast<uint8_t>(0x40 | later.length / 4);
  return later;
}

void FinishHeader(uint8_t* ip, size_t header_length, size_t total_length, uint32_t offset,
                  bool more_follow) {
  StoreBe16(ip + 2, static_cast<uint16_t>(total_length));
  StoreBe16(ip + 6,
            static_cast<uint16_t>(offset / 8 | (more_follow ? net::kIpv4MoreFragments : 0)));
  StoreBe16(ip + 10, 0);
  net::StoreChecksum(ip + 10, net::Checksum(ByteView(ip, header_length)));
}

}  // namespace

uint32_t CountFragments(const uint8_t* ip, uint32_t length, uint32_t mtu) {
  const auto header_length = static_cast<uint32_t>(net::Ipv4HeaderLength(ip));
  if ((LoadBe16(ip + 6) & net::kIpv4DontFragment) != 0 || mtu < header_length + 8) return 0;
  const uint32_t chunk = ChunkOf(mtu, header_length);
  const uint32_t count = (length - header_length + chunk - 1) / chunk;
  return count <= kMaxFragments ? count : 0;
}

bool MakeFragments(Context& context, Batch& batch, rte_mbuf* packet, const PacketMeta& meta,
                   uint32_t mtu, uint32_t count) {
  std::array<rte_mbuf*, kMaxFragments> buffers;
  rte_mempool* pool = context.config().inject_pool;
  if (pool == nullptr || rte_pktmbuf_alloc_bulk(pool, buffers.data(), count) != 0) return false;
  const uint8_t* ip = static_cast<const uint8_t*>(packet->buf_addr) + meta.l3_offset;
  const size_t header_length = net::Ipv4HeaderLength(ip);
  const LaterHeader later = MakeLaterHeader(ip, header_length);
  const uint16_t fragment = LoadBe16(ip + 6);
  const uint32_t start = (fragment & net::kIpv4FragmentOffset) * 8u;
  const bool more_behind = (fragment & net::kIpv4MoreFragments) != 0;
  const uint32_t payload = meta.l3_length - static_cast<uint32_t>(header_length);
  const uint32_t chunk = ChunkOf(mtu, static_cast<uint32_t>(header_length));
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t from = i * chunk;
    const uint32_t carried = std::min(chunk, payload - from);
    const size_t own_header = i == 0 ? header_length : later.length;
    uint8_t* out = static_cast<uint8_t*>(buffers[i]->buf_addr) + kFragmentRoom;
    std::memcpy(out, i == 0 ? ip : later.bytes.data(), own_header);
    std::memcpy(out + own_header, ip + header_length + from, carried);
    FinishHeader(out, own_header, own_header + carried, start + from, more_behind || i + 1 < count);
    PacketMeta own;
    own.in_port = meta.in_port;
    own.family = net::Family::kIpv4;
    own.l3_offset = kFragmentRoom;
    own.l3_length = static_cast<uint16_t>(own_header + carried);
    batch.Add(buffers[i], own);
  }
  rte_pktmbuf_free(packet);
  return true;
}

}  // namespace lns::dataplane
