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
[[gnu::noinline]] net::IpError CheckHeader(PacketMeta& meta, const uint8_t* ip) {
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

// Nearly every packet. False: Check is to look closely.
bool IsUsual(PacketMeta& meta, const uint8_t* ip, const UplinkEntry& session) {
  uint16_t length = 0;
  if (meta.family != net::Family::kIpv4 || !IsUsualSource(ip, meta.l3_length, session, length)) {
    return false;
  }
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

// False: the packet leaves here.
[[gnu::noinline]] bool Check(Context& context, Batch& batch, uint32_t i, const uint8_t* ip) {
  PacketMeta& meta = batch.meta(i);
  const net::IpError error = CheckHeader(meta, ip);
  if (error != net::IpError::kNone) {
    batch.Drop(i, error == net::IpError::kBadChecksum ? DropReason::kBadInnerChecksum
                                                      : DropReason::kBadInnerHeader);
    return false;
  }
  const SubscriberTable& subscribers = *context.tables().subscribers;
  if (subscribers.Find(meta.vrf, meta.family, SourceOf(meta.family, ip)) != meta.session) {
    RefuseSource(context, batch, i);
    return false;
  }
  return true;
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
    if (!IsUsual(meta, ip, session) && !Check(context, batch, i, ip)) [[unlikely]] {
      continue;
    }
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
