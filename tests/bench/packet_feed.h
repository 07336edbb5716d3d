// What a synthetic port receives: a feed writes frames into empty buffers. `SyntheticFeed` never
// runs dry; `PacedFeed` gives only what has arrived by now, of a Poisson process, and stamps each
// frame. Unlike net_pcap they hold no frames, so they serve any number of sessions and their cost
// does not depend on it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "tests/bench/frames.h"

namespace lns::bench {

class PacketFeed {
 public:
  virtual ~PacketFeed() = default;
  // Writes frames into the first of `count` empty buffers; returns into how many.
  virtual uint16_t Fill(rte_mbuf* packets[], uint16_t count) = 0;
};

class SyntheticFeed : public PacketFeed {
 public:
  explicit SyntheticFeed(const TrafficConfig& config) : source_(config) {}
  uint16_t Fill(rte_mbuf* packets[], uint16_t count) override;
  void FillOne(rte_mbuf& packet);

 private:
  FrameSource source_;
};

// The last bytes of a frame that PacedFeed wrote, in TSC ticks; the packet path leaves payload as
// it is.
struct Stamp {
  uint64_t arrived;   // when the process says it arrived: it may have waited for the poll
  uint64_t received;  // when the receive call took it
};

class PacedFeed : public PacketFeed {
 public:
  // Packets that wait to be received, at most, as in a network card's ring; more are lost.
  static constexpr uint64_t kWaiting = 4096;

  // Arrivals start with the first poll. A mean gap of 0: saturation, each arrives as it is taken,
  // through the same ring and at the same cost.
  PacedFeed(const TrafficConfig& config, double mean_gap_ticks);
  uint16_t Fill(rte_mbuf* packets[], uint16_t count) override;
  uint64_t lost() const { return lost_; }

 private:
  static constexpr size_t kGaps = 4096;

  // What has arrived since the last call; saturated, `wanted` packets wait in the end.
  void Arrive(uint64_t now, uint16_t wanted);

  SyntheticFeed frames_;
  std::array<uint64_t, kGaps> gaps_{};  // exponentially distributed, made beforehand
  size_t gap_ = 0;
  uint64_t next_ = 0;                         // arrival; 0: not started
  std::array<uint64_t, kWaiting> waiting_{};  // times of arrival, from first_ to last_
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t lost_ = 0;
  bool saturated_;
};

Stamp ReadStamp(const rte_mbuf& packet);

}  // namespace lns::bench
