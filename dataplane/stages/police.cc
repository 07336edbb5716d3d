// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/police.h"

#include <rte_prefetch.h>

#include <algorithm>
#include <array>

#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

struct Uplink {
  static constexpr size_t kDirection = kUp;
  static Meter& MeterOf(SessionMeters& meters) { return meters.uplink; }
};
struct Downlink {
  static constexpr size_t kDirection = kDown;
  static Meter& MeterOf(SessionMeters& meters) { return meters.downlink; }
};

// What a packet of a session is judged by.
struct Limits {
  Meter* meter = nullptr;             // its session's
  uint32_t aggregate = kNoAggregate;  // its tunnel's
};

template <typename Direction>
Limits LimitsOf(const Tables& tables, const DownlinkEntry& session) {
  Limits limits;
  const uint32_t flags = session.flags.load(std::memory_order_acquire);
  if ((flags & kMetered) != 0) {
    const SessionExtras& extras = tables.extras[session.extras.load(std::memory_order_acquire)];
    limits.meter = &Direction::MeterOf(tables.meters[extras.meters]);
    rte_prefetch0(limits.meter);
  }
  if ((flags & kAggregated) != 0) {
    const uint32_t tunnel = session.tunnel.load(std::memory_order_acquire);
    limits.aggregate = tables.tunnels[TunnelIndex(tunnel)].aggregate;
  }
  return limits;
}

bool IsBeyond(Meter& meter, MeterProfile& profile, uint64_t now, uint32_t length) {
  const rte_color colour =
      profile.two_rates ? rte_meter_trtcm_color_blind_check(&meter.two, &profile.two, now, length)
                        : rte_meter_srtcm_color_blind_check(&meter.one, &profile.one, now, length);
  return colour == RTE_COLOR_RED;
}

// False: beyond the session's own rate.
bool PassesMeter(const Tables& tables, Meter* meter, uint16_t length, uint64_t now) {
  if (meter == nullptr || meter->profile == kNoProfile) return true;
  MeterProfile& profile = tables.meter_profiles[meter->profile];
  const int octets = length + profile.overhead_bytes;
  if (!IsBeyond(*meter, profile, now, static_cast<uint32_t>(std::max(octets, 0)))) return true;
  meter->dropped_packets.Add(1);
  meter->dropped_bytes.Add(length);
  return false;
}

template <typename Direction>
void Police(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const uint64_t now = context.Now();
  std::array<Limits, kBatchSize> limits;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    limits[i] = LimitsOf<Direction>(tables, tables.downlink[batch.meta(i).session]);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const uint16_t length = batch.meta(i).l3_length;
    if (!PassesMeter(tables, limits[i].meter, length, now)) {
      batch.Drop(i, DropReason::kPoliced);
      continue;
    }
    const uint32_t aggregate = limits[i].aggregate;
    if (aggregate == kNoAggregate) continue;
    const size_t share = size_t{aggregate} * context.workers() + context.worker();
    AggregateCredit& credit = tables.aggregate_shares[share].credits[Direction::kDirection];
    if (!TakeFromAggregate(tables.aggregates[aggregate], Direction::kDirection, credit, length,
                           now)) {
      batch.Drop(i, DropReason::kAggregatePoliced);
    }
  }
}

// What is left of the batch is the sessions' traffic (source_guard.h).
void CountUplink(Context& context, const Batch& batch) {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    if (meta.verdict != Verdict::kContinue) continue;
    UplinkEntry& session = context.tables().uplink[meta.session];
    session.packets.Add(1);
    session.bytes.Add(meta.l3_length);
    ++packets;
    bytes += meta.l3_length;
  }
  context.counters().traffic.uplink_packets.Add(packets);
  context.counters().traffic.uplink_bytes.Add(bytes);
}

}  // namespace

void PoliceUplink(Context& context, Batch& batch) {
  Police<Uplink>(context, batch);
  CountUplink(context, batch);
}
void PoliceDownlink(Context& context, Batch& batch) { Police<Downlink>(context, batch); }

}  // namespace lns::dataplane
