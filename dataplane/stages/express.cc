// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/express.h"

#include <bit>

#include "dataplane/stages/hop_limit.h"
#include "dataplane/stages/next_hop.h"
#include "dataplane/stages/outer_header.h"
#include "dataplane/stages/ppp_header.h"
#include "dataplane/stages/usual_packet.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

// Named are the flags that change nothing but what is read here anyway, so that a session with a
// flag that came later is not plain.
constexpr uint32_t kPlainSession =
    kIpv4Open | kIpv6Open | kSendPfc | kSendAcfc | kEchoes | kHasRoutes;
bool IsPlain(uint32_t session_flags) { return (session_flags & ~kPlainSession) == 0; }

enum class Look : uint8_t {
  kUsual,      // and finished
  kOtherFlow,  // goes the long way with all packets of its flow: others may overtake it
  kOdd,
};

// Where a packet goes: a neighbour whose MAC address is known.
struct Exit {
  const Adjacency* adjacency = nullptr;
  uint64_t destination = 0;
};

class Exits {
 public:
  explicit Exits(const Context& context)
      : tables_(context.tables()), adjacencies_(tables_.adjacencies.data()), port_(context) {}

  // By the main VRF's IPv4 route to the destination in `ip`, for a packet of `length` with all its
  // headers. Odd is what rewrite has something to tell about.
  Look Find(uint32_t session_key, const uint8_t* ip, uint32_t length, Exit& exit) {
    constexpr net::Family kFamily = net::Family::kIpv4;
    const uint32_t to = tables_.fib->Lookup(kMainVrf, kFamily, DestinationOf(kFamily, ip));
    if (to < kFibAdjacency) [[unlikely]]
      return Look::kOtherFlow;
    exit.adjacency = adjacencies_ + AdjacencyIndex(tables_, to, kFamily, session_key, ip);
    exit.destination = exit.adjacency->destination.load(std::memory_order_relaxed);
    const bool fits = length <= port_.Follow(exit.adjacency->port);
    return fits && HasMac(exit.destination) ? Look::kUsual : Look::kOdd;
  }
  const OutPort& port() const { return port_; }

 private:
  const Tables& tables_;
  const Adjacency* adjacencies_;
  OutPort port_;
};

// Which packets of the batch are finished.
class Finished {
 public:
  explicit Finished(uint32_t count) : all_(~0u >> (kBatchSize - count)) {}
  void Except(uint32_t i) { left_ |= 1u << i; }
  void ExceptFrom(uint32_t i) { left_ |= all_ & ~0u << i; }
  uint32_t number() const { return static_cast<uint32_t>(std::popcount(all_ ^ left_)); }
  // To the port of each: meta.out_port.
  void Transmit(Batch& batch, const OutPort& port) const {
    if (left_ == 0 && port.is_one()) {
      batch.TransmitAll(port.index());
      return;
    }
    for (uint32_t rest = all_ ^ left_; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<uint32_t>(std::countr_zero(rest));
      batch.Transmit(i, batch.meta(i).out_port);
    }
  }

 private:
  static_assert(kBatchSize == 32);
  uint32_t all_;
  uint32_t left_ = 0;
};

// Forward(i, exits) finishes a packet or leaves it as it is. The number of finished ones.
template <typename Forward>
uint32_t ForEach(const Context& context, Batch& batch, Forward forward) {
  const uint32_t count = batch.size();
  Exits exits(context);
  Finished finished(count);
  for (uint32_t i = 0; i < count; ++i) {
    const Look look = forward(i, exits);
    if (look == Look::kUsual) [[likely]]
      continue;
    if (look == Look::kOdd) {
      finished.ExceptFrom(i);
      break;
    }
    finished.Except(i);
  }
  finished.Transmit(batch, exits.port());
  return finished.number();
}

// Where the IPv4 packet begins in a PPP frame; 0: there is another protocol's, or none.
inline uint32_t Ipv4InFrame(const uint8_t* frame, uint32_t length) {
  if (length >= ppp::kMaxFrameHeader && LoadBe32(frame) == kWholeIpv4Frame) [[likely]] {
    return ppp::kMaxFrameHeader;
  }
  const ppp::FrameHeader header = ppp::ParseFrameHeader({frame, length});
  return header.ok() && header.protocol == ppp::kProtocolIpv4 ? header.length : 0;
}

