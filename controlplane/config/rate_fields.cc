// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/rate_fields.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr uint64_t kMaxRateBps = 400'000'000'000;
constexpr Range kRateBps{0, kMaxRateBps};
// Slower queues, and common limits, would let a packet through in seconds.
constexpr Range kSharedRateBps{8000, kMaxRateBps};
constexpr Range kBurstBytes{0, uint64_t{1} << 40};
constexpr Range kQueueBytes{1500, uint64_t{1} << 30};
constexpr int32_t kLeastOverhead = -64;
constexpr int32_t kMostOverhead = 256;

int16_t ReadOverhead(const std::string& path, int32_t bytes, FieldChecks& check) {
  if (bytes < kLeastOverhead || bytes > kMostOverhead) {
    check.Fail(path,
               absl::StrCat("expected ", kLeastOverhead, " to ", kMostOverhead, ", got ", bytes));
  }
  return static_cast<int16_t>(bytes);
}

}  // namespace

void ReadRates(const config::v1::UserConfig& in, int index, FieldChecks& check,
               ServiceProfile& out) {
  const auto at = [index](const char* field) { return Element("users", index, field); };
  out.rate_up_bps = check.Number(at("rate_up_bps"), in.rate_up_bps(), kRateBps, 0);
  out.rate_down_bps = check.Number(at("rate_down_bps"), in.rate_down_bps(), kRateBps, 0);
  out.burst_up_bytes = check.Number(at("burst_up_bytes"), in.burst_up_bytes(), kBurstBytes, 0);
  out.burst_down_bytes =
      check.Number(at("burst_down_bytes"), in.burst_down_bytes(), kBurstBytes, 0);
  out.shape_queue_bytes = static_cast<uint32_t>(
      check.Number(at("queue_down_bytes"), in.queue_down_bytes(), kQueueBytes, 0));
  if (in.has_shape_down()) out.shape_down = in.shape_down();
  if (in.has_rate_overhead_bytes()) {
    out.rate_overhead = ReadOverhead(at("rate_overhead_bytes"), in.rate_overhead_bytes(), check);
  }
  if (in.shape_down() && out.rate_down_bps < kSharedRateBps.low) {
    check.Fail(at("shape_down"),
               absl::StrCat("shaping needs a rate_down_bps of ", kSharedRateBps.low, " or more"));
  }
}

RateSettings ReadRates(const config::v1::PppConfig& in, FieldChecks& check) {
  return {.shape_down = in.shape_down(),
          .overhead = ReadOverhead("ppp.rate_overhead_bytes", in.rate_overhead_bytes(), check)};
}

std::optional<AggregateLimit> ReadAggregate(const config::v1::PeerConfig& in, int index,
                                            FieldChecks& check) {
  if (!in.has_aggregate()) return std::nullopt;
  const config::v1::AggregateConfig& limit = in.aggregate();
  const auto at = [index](const char* field) {
    return absl::StrCat(Element("peers", index, "aggregate"), ".", field);
  };
  const AggregateLimit out{
      .rate_up_bps = check.Number(at("rate_up_bps"), limit.rate_up_bps(), kSharedRateBps, 0),
      .rate_down_bps = check.Number(at("rate_down_bps"), limit.rate_down_bps(), kSharedRateBps, 0),
      .burst_up_bytes = check.Number(at("burst_up_bytes"), limit.burst_up_bytes(), kQueueBytes, 0),
      .burst_down_bytes =
          check.Number(at("burst_down_bytes"), limit.burst_down_bytes(), kQueueBytes, 0),
      .overhead = ReadOverhead(at("overhead_bytes"), limit.overhead_bytes(), check),
      .per_tunnel = limit.per_tunnel()};
  if (out.rate_up_bps == 0 && out.rate_down_bps == 0) {
    check.Fail(Element("peers", index, "aggregate"), "expected a rate_up_bps or a rate_down_bps");
  }
  return out;
}

}  // namespace lns::controlplane
