// What a session's subscriber sent and was sent: inner IP packets and their octets. Of a session
// with data sequencing, also how many packets of the LAC's were lost on their way.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

namespace lns::controlplane {

struct Traffic {
  uint64_t uplink_packets = 0;
  uint64_t uplink_bytes = 0;
  uint64_t downlink_packets = 0;
  uint64_t downlink_bytes = 0;
  std::optional<uint64_t> lost_packets;  // none: nobody numbers them

  uint64_t packets() const { return uplink_packets + downlink_packets; }
  uint64_t bytes() const { return uplink_bytes + downlink_bytes; }
  Traffic& operator+=(const Traffic& other) {
    uplink_packets += other.uplink_packets;
    uplink_bytes += other.uplink_bytes;
    downlink_packets += other.downlink_packets;
    downlink_bytes += other.downlink_bytes;
    if (other.lost_packets) lost_packets = lost_packets.value_or(0) + *other.lost_packets;
    return *this;
  }
  friend Traffic operator+(Traffic a, const Traffic& b) { return a += b; }
  bool operator==(const Traffic&) const = default;
};

}  // namespace lns::controlplane
