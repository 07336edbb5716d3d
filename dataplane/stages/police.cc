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
  static Meter& MeterOf(SessionMeters& meters) { return meters.uplink; }
};
struct Downlink {
  static Meter& MeterOf(SessionMeters& meters) { return meters.downlink; }
};

bool IsBeyond(Meter& meter, MeterProfile& profile, uint64_t now, uint32_t length) {
  const rte_color colour =
      profile.two_rates ? rte_meter_trtcm_color_blind_check(&meter.two, &profile.two, now, length)
                        : rte_meter_srtcm_color_blind_check(&meter.one, &profile.one, now, length);
  return colour == RTE_COLOR_RED;
}

template <typename Direction>
void Police(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  const uint64_t now = context.Now();
  std::array<Meter*, kBatchSize> meters{};
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const DownlinkEntry& session = tables.downlink[batch.meta(i).session];
    if ((session.flags.load(std::memory_order_acquire) & kMetered) == 0) continue;
    const SessionExtras& extras = tables.extras[session.extras.load(std::memory_order_acquire)];
    meters[i] = &Direction::MeterOf(tables.meters[extras.meters]);
    rte_prefetch0(meters[i]);
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    Meter* meter = meters[i];
    if (meter == nullptr || meter->profile == kNoProfile) continue;
    MeterProfile& profile = tables.meter_profiles[meter->profile];
    const int octets = batch.meta(i).l3_length + profile.overhead_bytes;
    if (!IsBeyond(*meter, profile, now, static_cast<uint32_t>(std::max(octets, 0)))) continue;
    meter->dropped_packets.Add(1);
    meter->dropped_bytes.Add(batch.meta(i).l3_length);
    batch.Drop(i, DropReason::kPoliced);
  }
}

}  // namespace

void PoliceUplink(Context& context, Batch& batch) { Police<Uplink>(context, batch); }
void PoliceDownlink(Context& context, Batch& batch) { Police<Downlink>(context, batch); }

}  // namespace lns::dataplane
