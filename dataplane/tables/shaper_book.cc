// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/shaper_book.h"

#include <rte_cycles.h>

#include <algorithm>
#include <memory>

#include "dataplane/tables/session_table.h"

namespace lns::dataplane {
namespace {

bool MakeProfile(const ShaperConfig& config, ShaperProfile& profile) {
  const uint64_t hz = rte_get_tsc_hz();
  // A packet's own time is no delay: RFC 8289 4.4.
  const auto packet_time =
      static_cast<uint64_t>(static_cast<double>(Codel::kOnePacket) * 8 * static_cast<double>(hz) /
                            static_cast<double>(config.rate_bps));
  profile = {.rate = OctetRate(hz, config.rate_bps, config.burst_bytes),
             .target = std::max(hz * Codel::kTargetMs / 1000, packet_time),
             .queue_octets = static_cast<uint32_t>(config.queue_bytes),
             .overhead_bytes = config.overhead_bytes};
  return true;
}

}  // namespace

ShaperBook::ShaperBook(std::span<Shaper> shapers, std::span<ShaperProfile> profiles)
    : shapers_(shapers), profiles_(profiles) {
  for (size_t i = shapers_.size(); i > kNoShaper + 1; --i) {
    free_.push_back(static_cast<uint32_t>(i - 1));
  }
}

uint32_t ShaperBook::Add(const ShaperConfig& config) {
  if (free_.empty()) return kNotFound;
  const uint32_t profile = profiles_.Take(config, MakeProfile);
  if (profile == kNotFound) return kNotFound;
  const uint32_t index = free_.back();
  free_.pop_back();
  Shaper& shaper = *std::construct_at(&shapers_[index]);
  shaper.profile = profile;
  return index;
}

void ShaperBook::Free(uint32_t index) {
  profiles_.Release(shapers_[index].profile);
  free_.push_back(index);
}

}  // namespace lns::dataplane
