// The table writer's account of meters: which lines are taken, and which rates stand in which
// profile. Sessions with the same rate share a profile; it goes with the last of them.
// Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/tables/meter.h"
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
  struct Profile {
    MeterConfig config;
    uint32_t users = 0;
  };

  std::optional<MeterConfig> ConfigOf(const Meter& meter) const;
  // False: no profile.
  bool Fill(Meter& meter, const std::optional<MeterConfig>& config);
  void Clear(Meter& meter);
  uint32_t TakeProfile(const MeterConfig& config);

  std::span<SessionMeters> meters_;
  std::span<MeterProfile> profiles_;
  std::vector<uint32_t> free_meters_;
  std::vector<uint32_t> free_profiles_;
  std::vector<Profile> accounts_;  // by profile
  std::map<MeterConfig, uint32_t> by_config_;
};

}  // namespace lns::dataplane
