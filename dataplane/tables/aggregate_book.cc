// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/aggregate_book.h"

#include <rte_cycles.h>

#include <algorithm>
#include <memory>

namespace lns::dataplane {
namespace {

// What a worker takes at once: of a fast limit what passes in a millisecond, so that the common
// clock is written a thousand times in a second and worker at most; of a slow one about a packet.
constexpr uint64_t kQuantaPerSecond = 1000;
constexpr uint64_t kLeastQuantum = 1514;
constexpr uint64_t kMostQuantum = 1 << 20;

AggregateRate RateOf(const std::optional<MeterConfig>& config) {
  if (!config.has_value()) return {};
  const uint64_t quantum = config->rate_bps / 8 / kQuantaPerSecond;
  return {.rate = OctetRate(rte_get_tsc_hz(), config->rate_bps, config->burst_bytes),
          .quantum = static_cast<uint32_t>(std::clamp(quantum, kLeastQuantum, kMostQuantum)),
          .overhead_bytes = config->overhead_bytes};
}

}  // namespace

uint32_t AggregateBook::Take(const AggregateConfig& config) {
  return pool_.Take(config, [this](const AggregateConfig& made, Aggregate& aggregate) {
    std::construct_at(&aggregate);
    aggregate.rates = {RateOf(made.uplink), RateOf(made.downlink)};
    for (AggregateShare& share : SharesOf(static_cast<size_t>(&aggregate - aggregates_.data()))) {
      std::construct_at(&share);
    }
    return true;
  });
}

std::vector<AggregateCounts> AggregateBook::List() const {
  std::vector<AggregateCounts> list;
  pool_.ForEach([&](uint32_t index, const AggregateConfig& config, uint32_t tunnels) {
    AggregateCounts counts{.config = config, .tunnels = tunnels};
    for (const AggregateShare& share : SharesOf(index)) {
      const auto& [up, down] = share.credits;
      counts.uplink_dropped_packets += up.dropped_packets.value();
      counts.uplink_dropped_bytes += up.dropped_bytes.value();
      counts.downlink_dropped_packets += down.dropped_packets.value();
      counts.downlink_dropped_bytes += down.dropped_bytes.value();
    }
    list.push_back(std::move(counts));
  });
  return list;
}

}  // namespace lns::dataplane
