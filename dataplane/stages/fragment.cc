// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/fragment.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "dataplane/stages/outer_header.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
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

// What stands before the payload of each fragment of an IPv4 packet.
class Ipv4Headers {
 public:
  explicit Ipv4Headers(const uint8_t* ip)
      : ip_(ip), length_(net::Ipv4HeaderLength(ip)), later_(MakeLaterHeader(ip, length_)) {
    const uint16_t fragment = LoadBe16(ip + 6);
    start_ = (fragment & net::kIpv4FragmentOffset) * 8u;
    more_behind_ = (fragment & net::kIpv4MoreFragments) != 0;
  }

  // Before `carried` octets of the payload from `from` on; its length.
  size_t Write(uint8_t* out, uint32_t from, uint32_t carried, bool is_last) const {
    const size_t own = from == 0 ? length_ : later_.length;
    std::memcpy(out, from == 0 ? ip_ : later_.bytes.data(), own);
    const bool more = more_behind_ || !is_last;
    StoreBe16(out + 2, static_cast<uint16_t>(own + carried));
    StoreBe16(out + 6,
              static_cast<uint16_t>((start_ + from) / 8 | (more ? net::kIpv4MoreFragments : 0)));
    StoreBe16(out + 10, 0);
    net::StoreChecksum(out + 10, net::Checksum(ByteView(out, own)));
    return own;
  }

 private:
  const uint8_t* ip_;
  size_t length_;
  LaterHeader later_;
  uint32_t start_ = 0;
  bool more_behind_ = false;
};

// The same for IPv6: a fragment header behind the packet's own.
class Ipv6Headers {
 public:
  Ipv6Headers(const uint8_t* ip, uint32_t id) : ip_(ip), id_(id) {}

  size_t Write(uint8_t* out, uint32_t from, uint32_t carried, bool is_last) const {
    std::memcpy(out, ip_, net::kIpv6HeaderLength);
    StoreBe16(out + 4, static_cast<uint16_t>(kIpv6FragmentHeaderLength + carried));
    out[6] = net::kNextHeaderFragment;
    uint8_t* fragment = out + net::kIpv6HeaderLength;
    fragment[0] = ip_[6];
    fragment[1] = 0;
    StoreBe16(fragment + 2, static_cast<uint16_t>(from | (is_last ? 0u : kIpv6MoreFragments)));
    StoreBe32(fragment + 4, id_);
    return net::kIpv6HeaderLength + kIpv6FragmentHeaderLength;
  }

 private:
  const uint8_t* ip_;
  uint32_t id_;
};

// Octets of the packet that are not cut, and those before the payload of a fragment, at most.
uint32_t HeaderLength(net::Family family, const uint8_t* ip) {
  return static_cast<uint32_t>(family == net::Family::kIpv4 ? net::Ipv4HeaderLength(ip)
                                                            : net::kIpv6HeaderLength);
}
uint32_t HeaderRoom(net::Family family, const uint8_t* ip) {
  return HeaderLength(family, ip) +
         (family == net::Family::kIpv4 ? 0 : static_cast<uint32_t>(kIpv6FragmentHeaderLength));
}

// What is cut into pieces of `chunk` octets.
struct Payload {
  const uint8_t* bytes;
  uint32_t length;
  uint32_t chunk;
};

template <typename Headers>
void Cut(const Headers& headers, const Payload& payload, std::span<rte_mbuf* const> buffers,
         PacketMeta meta, Batch& batch) {
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    const uint32_t from = i * payload.chunk;
    const uint32_t carried = std::min(payload.chunk, payload.length - from);
    uint8_t* out = static_cast<uint8_t*>(buffers[i]->buf_addr) + meta.l3_offset;
    const size_t own = headers.Write(out, from, carried, i + 1 == buffers.size());
    std::memcpy(out + own, payload.bytes + from, carried);
    meta.l3_length = static_cast<uint16_t>(own + carried);
    batch.Add(buffers[i], meta);
  }
}

}  // namespace

uint32_t CountFragments(net::Family family, const uint8_t* ip, uint32_t length, uint32_t mtu) {
  const uint32_t room = HeaderRoom(family, ip);
  if (mtu < room + 8) return 0;
  const uint32_t chunk = ChunkOf(mtu, room);
  const uint32_t count = (length - HeaderLength(family, ip) + chunk - 1) / chunk;
  return count <= kMaxFragments ? count : 0;
}

bool MakeFragments(Context& context, Batch& batch, rte_mbuf* packet, const PacketMeta& meta,
                   uint32_t mtu, uint32_t count) {
  std::array<rte_mbuf*, kMaxFragments> taken;
  rte_mempool* pool = context.config().inject_pool;
  if (pool == nullptr || rte_pktmbuf_alloc_bulk(pool, taken.data(), count) != 0) return false;
  const std::span<rte_mbuf* const> buffers = std::span(taken).first(count);
  const uint8_t* ip = static_cast<const uint8_t*>(packet->buf_addr) + meta.l3_offset;
  const uint32_t header = HeaderLength(meta.family, ip);
  const Payload payload{.bytes = ip + header,
                        .length = meta.l3_length - header,
                        .chunk = ChunkOf(mtu, HeaderRoom(meta.family, ip))};
  PacketMeta own;
  own.in_port = meta.in_port;
  own.family = meta.family;
  own.vrf = meta.vrf;
  own.session_key = meta.session_key;  // fragments take the way of their flow
  own.l3_offset = kFragmentRoom;
  if (meta.family == net::Family::kIpv4) {
    Cut(Ipv4Headers(ip), payload, buffers, own, batch);
  } else {
    Cut(Ipv6Headers(ip, context.NextFragmentId()), payload, buffers, own, batch);
  }
  rte_pktmbuf_free(packet);
  return true;
}

}  // namespace lns::dataplane
