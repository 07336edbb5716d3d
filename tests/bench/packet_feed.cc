// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/packet_feed.h"

#include <rte_cycles.h>

#include <cmath>
#include <cstring>

namespace lns::bench {
namespace {

// Wherever the frame ends, so not aligned.
uint8_t* StampAt(const rte_mbuf& packet) {
  return rte_pktmbuf_mtod_offset(&packet, uint8_t*, packet.data_len - sizeof(Stamp));
}

}  // namespace

void SyntheticFeed::FillOne(rte_mbuf& packet) {
  const uint16_t length = source_.WriteNext(rte_pktmbuf_mtod(&packet, uint8_t*));
  packet.data_len = length;
  packet.pkt_len = length;
}

uint16_t SyntheticFeed::Fill(rte_mbuf* packets[], uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) FillOne(*packets[i]);
  return count;
}

Stamp ReadStamp(const rte_mbuf& packet) {
  Stamp stamp;
  std::memcpy(&stamp, StampAt(packet), sizeof(stamp));
  return stamp;
}

PacedFeed::PacedFeed(const TrafficConfig& config, double mean_gap_ticks)
    : frames_(config), saturated_(mean_gap_ticks == 0) {
  RandomSequence random(config.seed);
  for (uint64_t& gap : gaps_) {
    // (0, 1]: no logarithm of zero.
    const double uniform = (static_cast<double>(random.Next() >> 11) + 1) * 0x1p-53;
    gap = static_cast<uint64_t>(-std::log(uniform) * mean_gap_ticks) + 1;
  }
}

void PacedFeed::Arrive(uint64_t now, uint16_t wanted) {
  if (saturated_ || next_ == 0) next_ = now;
  // A share of the rate found here is one only if a packet costs the feed as much there.
  for (; saturated_ && last_ - first_ < wanted; next_ += gaps_[gap_++ % kGaps]) {
    waiting_[last_++ % kWaiting] = next_;
  }
  for (; !saturated_ && next_ <= now; next_ += gaps_[gap_++ % kGaps]) {
    if (last_ - first_ == kWaiting) {
      ++lost_;
    } else {
      waiting_[last_++ % kWaiting] = next_;
    }
  }
}

uint16_t PacedFeed::Fill(rte_mbuf* packets[], uint16_t count) {
  const uint64_t now = rte_rdtsc();
  Arrive(now, count);
  uint16_t taken = 0;
  while (taken < count && first_ != last_) {
    const uint64_t arrived = waiting_[first_++ % kWaiting];
    rte_mbuf& packet = *packets[taken++];
    frames_.FillOne(packet);
    const Stamp stamp{.arrived = arrived, .received = now};
    std::memcpy(StampAt(packet), &stamp, sizeof(stamp));
  }
  return taken;
}

}  // namespace lns::bench
