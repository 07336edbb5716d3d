// The table writer's account of meters: which lines are taken, and which rates stand in which
// profile.
// Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/tables/meter.h"
#include "dataplane/tables/profile_pool.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {

class MeterBook {
 public:
  // Distinct rates at a time.
  static constexpr uint32_t kMaxProfiles = 4096;

  MeterBook(std::span<SessionMeters> meters, std::span<MeterProfile> profiles);

  // Full buckets at these rates. kNotFound: no line or no profile is free, or a rate that rte_meter
  // cannot do.
  uint32_t Add(const std::optional<MeterConfig>& uplink,
               const std::optional<MeterConfig>& downlink);
  // When no worker can hold the index any more.
  void Free(uint32_t index);

  std::optional<MeterConfig> UplinkOf(uint32_t index) const {
    return ConfigOf(meters_[index].uplink);
  }
  std::optional<MeterConfig> DownlinkOf(uint32_t index) const {
    return ConfigOf(meters_[index].downlink);
  }

 private:
  std::optional<MeterConfig> ConfigOf(const Meter& meter) const;
  // False: no profile.
  bool Fill(Meter& meter, const std::optional<MeterConfig>& config);
  void Clear(Meter& meter);

  std::span<SessionMeters> meters_;
  ProfilePool<MeterConfig, MeterProfile> profiles_;
  std::vector<uint32_t> free_meters_;
};

}  // namespace lns::dataplane
