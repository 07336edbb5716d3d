// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/rates.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// Slower ones have a meter in any case: a packet would wait for seconds.
constexpr uint64_t kLeastShapedBps = 8000;

std::optional<MeterEntry> MeterOf(uint64_t rate_bps, uint64_t burst_octets, int16_t overhead) {
  if (rate_bps == 0) return std::nullopt;
  return MeterEntry{.rate_bps = rate_bps, .burst_octets = burst_octets, .overhead = overhead};
}

}  // namespace

void AppendRates(const ServiceProfile& service, const RateSettings& settings, SessionEntry& entry) {
  const int16_t overhead = service.rate_overhead.value_or(settings.overhead);
  entry.uplink_meter = MeterOf(service.rate_up_bps, service.burst_up_bytes, overhead);
  const bool shape = service.shape_down.value_or(settings.shape_down);
  if (!shape || service.rate_down_bps < kLeastShapedBps) {
    entry.downlink_meter = MeterOf(service.rate_down_bps, service.burst_down_bytes, overhead);
    return;
  }
  entry.downlink_shaper = ShaperEntry{.rate_bps = service.rate_down_bps,
                                      .burst_octets = service.burst_down_bytes,
                                      .queue_octets = service.shape_queue_bytes,
                                      .overhead = overhead};
}

AggregateEntry AggregateOf(const AggregateLimit& limit, const std::string& peer,
                           l2tp::LocalTunnelId tunnel) {
  return {.name = limit.per_tunnel ? absl::StrCat(peer, "/", tunnel.value()) : peer,
          .uplink = MeterOf(limit.rate_up_bps, limit.burst_up_bytes, limit.overhead),
          .downlink = MeterOf(limit.rate_down_bps, limit.burst_down_bytes, limit.overhead)};
}

}  // namespace lns::controlplane
