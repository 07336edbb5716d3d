// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/reassemble.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/stages/fragment.h"
#include "dataplane/stages/peer_check.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kLongestPacket = 65535;

struct Described {
  FragmentKey key;
  OuterFragment fragment;
};

uint8_t* BufferOf(const rte_mbuf* packet) { return static_cast<uint8_t*>(packet->buf_addr); }

FragmentKey KeyOf(const PacketMeta& meta, const uint8_t* ip, uint32_t id) {
  const net::Family family = meta.family;
  const size_t length = family == net::Family::kIpv4 ? 4 : 16;
  return {.source = *net::IpAddress::FromBytes(ByteView(SourceOf(family, ip), length)),
          .destination = *net::IpAddress::FromBytes(ByteView(DestinationOf(family, ip), length)),
          .id = id,
          .vrf = meta.vrf};
}

// None: it cannot be part of any packet.
std::optional<Described> Describe(rte_mbuf* packet, const PacketMeta& meta) {
  const uint8_t* ip = BufferOf(packet) + meta.l3_offset;
  Described result;
  OuterFragment& fragment = result.fragment;
  fragment.packet = packet;
  fragment.meta = meta;
  size_t headers = net::kIpv6HeaderLength + kIpv6FragmentHeaderLength;
  if (meta.family == net::Family::kIpv4) {
    headers = net::Ipv4HeaderLength(ip);
    const uint16_t word = LoadBe16(ip + 6);
    fragment.offset = static_cast<uint16_t>((word & net::kIpv4FragmentOffset) * 8);
    fragment.more = (word & net::kIpv4MoreFragments) != 0;
    result.key = KeyOf(meta, ip, LoadBe16(ip + 4));
  } else {
    if (meta.l3_length < headers) return std::nullopt;
    const uint8_t* header = ip + net::kIpv6HeaderLength;
    if (header[0] != net::kProtocolUdp) return std::nullopt;
    const uint16_t word = LoadBe16(header + 2);
    fragment.offset = word & 0xfff8;
    fragment.more = (word & kIpv6MoreFragments) != 0;
    result.key = KeyOf(meta, ip, LoadBe32(header + 4));
  }
  fragment.data_at = static_cast<uint16_t>(meta.l3_offset + headers);
  fragment.length = static_cast<uint16_t>(meta.l3_length - headers);
  const bool fits = fragment.length != 0 && headers + fragment.end() <= kLongestPacket;
  // All but the last carry whole units of eight octets.
  if (!fits || (fragment.more && fragment.length % 8 != 0)) return std::nullopt;
  return result;
}

rte_mbuf* TakeOne(Reassembly& fragments, uint32_t queue) {
  --fragments.OfSender(fragments.key(queue).source);
  return fragments.TakeOldest(queue).packet;
}

void DropAll(Context& context, uint32_t queue, DropReason reason) {
  Reassembly& fragments = context.fragments();
  while (fragments.count(queue) != 0) context.DropPacket(TakeOne(fragments, queue), reason);
}

bool IsWhole(const Reassembly& fragments, uint32_t queue) {
  uint32_t expected = 0;
  const auto gap = fragments.Seek(queue, [&](const OuterFragment& fragment) {
    if (fragment.offset != expected) return true;
    expected = fragment.end();
    return false;
  });
  return gap.next == nullptr && !fragments.Youngest(queue).more;
}

// The headers of the whole packet, where those of the first fragment stood. `length`: of the data.
void FinishWhole(OuterFragment& first, uint32_t length) {
  PacketMeta& meta = first.meta;
  uint8_t* ip = BufferOf(first.packet) + meta.l3_offset;
  if (meta.family == net::Family::kIpv4) {
    const size_t header = net::Ipv4HeaderLength(ip);
    meta.l3_length = static_cast<uint16_t>(header + length);
    StoreBe16(ip + 2, meta.l3_length);
    StoreBe16(ip + 6, 0);
    StoreBe16(ip + 10, 0);
    net::StoreChecksum(ip + 10, net::Checksum(ByteView(ip, header)));
    return;
  }
  // The fragment header goes: the base header moves up to the data.
  uint8_t* moved = ip + kIpv6FragmentHeaderLength;
  std::memmove(moved, ip, net::kIpv6HeaderLength);
  moved[6] = net::kProtocolUdp;
  StoreBe16(moved + 4, static_cast<uint16_t>(length));
  meta.l3_offset = static_cast<uint16_t>(meta.l3_offset + kIpv6FragmentHeaderLength);
  meta.l3_length = static_cast<uint16_t>(net::kIpv6HeaderLength + length);
}

