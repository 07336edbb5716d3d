// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/source_guard.h"

#include "dataplane/stages/link_scope.h"
#include "dataplane/stages/peer_check.h"
#include "dataplane/stages/usual_packet.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

// Sets meta.l3_length to the packet's own.
net::IpError LookAtHeader(PacketMeta& meta, const uint8_t* ip) {
  const ByteView packet(ip, meta.l3_length);
  if (meta.family == net::Family::kIpv4) {
    const net::IpError error = net::CheckIpv4(packet);
    if (error == net::IpError::kNone) meta.l3_length = LoadBe16(ip + 2);
    return error;
  }
  const net::IpError error = net::CheckIpv6(packet);
  if (error == net::IpError::kNone) {
    meta.l3_length = static_cast<uint16_t>(net::kIpv6HeaderLength + LoadBe16(ip + 4));
  }
  return error;
}

// False: the packet leaves here.
[[gnu::noinline]] bool CheckHeader(Batch& batch, uint32_t i, const uint8_t* ip) {
  const net::IpError error = LookAtHeader(batch.meta(i), ip);
  if (error == net::IpError::kNone) return true;
  batch.Drop(i, error == net::IpError::kBadChecksum ? DropReason::kBadInnerChecksum
                                                    : DropReason::kBadInnerHeader);
  return false;
}

// Nearly every packet's. False: CheckHeader is to look closely.
bool IsPlain(PacketMeta& meta, const uint8_t* ip) {
  uint16_t length = 0;
  if (meta.family != net::Family::kIpv4 || !IsPlainPacket(ip, meta.l3_length, length)) return false;
  meta.l3_length = length;
  return true;
}

// A source that is not the session's: what is said on the link itself, or forged.
void RefuseSource(Context& context, Batch& batch, uint32_t i) {
  const PacketMeta& meta = batch.meta(i);
  const LinkScope scope = meta.family == net::Family::kIpv6
                              ? LinkScopeOf({batch.At(i, meta.l3_offset), meta.l3_length})
                              : LinkScope::kNone;
  if (scope == LinkScope::kNone) return batch.Drop(i, DropReason::kSpoofedSource);
  if (scope == LinkScope::kOther) return batch.Drop(i, DropReason::kLinkScope);
  if (!context.punt_budget().Take(meta.session_key, context.Now())) {
    return batch.Drop(i, DropReason::kPuntBudget);
  }
  batch.Punt(i, punt::PuntReason::kLinkControl);
}

// Of any address of the session's. False: the packet leaves here.
[[gnu::noinline]] bool CheckSource(Context& context, Batch& batch, uint32_t i, const uint8_t* ip,
                                   const UplinkEntry& session) {
  const PacketMeta& meta = batch.meta(i);
  const bool has_routes = meta.family == net::Family::kIpv6 ||
                          (session.flags.load(std::memory_order_relaxed) & kHasRoutes) != 0;
  const SubscriberTable& subscribers = *context.tables().subscribers;
  if (has_routes &&
      subscribers.Find(meta.vrf, meta.family, SourceOf(meta.family, ip)) == meta.session) {
    return true;
  }
  RefuseSource(context, batch, i);
  return false;
}

}  // namespace

void SourceGuard(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const std::span<UplinkEntry> sessions = tables.uplink;
  const uint32_t count = batch.size();
  const bool counts = (batch.session_flags() & kCountedByPolice) == 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    UplinkEntry& session = sessions[meta.session];
    if (!IsPlain(meta, ip) && !CheckHeader(batch, i, ip)) [[unlikely]]
      continue;
    const bool is_usual = meta.family == net::Family::kIpv4 && IsFromUsualSource(ip, session);
    if (!is_usual && !CheckSource(context, batch, i, ip, session)) [[unlikely]]
      continue;
    if (!counts) [[unlikely]]
      continue;
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    bytes += meta.l3_length;
  }
  if (!counts) return;
  const uint32_t packets = count - batch.leaving();
  context.counters().traffic.uplink_packets.Add(packets);
  context.counters().traffic.uplink_bytes.Add(bytes);
}

}  // namespace lns::dataplane