// At an L2TP packet from the tunnel's peer; `meta` is then of the subscriber's packet in it. Odd is
// what l2tp_decap, source_guard or hop_limit has something to tell about.
inline Look LookInside(const uint8_t* buffer, const UplinkEntry& session, PacketMeta& meta) {
  const uint8_t* header = buffer + meta.payload_offset;
  uint32_t end = 0;
  const uint32_t header_length = PlainDataHeaderLength(header, meta.payload_length, end);
  if (header_length == 0) [[unlikely]]
    return Look::kOdd;
  const uint32_t frame_length = end - header_length;
  const uint32_t ip_at = Ipv4InFrame(header + header_length, frame_length);
  if (ip_at == 0) [[unlikely]]
    return Look::kOtherFlow;
  const uint8_t* ip = header + header_length + ip_at;
  meta.family = net::Family::kIpv4;
  meta.l3_offset = static_cast<uint16_t>(ip - buffer);
  const bool is_usual =
      IsPlainPacket(ip, frame_length - ip_at, meta.l3_length) && IsFromUsualSource(ip, session);
  return is_usual && HopsOf(net::Family::kIpv4, ip) > 1 ? Look::kUsual : Look::kOdd;
}

}  // namespace

void ExpressUplink(Context& context, Batch& batch) {
  if (!context.hold().empty()) return;
  UplinkEntry* sessions = context.tables().uplink.data();
  uint64_t bytes = 0;
  const uint32_t finished = ForEach(context, batch, [&](uint32_t i, Exits& exits) {
    // A copy, so that no store into the packet makes the compiler load it again.
    PacketMeta meta = batch.meta(i);
    UplinkEntry& session = sessions[meta.session];
    const uint32_t flags = session.flags.load(std::memory_order_acquire);
    if (!IsPlain(flags) || (flags & kIpv4Open) == 0) [[unlikely]]
      return Look::kOtherFlow;
    uint8_t* buffer = batch.At(i, 0);
    Look look = LookInside(buffer, session, meta);
    if (look != Look::kUsual) [[unlikely]]
      return look;
    uint8_t* ip = buffer + meta.l3_offset;
    Exit exit;
    look = exits.Find(meta.session_key, ip, meta.l3_length, exit);
    if (look != Look::kUsual) [[unlikely]]
      return look;
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    bytes += meta.l3_length;
    TakeHop(meta.family, ip);
    WriteEthernet(batch.packet(i), meta, *exit.adjacency, exit.destination);
    batch.meta(i).out_port = static_cast<uint8_t>(exit.adjacency->port);
    return Look::kUsual;
  });
  context.counters().traffic.uplink_packets.Add(finished);
  context.counters().traffic.uplink_bytes.Add(bytes);
}

void ExpressDownlink(Context& context, Batch& batch) {
  // With a PPP header that is not shortened.
  constexpr uint32_t kHeaders = ppp::kMaxFrameHeader + l2tp::kMinHeaderLength + kOuterIpv4Length;
  if (!context.hold().empty()) return;
  DownlinkEntry* sessions = context.tables().downlink.data();
  const TunnelEntry* tunnels = context.tables().tunnels.data();
  IpIds ip_ids = context.TakeIpIds(0);  // as many as are used: below
  uint64_t bytes = 0;
  const uint32_t finished = ForEach(context, batch, [&](uint32_t i, Exits& exits) {
    PacketMeta meta = batch.meta(i);
    DownlinkEntry& session = sessions[meta.session];
    const TunnelEntry& tunnel =
        tunnels[TunnelIndex(session.tunnel.load(std::memory_order_acquire))];
    const uint32_t flags = session.flags.load(std::memory_order_relaxed);
    if (!IsPlain(flags) || meta.family != net::Family::kIpv4 || tunnel.family != net::Family::kIpv4)
        [[unlikely]] {
      return Look::kOtherFlow;
    }
    uint8_t* buffer = batch.At(i, 0);
    uint8_t* ip = buffer + meta.l3_offset;
    const uint32_t length = meta.l3_length;
    if (HopsOf(meta.family, ip) <= 1 ||
        meta.l3_offset < ppp::kMaxFrameHeader + kEncapsulationRoom ||
        length > SessionMtu(session.mru_and_mtu.load(std::memory_order_relaxed))) [[unlikely]] {
      return Look::kOdd;
    }
    // The prebuilt header: the packet's will have the same addresses.
    const uint8_t* outer = tunnel.outer.data() + kMaxOuterHeader - kOuterIpv4Length;
    Exit exit;
    const Look look = exits.Find(meta.session_key, outer, length + kHeaders, exit);
    if (look != Look::kUsual) [[unlikely]]
      return look;
    session.packets.Add(1);
    session.bytes.Add(length);
    bytes += length;
    TakeHop(meta.family, ip);
    net::ChecksumSum sum = FrameSum(buffer, meta, flags, tunnel);
    WritePppHeader(buffer, meta, flags);
    WriteL2tpDataHeader(buffer, meta, session, kPlainSession, sum);
    WriteOuterIpv4(buffer, meta, tunnel, ip_ids.Next(), sum);
    WriteEthernet(batch.packet(i), meta, *exit.adjacency, exit.destination);
    batch.meta(i).out_port = static_cast<uint8_t>(exit.adjacency->port);
    return Look::kUsual;
  });
  context.TakeIpIds(finished);
  context.counters().traffic.downlink_packets.Add(finished);
  context.counters().traffic.downlink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
