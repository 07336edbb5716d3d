// Packets of one worker that came before their turn, in one queue per session with data sequencing
// (RFC 2661 5.4), by number. Belongs to that worker's thread. Who puts packets in is
// stages/sequence, who lets them go stages/reorder.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/core/packet_queues.h"
#include "dataplane/core/waiting_session.h"

namespace lns::dataplane {

struct EarlyPacket {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  uint64_t since = 0;  // cycles; no later than that of any packet with a higher number
  uint16_t ns = 0;
};

struct NoNote {};

class Reorder : public PacketQueues<WaitingSession, NoNote, EarlyPacket> {
 public:
  static constexpr uint32_t kMaxPackets = 1024;
  // A session with more than this behind a gap does not wait for the gap any longer.
  static constexpr uint32_t kMaxPerSession = 256;

  explicit Reorder(uint64_t cycles_per_second)
      : PacketQueues(kMaxPackets), cycles_per_ms_(cycles_per_second / 1000) {}

  bool IsOverdue(uint32_t queue, uint32_t limit_ms, uint64_t now) const {
    return count(queue) > kMaxPerSession || now - Oldest(queue).since >= limit_ms * cycles_per_ms_;
  }

 private:
  const uint64_t cycles_per_ms_;
};

}  // namespace lns::dataplane
