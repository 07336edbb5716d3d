// Packets of one worker that wait because their session is at its rate (tables/shaper.h), in one
// queue per session. In a queue urgent packets stand before all others; each of both kinds leaves
// in the order it came. Belongs to that worker's thread. Who puts packets in is stages/shape, who
// lets them go stages/dequeue. Every operation on a packet costs the same however many there are.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/core/codel.h"
#include "dataplane/core/packet_queues.h"
#include "dataplane/core/timer_wheel.h"
#include "dataplane/core/waiting_session.h"

namespace lns::dataplane {

struct ShapedPacket {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  uint64_t since = 0;   // cycles
  uint32_t octets = 0;  // as they count against the rate
  bool urgent = false;
};

struct BacklogNote {
  uint32_t octets = 0;
  uint32_t urgent = 0;  // packets
  uint32_t urgent_octets = 0;
  uint32_t last_urgent = 0;  // where the youngest is, if there is one
};

class Backlog : public PacketQueues<WaitingSession, BacklogNote, ShapedPacket> {
 public:
  // Of all packets of the worker that wait, these places are for urgent ones alone.
  static constexpr uint32_t kUrgentShare = 16;  // one in so many
  static constexpr uint64_t kTickUs = 100;
  // A worker that comes late, by its ticks or for want of a core, makes up for so much.
  static constexpr uint64_t kCatchUpMs = 10;

  // `capacity` in packets, a power of two.
  Backlog(uint32_t capacity, uint64_t cycles_per_second)
      : PacketQueues(capacity),
        wheel_(capacity, cycles_per_second * kTickUs / 1'000'000),
        codel_(cycles_per_second),
        catch_up_(cycles_per_second * kCatchUpMs / 1000),
        room_for_bulk_(capacity - capacity / kUrgentShare) {}

  bool HasRoom(bool urgent) const { return urgent ? !full() : packets() < room_for_bulk_; }

  // The session's queue gets a packet; if it is the first, its time is `at`. Returns the queue.
  uint32_t Add(WaitingSession session, const ShapedPacket& packet, uint64_t at) {
    const uint32_t queue = FindOrAdd(session);
    if (count(queue) == 0) wheel_.Add(queue, at, packet.since);
    BacklogNote& about = note(queue);
    about.octets += packet.octets;
    if (!packet.urgent) {
      Append(queue, packet);
      return queue;
    }
    const Place place{.before = about.urgent != 0 ? about.last_urgent : kNoQueue};
    about.last_urgent = Insert(queue, place, packet);
    about.urgent += 1;
    about.urgent_octets += packet.octets;
    return queue;
  }
  // The next one in line. With the last one the queue is gone.
  ShapedPacket Take(uint32_t queue) {
    BacklogNote& about = note(queue);
    const ShapedPacket& next = Oldest(queue);
    about.octets -= next.octets;
    if (next.urgent) {
      about.urgent -= 1;
      about.urgent_octets -= next.octets;
    }
    return TakeOldest(queue);
  }

  // Queues whose time has come by `now`, one by one, each once; kNoQueue: no more. Whoever gets one
  // takes all its packets or says when its time is next.
  void Advance(uint64_t now) { wheel_.Advance(now); }
  uint32_t TakeReady() { return wheel_.TakeReady(); }
  void WaitUntil(uint32_t queue, uint64_t at, uint64_t now) { wheel_.Add(queue, at, now); }
  // At once, but behind the others whose time has come.
  void WaitForTurn(uint32_t queue) { wheel_.AddReady(queue); }

  const Codel& codel() const { return codel_; }
  uint64_t catch_up() const { return catch_up_; }  // cycles

 private:
  TimerWheel wheel_;  // of queues: each that exists is in it once
  const Codel codel_;
  const uint64_t catch_up_;
  const uint32_t room_for_bulk_;
};

}  // namespace lns::dataplane