// Copies all data behind the first fragment's. The queue is gone afterwards.
void Join(Context& context, uint32_t queue) {
  Reassembly& fragments = context.fragments();
  const uint32_t length = fragments.Youngest(queue).end();
  const OuterFragment& oldest = fragments.Oldest(queue);
  if (oldest.data_at + length > oldest.packet->buf_len || context.reassembled().full()) {
    DropAll(context, queue, DropReason::kReassemblyFull);
    return;
  }
  const net::IpAddress source = fragments.key(queue).source;
  OuterFragment first = fragments.TakeOldest(queue);
  --fragments.OfSender(source);
  while (fragments.count(queue) != 0) {
    const OuterFragment next = fragments.TakeOldest(queue);
    --fragments.OfSender(source);
    std::memcpy(BufferOf(first.packet) + first.data_at + next.offset,
                BufferOf(next.packet) + next.data_at, next.length);
    rte_pktmbuf_free(next.packet);
  }
  FinishWhole(first, length);
  context.reassembled().Add(first.packet, first.meta);
  context.Count(RouterCounter::kReassembled);
}

void Store(Context& context, const Described& described) {
  Reassembly& fragments = context.fragments();
  const OuterFragment& fragment = described.fragment;
  uint16_t& of_sender = fragments.OfSender(described.key.source);
  if (fragments.full() || of_sender >= Reassembly::kMaxPerSender) {
    context.DropPacket(fragment.packet, DropReason::kReassemblyFull);
    return;
  }
  const bool is_new = fragments.Find(described.key) == Reassembly::kNoQueue;
  const uint32_t queue = fragments.FindOrAdd(described.key);
  if (is_new) fragments.note(queue).at = context.Now();
  const auto place = fragments.Seek(
      queue, [&](const OuterFragment& other) { return other.end() > fragment.offset; });
  const bool overlaps = !is_new && place.next != nullptr && place.next->offset < fragment.end();
  if (overlaps) {
    const bool again = place.next->offset == fragment.offset &&
                       place.next->length == fragment.length && place.next->more == fragment.more;
    context.DropPacket(fragment.packet, DropReason::kOuterFragment);
    if (!again) DropAll(context, queue, DropReason::kOuterFragment);
    return;
  }
  fragments.Insert(queue, place, fragment);
  ++of_sender;
  if (IsWhole(fragments, queue)) {
    Join(context, queue);
  } else if (fragments.count(queue) == Reassembly::kMaxPerPacket) {
    DropAll(context, queue, DropReason::kReassemblyFull);
  }
}

}  // namespace

void StoreFragment(Context& context, rte_mbuf* packet, const PacketMeta& meta) {
  const std::optional<Described> described = Describe(packet, meta);
  if (described.has_value()) {
    Store(context, *described);
  } else {
    context.DropPacket(packet, DropReason::kOuterFragment);
  }
}

void TakeFragment(Context& context, Batch& batch, uint32_t i) {
  const std::optional<Described> described = Describe(batch.packet(i), batch.meta(i));
  if (!described.has_value()) {
    batch.Drop(i, DropReason::kOuterFragment);
    return;
  }
  batch.Hold(i);
  const uint32_t owner = BucketHash(described->key) % context.workers();
  if (owner == context.worker()) {
    Store(context, *described);
    return;
  }
  PacketMeta meta = batch.meta(i);
  meta.owner = static_cast<uint8_t>(owner);
  meta.resume = Resume::kReassemble;
  context.HandOff(batch.packet(i), meta);
}

void Reassemble(Context& context, Batch& batch) {
  Batch& whole = context.reassembled();
  batch.Append(whole);
  for (uint32_t i = 0; i < batch.size(); ++i) batch.meta(i).verdict = Verdict::kContinue;
  whole.Clear();
  Reassembly& fragments = context.fragments();
  const uint64_t now = context.Now();
  const uint32_t checks = std::min(fragments.queues(), kReassemblyChecksPerTurn);
  for (uint32_t i = 0; i < checks && !fragments.empty(); ++i) {
    const uint32_t queue = fragments.NextQueue();
    if (fragments.IsOverdue(queue, now)) DropAll(context, queue, DropReason::kReassemblyTime);
  }
}

}  // namespace lns::dataplane
