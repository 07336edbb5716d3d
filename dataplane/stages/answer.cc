// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/answer.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/stages/fragment.h"
#include "dataplane/stages/outer_header.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/icmp.h"
#include "lib/net/icmp_error.h"
#include "lib/net/icmpv6.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {
namespace {

using net::IcmpProblem;

constexpr uint8_t kEchoHopLimit = 255;

// Before an answer: its own headers, and all that the downlink puts there.
constexpr uint16_t kAnswerRoom =
    kEncapsulationRoom + ppp::kMaxFrameHeader + net::kMaxIcmpErrorHeaders;

// The packet whose sender is concerned: what was refused, or, where that was encapsulated already,
// what is inside.
struct Subject {
  net::Family family = net::Family::kNone;
  VrfIndex vrf = kMainVrf;
  uint16_t offset = 0;
  uint16_t length = 0;
};

bool IsEncapsulated(const PacketMeta& meta) { return meta.payload_offset > meta.l3_offset; }

// The IP packet in an L2TP data message of ours; none in control and in PPP control.
std::optional<Subject> InnerOf(const Tables& tables, const uint8_t* buffer,
                               const PacketMeta& meta) {
  const ByteView message(buffer + meta.payload_offset, meta.payload_length);
  if (message.size() < l2tp::kMinHeaderLength) return std::nullopt;
  const uint16_t flags = LoadBe16(message.data());
  if ((flags & l2tp::kControlBit) != 0) return std::nullopt;
  const size_t header =
      l2tp::kMinHeaderLength + ((flags & l2tp::kSequenceBit) != 0 ? kNumbersLength : 0);
  const ppp::FrameHeader frame = ppp::ParseFrameHeader(message.subspan(header));
  if (!frame.ok()) return std::nullopt;
  // It is in its session's VRF, the outer packet in the tunnel's. What has waited for a neighbour
  // may have outlived its session.
  const DownlinkEntry* session =
      meta.session == kNoIndex ? nullptr : &tables.downlink[meta.session];
  if (session == nullptr || session->key.load(std::memory_order_relaxed) != meta.session_key) {
    return std::nullopt;
  }
  const bool is_v4 = frame.protocol == ppp::kProtocolIpv4;
  if (!is_v4 && frame.protocol != ppp::kProtocolIpv6) return std::nullopt;
  const size_t before = header + frame.length;
  return Subject{.family = is_v4 ? net::Family::kIpv4 : net::Family::kIpv6,
                 .vrf = SessionVrf(session->tunnel.load(std::memory_order_relaxed)),
                 .offset = static_cast<uint16_t>(meta.payload_offset + before),
                 .length = static_cast<uint16_t>(message.size() - before)};
}

std::optional<Subject> SubjectOf(const Tables& tables, const uint8_t* buffer,
                                 const PacketMeta& meta) {
  if (IsEncapsulated(meta)) return InnerOf(tables, buffer, meta);
  return Subject{
      .family = meta.family, .vrf = meta.vrf, .offset = meta.l3_offset, .length = meta.l3_length};
}

// Null: the packet is no session's.
const TunnelEntry* TunnelOf(const Tables& tables, const PacketMeta& meta) {
  if (meta.session == kNoIndex) return nullptr;
  const DownlinkEntry& session = tables.downlink[meta.session];
  return &tables.tunnels[TunnelIndex(session.tunnel.load(std::memory_order_acquire))];
}

uint16_t MtuFor(const Context& context, const RefusedPacket& refused) {
  const Tables& tables = context.tables();
  const PacketMeta& meta = refused.meta;
  const TunnelEntry* tunnel = TunnelOf(tables, meta);
  if (refused.reason == DropReason::kTooBigForPeer) {
    const uint32_t word = tables.downlink[meta.session].mru_and_mtu.load(std::memory_order_relaxed);
    // Where the outer packet is cut its path is no limit.
    return tunnel->path_mtu == kNeverCut ? SessionMtu(word) : SessionMru(word);
  }
  // It was refused before it had a next hop.
  if (IsEncapsulated(meta) && tunnel != nullptr && meta.l3_length > tunnel->path_mtu) {
    return tunnel->path_mtu;
  }
  return context.port(tables.adjacencies[meta.next_hop].port)->mtu;
}

bool IsTooBig(DropReason reason) {
  return reason == DropReason::kTooBigForPeer || reason == DropReason::kTooBigForPort;
}

// RFC 1812 4.3.2.4: of the side that the answer leaves by. None: we have no address.
net::IpAddress OwnAddressTowards(const Tables& tables, VrfIndex vrf, net::Family family,
                                 const uint8_t* receiver) {
  const uint32_t to = tables.fib->Lookup(vrf, family, receiver);
  size_t side = tables.own_addresses.size() - kMaxVrfs + vrf;  // the subscribers'
  if (to >= kFibAdjacency) {
    // Of several next hops, the first one's will do.
    const uint32_t adjacency =
        to < kFibGroup ? to - kFibAdjacency : tables.groups[to - kFibGroup].adjacency[0];
    side = tables.adjacencies[adjacency].port;
  } else if (to == kFibSubscriber && family == net::Family::kIpv4) {
    const uint32_t session = tables.subscribers->Find(vrf, family, receiver);
    const uint32_t gateway =
        session == kNotFound ? 0 : tables.downlink[session].gateway.load(std::memory_order_relaxed);
    if (gateway != 0) return net::IpAddress::V4(gateway);
  }
  const OwnAddresses& own = *tables.own_addresses[side].load(std::memory_order_acquire);
  return family == net::Family::kIpv4 ? own.ipv4 : own.ipv6;
}

struct Error {
  IcmpProblem problem{};
  uint32_t value = 0;
};

// What the sender of a packet to ourselves is told; nothing about ICMP.
std::optional<Error> ErrorToOwnAddress(net::Family family, ByteView packet) {
  uint8_t protocol = packet[family == net::Family::kIpv4 ? 9 : 6];
  uint32_t named_at = 0;
  if (family == net::Family::kIpv6) {
    const net::Ipv6Upper upper = net::FindIpv6Upper(packet);
    protocol = upper.protocol;
    named_at = static_cast<uint32_t>(upper.named_at);
  }
  if (protocol == net::kProtocolUdp) return Error{.problem = IcmpProblem::kPortUnreachable};
  if (protocol == net::kProtocolIcmp || protocol == net::kProtocolIcmpv6) return std::nullopt;
  return Error{.problem = IcmpProblem::kProtocolUnknown, .value = named_at};
}

std::optional<Error> ErrorFor(const Context& context, const RefusedPacket& refused,
                              const Subject& subject, ByteView packet) {
  switch (refused.reason) {
    case DropReason::kHopLimit:
      return Error{.problem = IcmpProblem::kHopLimit};
    case DropReason::kNoRoute:
      // Towards an LAC it is the subscriber that cannot be reached.
      return Error{.problem = IsEncapsulated(refused.meta) ? IcmpProblem::kHostUnreachable
                                                           : IcmpProblem::kNoRoute};
    case DropReason::kTooBigForPeer:
    case DropReason::kTooBigForPort: {
      const int around = refused.meta.l3_length - subject.length;
      return Error{.problem = IcmpProblem::kTooBig,
                   .value = static_cast<uint32_t>(std::max(MtuFor(context, refused) - around, 0))};
    }
    case DropReason::kToOwnAddress:
      return ErrorToOwnAddress(subject.family, packet);
    default:
      return Error{.problem = IcmpProblem::kHostUnreachable};
  }
}

RouterCounter CounterOf(IcmpProblem problem) {
  switch (problem) {
    case IcmpProblem::kHopLimit:
      return RouterCounter::kTimeExceeded;
    case IcmpProblem::kTooBig:
      return RouterCounter::kPacketTooBig;
    case IcmpProblem::kBadHeader:
      return RouterCounter::kParameterProblem;
    default:
      return RouterCounter::kUnreachable;
  }
}

bool MayAnswerNow(Context& context, const PacketMeta& meta) {
  std::atomic<uint64_t>* due =
      meta.session == kNoIndex ? nullptr : &context.tables().downlink[meta.session].next_answer;
  switch (context.TakeAnswer(due)) {
    case Context::AnswerRate::kSessionExceeds:
      context.Count(RouterCounter::kAnswerRateOfSession);
      return false;
    case Context::AnswerRate::kWorkerExceeds:
      context.Count(RouterCounter::kAnswerRate);
      return false;
    default:
      return true;
  }
}

// As it just came in.
void AddAnswer(Batch& batch, rte_mbuf* packet, const PacketMeta& about, const Subject& answer) {
  PacketMeta meta;
  meta.in_port = about.in_port;
  meta.family = answer.family;
  meta.vrf = answer.vrf;
  meta.l3_offset = answer.offset;
  meta.l3_length = answer.length;
  batch.Add(packet, meta);
}

// Makes the error of the packet's own buffer. False: no error is due.
bool AddError(Context& context, Batch& batch, const RefusedPacket& refused) {
  auto* buffer = static_cast<uint8_t*>(refused.packet->buf_addr);
  const std::optional<Subject> subject = SubjectOf(context.tables(), buffer, refused.meta);
  if (!subject.has_value()) return false;
  const ByteView packet(buffer + subject->offset, subject->length);
  const std::optional<Error> error = ErrorFor(context, refused, *subject, packet);
  if (!error.has_value() || !net::MayBeAnswered(subject->family, packet, error->problem)) {
    context.Count(RouterCounter::kNoAnswerDue);
    return false;
  }
  const net::IpAddress own = OwnAddressTowards(context.tables(), subject->vrf, subject->family,
                                               SourceOf(subject->family, packet.data()));
  if (own.is_none()) {
    context.Count(RouterCounter::kNoOwnAddress);
    return false;
  }
  if (!MayAnswerNow(context, refused.meta)) return false;
  const size_t headers = net::IcmpErrorHeaders(subject->family);
  const size_t quoted = net::IcmpQuoteLength(subject->family, packet.size());
  const size_t quote_at = std::max<size_t>(subject->offset, kAnswerRoom);
  if (quote_at + quoted > refused.packet->buf_len) return false;
  if (quote_at != subject->offset) std::memmove(buffer + quote_at, packet.data(), quoted);
  const size_t offset = quote_at - headers;
  net::WriteIcmpError({.problem = error->problem,
                       .source = own,
                       .value = error->value,
                       .ip_id = context.NextIpId()},
                      MutableByteView(buffer + offset, headers + quoted));
  AddAnswer(batch, refused.packet, refused.meta,
            {.family = subject->family,
             .vrf = subject->vrf,
             .offset = static_cast<uint16_t>(offset),
             .length = static_cast<uint16_t>(headers + quoted)});
  context.Count(error->problem == IcmpProblem::kProtocolUnknown &&
                        subject->family == net::Family::kIpv6
                    ? RouterCounter::kParameterProblem
                    : CounterOf(error->problem));
  return true;
}

// Where the ICMP message of a ping to us begins; 0: it is none, or a wrong one.
size_t EchoOffset(net::Family family, ByteView packet) {
  const uint8_t* ip = packet.data();
  if (family == net::Family::kIpv4) {
    const size_t offset = net::Ipv4HeaderLength(ip);
    const bool whole = ip[9] == net::kProtocolIcmp && !net::IsIpv4Fragment(ip) &&
                       packet.size() >= offset + net::kIcmpHeaderLength;
    return whole && ip[offset] == net::kIcmpEchoRequest && ip[offset + 1] == 0 &&
                   net::Checksum(packet.subspan(offset)) == 0
               ? offset
               : 0;
  }
  const net::Ipv6Upper upper = net::FindIpv6Upper(packet);
  if (!upper.complete || upper.protocol != net::kProtocolIcmpv6 ||
      packet.size() < upper.offset + net::kIcmpHeaderLength ||
      ip[upper.offset] != net::kIcmpv6EchoRequest || ip[upper.offset + 1] != 0) {
    return 0;
  }
  const uint16_t checksum = net::TransportChecksum(
      net::AddressesOfIpv6(packet), net::kProtocolIcmpv6, packet.subspan(upper.offset));
  return checksum == 0 ? upper.offset : 0;
}

// The ping itself becomes the reply: type and addresses change, but not the sum of the addresses.
// Options and extension headers stay behind.
void WriteEchoReply(net::Family family, const uint8_t* ip, uint8_t* icmp, size_t length,
                    uint16_t ip_id) {
  if (family == net::Family::kIpv4) {
    // A reply may be all zeros, so its sum is made anew (RFC 1624 3 knows no such packet).
    icmp[0] = net::kIcmpEchoReply;
    StoreBe16(icmp + 2, 0);
    net::StoreChecksum(icmp + 2, net::Checksum(ByteView(icmp, length)));
    const net::Ipv4Header header{
        .tos = ip[1],
        .total_length = static_cast<uint16_t>(net::kIpv4HeaderLength + length),
        .id = ip_id,
        .ttl = kEchoHopLimit,
        .protocol = net::kProtocolIcmp,
        .source = LoadBe32(ip + 16),
        .destination = LoadBe32(ip + 12)};
    net::WriteIpv4(header, MutableByteView(icmp - net::kIpv4HeaderLength, net::kIpv4HeaderLength));
    return;
  }
  icmp[0] = net::kIcmpv6EchoReply;
  StoreBe16(icmp + 2, net::UpdateChecksum(LoadBe16(icmp + 2), net::kIcmpv6EchoRequest << 8,
                                          net::kIcmpv6EchoReply << 8));
  net::Ipv6Header header{.traffic_class = static_cast<uint8_t>(LoadBe16(ip) >> 4),
                         .payload_length = static_cast<uint16_t>(length),
                         .next_header = net::kProtocolIcmpv6,
                         .hop_limit = kEchoHopLimit};
  std::copy_n(ip + 24, 16, header.source.begin());
  std::copy_n(ip + 8, 16, header.destination.begin());
  net::WriteIpv6(header, MutableByteView(icmp - net::kIpv6HeaderLength, net::kIpv6HeaderLength));
}

// True: the packet was a ping to us, and is answered or dropped for the rate's sake.
bool AddEchoReply(Context& context, Batch& batch, const RefusedPacket& refused) {
  if (refused.reason != DropReason::kToOwnAddress || IsEncapsulated(refused.meta)) return false;
  auto* buffer = static_cast<uint8_t*>(refused.packet->buf_addr);
  const net::Family family = refused.meta.family;
  const ByteView packet(buffer + refused.meta.l3_offset, refused.meta.l3_length);
  const size_t at = EchoOffset(family, packet);
  if (at == 0 || !net::MayBeAnswered(family, packet, IcmpProblem::kHostUnreachable)) return false;
  if (!MayAnswerNow(context, refused.meta)) {
    context.DropPacket(refused.packet, refused.reason);
    return true;
  }
  const size_t header =
      family == net::Family::kIpv4 ? net::kIpv4HeaderLength : net::kIpv6HeaderLength;
  const size_t length = packet.size() - at;
  WriteEchoReply(family, packet.data(), buffer + refused.meta.l3_offset + at, length,
                 context.NextIpId());
  AddAnswer(batch, refused.packet, refused.meta,
            {.family = family,
             .vrf = refused.meta.vrf,
             .offset = static_cast<uint16_t>(refused.meta.l3_offset + at - header),
             .length = static_cast<uint16_t>(header + length)});
  context.Count(RouterCounter::kEchoReply);
  return true;
}

// A packet of ours is cut where its tunnel says so; any other one, of IPv4, where its DF bit does
// not forbid it. A message that is no session's is control.
bool MayBeCut(const Context& context, const PacketMeta& meta, const uint8_t* ip) {
  if (IsEncapsulated(meta)) {
    const TunnelEntry* tunnel = TunnelOf(context.tables(), meta);
    if (tunnel != nullptr && tunnel->path_mtu != kNeverCut) return true;
  } else if (!context.config().answers.fragment) {
    return false;
  }
  return meta.family == net::Family::kIpv4 && (LoadBe16(ip + 6) & net::kIpv4DontFragment) == 0;
}

// 0: it is not to be cut.
uint32_t FragmentsOf(const Context& context, const RefusedPacket& refused) {
  const PacketMeta& meta = refused.meta;
  const uint8_t* ip = static_cast<const uint8_t*>(refused.packet->buf_addr) + meta.l3_offset;
  if (!IsTooBig(refused.reason) || !MayBeCut(context, meta, ip)) return 0;
  return CountFragments(meta.family, ip, meta.l3_length, MtuFor(context, refused));
}

void AddFragments(Context& context, Batch& batch, const RefusedPacket& refused, uint32_t count) {
  if (!MakeFragments(context, batch, refused.packet, refused.meta, MtuFor(context, refused),
                     count)) {
    context.DropPacket(refused.packet, DropReason::kNoFragmentBuffer);
    return;
  }
  context.Count(RouterCounter::kFragmentedPackets);
  context.Count(RouterCounter::kFragments, count);
}

}  // namespace

void Answer(Context& context, Batch& batch) {
  Refused& waiting = context.refused();
  batch.set_session_flags(0);  // no policy of a session is about what we send ourselves
  while (!waiting.empty()) {
    const uint32_t fragments = FragmentsOf(context, waiting.Oldest());
    if (batch.size() + std::max(fragments, 1u) > kBatchSize) return;
    const RefusedPacket refused = waiting.Take();
    if (fragments != 0) {
      AddFragments(context, batch, refused, fragments);
      continue;
    }
    if (AddEchoReply(context, batch, refused)) continue;
    if (AddError(context, batch, refused)) {
      context.CountLoss(refused.reason);
    } else {
      context.DropPacket(refused.packet, refused.reason);
    }
  }
}

}  // namespace lns::dataplane
