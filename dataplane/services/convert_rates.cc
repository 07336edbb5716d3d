// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/convert_rates.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "dataplane/services/field_error.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kMinRateBps = 8;
constexpr uint64_t kDefaultBurstMs = 50;
constexpr uint64_t kLeastDefaultBurst = 16'000;
// A shaper's burst is short: what is behind it may have no room for a longer one.
constexpr uint64_t kShaperBurstMs = 2;
constexpr uint64_t kShaperBurst = 3000;
// CoDel keeps queues much shorter than this, but for what comes at once.
constexpr uint64_t kShaperQueueMs = 200;
constexpr uint64_t kShaperQueue = 32'000;
constexpr uint64_t kMostDefaultQueue = 16'000'000;
constexpr int kMinOverhead = -64;
constexpr int kMaxOverhead = 256;

uint64_t BurstOf(uint64_t given, uint64_t rate_bps) {
  if (given != 0) return given;
  return std::max(rate_bps * kDefaultBurstMs / 1000 / 8, kLeastDefaultBurst);
}

absl::StatusOr<int16_t> ToOverhead(int32_t bytes, const std::string& field) {
  if (bytes >= kMinOverhead && bytes <= kMaxOverhead) return static_cast<int16_t>(bytes);
  return Invalid(field,
                 absl::StrCat("expected ", kMinOverhead, " to ", kMaxOverhead, ", found ", bytes));
}

absl::StatusOr<uint64_t> ToShapedRate(uint64_t bps, const std::string& field) {
  if (bps >= kMinShaperBps && bps <= kMaxRateBps) return bps;
  return Invalid(field,
                 absl::StrCat("expected ", kMinShaperBps, " to ", kMaxRateBps, ", found ", bps));
}

// What a rate carries in so many milliseconds, but no less and no more than that.
uint64_t OctetsIn(uint64_t milliseconds, uint64_t rate_bps, uint64_t least, uint64_t most) {
  return std::clamp(rate_bps * milliseconds / 1000 / 8, least, most);
}

// One direction of an aggregate.
absl::StatusOr<std::optional<MeterConfig>> ToLimit(bool present, const v1::Meter& message,
                                                   const std::string& field) {
  if (!present) return std::optional<MeterConfig>();
  const auto rate = ToShapedRate(message.rate_bps(), field + ".rate_bps");
  if (!rate.ok()) return rate.status();
  if (message.peak_rate_bps() != 0 || message.peak_burst_bytes() != 0) {
    return Invalid(field + ".peak_rate_bps", "a limit of sessions together has one rate");
  }
  const auto meter = ToMeter(message, field);
  if (!meter.ok()) return meter.status();
  return std::optional(*meter);
}

}  // namespace

absl::StatusOr<MeterConfig> ToMeter(const v1::Meter& message, const std::string& field) {
  if (message.rate_bps() < kMinRateBps) {
    return Invalid(field + ".rate_bps",
                   absl::StrCat("expected at least ", kMinRateBps, ", found ", message.rate_bps()));
  }
  MeterConfig meter;
  const auto rate = AtMost(message.rate_bps(), kMaxRateBps, field + ".rate_bps");
  if (!rate.ok()) return rate.status();
  meter.rate_bps = *rate;
  const auto burst =
      AtMost(BurstOf(message.burst_bytes(), *rate), kMaxBurstBytes, field + ".burst_bytes");
  if (!burst.ok()) return burst.status();
  meter.burst_bytes = *burst;
  const auto peak = AtMost(message.peak_rate_bps(), kMaxRateBps, field + ".peak_rate_bps");
  if (!peak.ok()) return peak.status();
  if (*peak != 0 && *peak < *rate) {
    return Invalid(field + ".peak_rate_bps",
                   absl::StrCat("expected 0 or at least rate_bps ", *rate, ", found ", *peak));
  }
  meter.peak_rate_bps = *peak;
  const uint64_t given = message.peak_burst_bytes();
  const auto peak_burst = AtMost(*peak != 0 ? BurstOf(given, *peak) : given, kMaxBurstBytes,
                                 field + ".peak_burst_bytes");
  if (!peak_burst.ok()) return peak_burst.status();
  meter.peak_burst_bytes = *peak_burst;
  const auto overhead = ToOverhead(message.overhead_bytes(), field + ".overhead_bytes");
  if (!overhead.ok()) return overhead.status();
  meter.overhead_bytes = *overhead;
  return meter;
}

absl::StatusOr<ShaperConfig> ToShaper(const v1::Shaper& message, const std::string& field) {
  const auto rate = ToShapedRate(message.rate_bps(), field + ".rate_bps");
  if (!rate.ok()) return rate.status();
  const auto burst = AtMost(message.burst_bytes() != 0
                                ? message.burst_bytes()
                                : OctetsIn(kShaperBurstMs, *rate, kShaperBurst, kMaxShaperQueue),
                            kMaxShaperQueue, field + ".burst_bytes");
  if (!burst.ok()) return burst.status();
  const auto queue = AtMost(message.queue_bytes() != 0
                                ? message.queue_bytes()
                                : OctetsIn(kShaperQueueMs, *rate, kShaperQueue, kMostDefaultQueue),
                            kMaxShaperQueue, field + ".queue_bytes");
  if (!queue.ok()) return queue.status();
  const auto overhead = ToOverhead(message.overhead_bytes(), field + ".overhead_bytes");
  if (!overhead.ok()) return overhead.status();
  return ShaperConfig{
      .rate_bps = *rate, .burst_bytes = *burst, .queue_bytes = *queue, .overhead_bytes = *overhead};
}

void FromShaper(const ShaperConfig& shaper, v1::Shaper& message) {
  message.set_rate_bps(shaper.rate_bps);
  message.set_burst_bytes(shaper.burst_bytes);
  message.set_queue_bytes(shaper.queue_bytes);
  message.set_overhead_bytes(shaper.overhead_bytes);
}

absl::StatusOr<AggregateConfig> ToAggregate(const v1::Aggregate& message) {
  AggregateConfig aggregate{.name = message.name()};
  const auto uplink = ToLimit(message.has_uplink(), message.uplink(), "tunnel.aggregate.uplink");
  if (!uplink.ok()) return uplink.status();
  aggregate.uplink = *uplink;
  const auto downlink =
      ToLimit(message.has_downlink(), message.downlink(), "tunnel.aggregate.downlink");
  if (!downlink.ok()) return downlink.status();
  aggregate.downlink = *downlink;
  return aggregate;
}

void FromMeter(const MeterConfig& meter, v1::Meter& message) {
  message.set_rate_bps(meter.rate_bps);
  message.set_burst_bytes(meter.burst_bytes);
  message.set_peak_rate_bps(meter.peak_rate_bps);
  message.set_peak_burst_bytes(meter.peak_burst_bytes);
  message.set_overhead_bytes(meter.overhead_bytes);
}

void FromAggregate(const AggregateConfig& aggregate, v1::Aggregate& message) {
  message.set_name(aggregate.name);
  if (aggregate.uplink) FromMeter(*aggregate.uplink, *message.mutable_uplink());
  if (aggregate.downlink) FromMeter(*aggregate.downlink, *message.mutable_downlink());
}

}  // namespace lns::dataplane
