// What a session's subscriber sent and was sent: inner IP packets and their octets.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::controlplane {

struct Traffic {
  uint64_t uplink_packets = 0;
  uint64_t uplink_bytes = 0;
  uint64_t downlink_packets = 0;
  uint64_t downlink_bytes = 0;

  uint64_t packets() const { return uplink_packets + downlink_packets; }
  uint64_t bytes() const { return uplink_bytes + downlink_bytes; }
  Traffic& operator+=(const Traffic& other) {
    uplink_packets += other.uplink_packets;
    uplink_bytes += other.uplink_bytes;
    downlink_packets += other.downlink_packets;
    downlink_bytes += other.downlink_bytes;
    return *this;
  }
  friend Traffic operator+(Traffic a, const Traffic& b) { return a += b; }
  bool operator==(const Traffic&) const = default;
};

}  // namespace lns::controlplane
