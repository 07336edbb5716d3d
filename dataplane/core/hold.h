// Packets of one worker that wait for the MAC address of their next hop, in one queue per next hop
// and in the order they came. Belongs to that worker's thread.
//
// A queue is named by address and port, not by an adjacency's index: it must not matter whether the
// neighbour goes and comes back meanwhile. Who puts packets in is stages/rewrite, who looks after
// them stages/hold.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/core/address_hash.h"
#include "dataplane/core/packet_queues.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// A neighbour, whether its MAC address is known or not.
struct NextHop {
  net::IpAddress address;
  uint16_t port = 0;  // index in the port list
  bool operator==(const NextHop&) const = default;
};

inline uint32_t BucketHash(const NextHop& next_hop) {
  return MixAddress(next_hop.address, next_hop.port);
}

struct HeldPacket {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  uint64_t since = 0;  // cycles
};

// When Linux was asked for the MAC address.
struct Asked {
  bool once = false;
  uint64_t at = 0;  // cycles
};

class Hold : public PacketQueues<NextHop, Asked, HeldPacket> {
 public:
  static constexpr uint32_t kMaxPackets = 1024;
  static constexpr uint32_t kMaxPerNextHop = 256;
  // Linux asks at once and, without an answer, again after a second: the second answer still
  // counts.
  static constexpr uint64_t kTimeLimitMs = 1500;
  // A question may get lost on its way to the kernel, or the kernel forget it.
  static constexpr uint64_t kAskAgainMs = 100;

  explicit Hold(uint64_t cycles_per_second)
      : PacketQueues(kMaxPackets),
        time_limit_(cycles_per_second * kTimeLimitMs / 1000),
        ask_again_(cycles_per_second * kAskAgainMs / 1000) {}

  bool IsOverdue(const HeldPacket& held, uint64_t now) const {
    return now - held.since >= time_limit_;
  }
  // Whether to ask (again) for the next hop's MAC address.
  bool MustAsk(uint32_t queue, uint64_t now) const {
    return !note(queue).once || now - note(queue).at >= ask_again_;
  }
  void NoteAsked(uint32_t queue, uint64_t now) { note(queue) = {.once = true, .at = now}; }

 private:
  const uint64_t time_limit_;
  const uint64_t ask_again_;
};

}  // namespace lns::dataplane
