// The table writer's account of shapers, as tables/meter_book.h is of meters.
// Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/tables/profile_pool.h"
#include "dataplane/tables/shaper.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {

class ShaperBook {
 public:
  // Distinct configurations at a time.
  static constexpr uint32_t kMaxProfiles = 4096;

  // The first shaper is never taken.
  ShaperBook(std::span<Shaper> shapers, std::span<ShaperProfile> profiles);

  // With nothing waiting and a full burst. kNotFound: none is free, or no profile.
  uint32_t Add(const ShaperConfig& config);
  // When no worker can hold the index any more.
  void Free(uint32_t index);

  const ShaperConfig& ConfigOf(uint32_t index) const {
    return profiles_.ConfigOf(shapers_[index].profile);
  }

 private:
  std::span<Shaper> shapers_;
  ProfilePool<ShaperConfig, ShaperProfile> profiles_;
  std::vector<uint32_t> free_;
};

}  // namespace lns::dataplane
