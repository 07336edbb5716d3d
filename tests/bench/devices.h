// The virtual ports that every measurement of one program shares. On each side, access and core, a
// net_null port with two queues: it frees what it is sent and receives what the attached feed
// writes. Besides them replay ports: net_pcap with `infinite_rx`, one queue per capture file.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mempool.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/packet_feed.h"

namespace lns::bench {

// Exits the process with a message.
[[noreturn]] void Die(const std::string& what);

class Devices {
 public:
  static constexpr uint16_t kSides = 2;
  static constexpr uint16_t kQueues = 2;

  // Needs the EAL, and every dynamic field of mbufs registered.
  Devices();
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;
  ~Devices();

  rte_mempool* pool() const { return pool_; }
  // DPDK's number of a side's port (kAccess, kCore of population.h).
  uint16_t port(uint16_t side) const { return ports_[side]; }
  // What a queue receives from now on; null: nothing. The feed is used by who polls the queue.
  void Attach(uint16_t side, uint16_t queue, PacketFeed* feed) { feeds_[side][queue] = feed; }
  // A port that replays these files, each of `frames` frames; the same one for the same files.
  uint16_t Replay(const std::vector<std::string>& captures, uint32_t frames);

 private:
  static uint16_t OnReceive(uint16_t port, uint16_t queue, rte_mbuf* packets[], uint16_t count,
                            uint16_t room, void* feed);

  rte_mempool* pool_ = nullptr;
  std::array<uint16_t, kSides> ports_{};
  std::array<std::array<PacketFeed*, kQueues>, kSides> feeds_{};
  std::map<std::vector<std::string>, uint16_t> replays_;
};

}  // namespace lns::bench
