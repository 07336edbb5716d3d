// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/meter_book.h"

#include "dataplane/tables/session_table.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kBitsPerOctet = 8;

// False: rte_meter cannot do it.
bool MakeProfile(const MeterConfig& config, MeterProfile& profile) {
  profile = {.two_rates = config.peak_rate_bps != 0, .overhead_bytes = config.overhead_bytes};
  if (profile.two_rates) {
    rte_meter_trtcm_params rates{.cir = config.rate_bps / kBitsPerOctet,
                                 .pir = config.peak_rate_bps / kBitsPerOctet,
                                 .cbs = config.burst_bytes,
                                 .pbs = config.peak_burst_bytes};
    return rte_meter_trtcm_profile_config(&profile.two, &rates) == 0;
  }
  rte_meter_srtcm_params rate{.cir = config.rate_bps / kBitsPerOctet,
                              .cbs = config.burst_bytes,
                              .ebs = config.peak_burst_bytes};
  return rte_meter_srtcm_profile_config(&profile.one, &rate) == 0;
}

}  // namespace

MeterBook::MeterBook(std::span<SessionMeters> meters, std::span<MeterProfile> profiles)
    : meters_(meters), profiles_(profiles) {
  for (size_t i = meters_.size(); i > 1; --i) free_meters_.push_back(static_cast<uint32_t>(i - 1));
}

uint32_t MeterBook::Add(const std::optional<MeterConfig>& uplink,
                        const std::optional<MeterConfig>& downlink) {
  if (free_meters_.empty()) return kNotFound;
  const uint32_t index = free_meters_.back();
  SessionMeters& meters = meters_[index];
  if (!Fill(meters.uplink, uplink)) return kNotFound;
  if (!Fill(meters.downlink, downlink)) {
    Clear(meters.uplink);
    return kNotFound;
  }
  free_meters_.pop_back();
  return index;
}

void MeterBook::Free(uint32_t index) {
  Clear(meters_[index].uplink);
  Clear(meters_[index].downlink);
  free_meters_.push_back(index);
}

std::optional<MeterConfig> MeterBook::ConfigOf(const Meter& meter) const {
  if (meter.profile == kNoProfile) return std::nullopt;
  return profiles_.ConfigOf(meter.profile);
}

bool MeterBook::Fill(Meter& meter, const std::optional<MeterConfig>& config) {
  meter.profile = kNoProfile;
  meter.dropped_packets.Reset();
  meter.dropped_bytes.Reset();
  if (!config.has_value()) return true;
  const uint32_t index = profiles_.Take(*config, MakeProfile);
  if (index == kNotFound) return false;
  meter.profile = index;
  // Its time is that of the owner's first packet: a difference to zero fills any bucket.
  if (profiles_[index].two_rates) {
    meter.two = {};
  } else {
    meter.one = {};
  }
  return true;
}

void MeterBook::Clear(Meter& meter) {
  profiles_.Release(meter.profile);
  meter.profile = kNoProfile;
}

}  // namespace lns::dataplane
