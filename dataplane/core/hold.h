// Packets of one worker that wait for the MAC address of their next hop, in one queue per next hop
// and in the order they came. Belongs to that worker's thread.
//
// A queue is named by address and port, not by an index of a table: it lives longer than an index
// may be held, and it must not matter whether the neighbour goes and comes back meanwhile. Who puts
// packets in is stages/rewrite, who looks after them stages/hold. All memory is taken at the start.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/core/batch.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// A neighbour, whether its MAC address is known or not.
struct NextHop {
  net::IpAddress address;
  uint16_t port = 0;  // index in the port list
  bool operator==(const NextHop&) const = default;
};

struct HeldPacket {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  uint64_t since = 0;  // cycles
};

class Hold {
 public:
  static constexpr uint32_t kMaxPackets = 1024;
  static constexpr uint32_t kMaxPerNextHop = 256;
  // Linux asks at once and, without an answer, again after a second: the second answer still
  // counts.
  static constexpr uint64_t kTimeLimitMs = 1500;
  // A question may get lost on its way to the kernel, or the kernel forget it.
  static constexpr uint64_t kAskAgainMs = 100;
  static constexpr uint32_t kNoQueue = 0xffffffffu;

  explicit Hold(uint64_t cycles_per_second);
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold();  // frees what still waits

  bool empty() const { return packets_ == 0; }
  bool full() const { return packets_ == kMaxPackets; }
  uint32_t packets() const { return packets_; }
  uint32_t queues() const { return active_count_; }

  uint32_t Find(const NextHop& next_hop) const;  // kNoQueue: none waits for it
  // The next hop's queue; a new one must get a packet at once. Not when full.
  uint32_t FindOrAdd(const NextHop& next_hop);
  const NextHop& next_hop(uint32_t queue) const { return queues_[queue].next_hop; }
  // 0: the queue is gone.
  uint32_t count(uint32_t queue) const { return queues_[queue].count; }

  // Neither full() nor count(queue) == kMaxPerNextHop.
  void Append(uint32_t queue, rte_mbuf* packet, const PacketMeta& meta, uint64_t now);
  const HeldPacket& Oldest(uint32_t queue) const { return slots_[queues_[queue].oldest].held; }
  // Takes the oldest out; with the last one the queue goes.
  HeldPacket TakeOldest(uint32_t queue);

  bool IsOverdue(const HeldPacket& held, uint64_t now) const {
    return now - held.since >= time_limit_;
  }
  // Whether to ask (again) for the next hop's MAC address.
  bool MustAsk(uint32_t queue, uint64_t now) const {
    return !queues_[queue].is_asked || now - queues_[queue].asked >= ask_again_;
  }
  void NoteAsked(uint32_t queue, uint64_t now) {
    queues_[queue].is_asked = true;
    queues_[queue].asked = now;
  }
  // One queue after the other, round and round. Not when empty.
  uint32_t NextQueue();

 private:
  static constexpr uint32_t kBuckets = 1024;
  static constexpr uint32_t kEnd = kNoQueue;  // of a chain

  struct Slot {
    HeldPacket held;
    uint32_t next = kEnd;  // younger packet of the queue, or next free slot
  };
  struct Queue {
    NextHop next_hop;
    bool is_asked = false;
    uint64_t asked = 0;
    uint32_t oldest = kEnd;
    uint32_t youngest = kEnd;
    uint32_t count = 0;
    uint32_t next = kEnd;       // of the bucket, or next free queue
    uint32_t active_place = 0;  // in active_
  };

  static uint32_t BucketOf(const NextHop& next_hop);
  void RemoveQueue(uint32_t queue);

  const uint64_t time_limit_;
  const uint64_t ask_again_;
  uint32_t packets_ = 0;
  uint32_t active_count_ = 0;
  uint32_t next_turn_ = 0;
  uint32_t free_slot_ = 0;
  uint32_t free_queue_ = 0;
  std::vector<Slot> slots_;
  std::vector<Queue> queues_;     // as many as packets: none ever lacks
  std::vector<uint32_t> active_;  // queues in use, without gaps
  std::array<uint32_t, kBuckets> buckets_;
};

}  // namespace lns::dataplane
