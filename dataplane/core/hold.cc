// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/hold.h"

#include <cstring>

#include "lib/base/check.h"

namespace lns::dataplane {

Hold::Hold(uint64_t cycles_per_second)
    : time_limit_(cycles_per_second * kTimeLimitMs / 1000),
      ask_again_(cycles_per_second * kAskAgainMs / 1000),
      slots_(kMaxPackets),
      queues_(kMaxPackets),
      active_(kMaxPackets) {
  for (uint32_t i = 0; i < kMaxPackets; ++i) {
    const uint32_t next = i + 1 < kMaxPackets ? i + 1 : kEnd;
    slots_[i].next = next;
    queues_[i].next = next;
  }
  buckets_.fill(kEnd);
}

Hold::~Hold() {
  while (!empty()) rte_pktmbuf_free(TakeOldest(active_[0]).packet);
}

uint32_t Hold::BucketOf(const NextHop& next_hop) {
  uint64_t words[2];
  std::memcpy(words, next_hop.address.raw().data(), sizeof(words));
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15u;
  const uint64_t mixed = ((words[0] ^ next_hop.port) * kOdd ^ words[1]) * kOdd;
  return static_cast<uint32_t>(mixed >> 32) % kBuckets;
}

uint32_t Hold::Find(const NextHop& next_hop) const {
  uint32_t queue = buckets_[BucketOf(next_hop)];
  while (queue != kEnd && queues_[queue].next_hop != next_hop) queue = queues_[queue].next;
  return queue;
}

uint32_t Hold::FindOrAdd(const NextHop& next_hop) {
  LNS_DCHECK(!full());
  const uint32_t found = Find(next_hop);
  if (found != kNoQueue) return found;
  const uint32_t index = free_queue_;
  Queue& queue = queues_[index];
  free_queue_ = queue.next;
  uint32_t& bucket = buckets_[BucketOf(next_hop)];
  queue = {.next_hop = next_hop, .next = bucket, .active_place = active_count_};
  bucket = index;
  active_[active_count_++] = index;
  return index;
}

void Hold::Append(uint32_t index, rte_mbuf* packet, const PacketMeta& meta, uint64_t now) {
  Queue& queue = queues_[index];
  LNS_DCHECK(!full() && queue.count < kMaxPerNextHop);
  const uint32_t place = free_slot_;
  Slot& slot = slots_[place];
  free_slot_ = slot.next;
  slot = {.held = {.packet = packet, .meta = meta, .since = now}};
  slot.held.meta.verdict = Verdict::kContinue;
  (queue.count == 0 ? queue.oldest : slots_[queue.youngest].next) = place;
  queue.youngest = place;
  ++queue.count;
  ++packets_;
}

HeldPacket Hold::TakeOldest(uint32_t index) {
  Queue& queue = queues_[index];
  LNS_DCHECK(queue.count != 0);
  const uint32_t place = queue.oldest;
  Slot& slot = slots_[place];
  queue.oldest = slot.next;
  slot.next = free_slot_;
  free_slot_ = place;
  --packets_;
  if (--queue.count == 0) RemoveQueue(index);
  return slot.held;
}

void Hold::RemoveQueue(uint32_t index) {
  Queue& queue = queues_[index];
  uint32_t* link = &buckets_[BucketOf(queue.next_hop)];
  while (*link != index) link = &queues_[*link].next;
  *link = queue.next;
  const uint32_t last = active_[--active_count_];
  active_[queue.active_place] = last;
  queues_[last].active_place = queue.active_place;
  queue.next = free_queue_;
  free_queue_ = index;
}

uint32_t Hold::NextQueue() {
  LNS_DCHECK(!empty());
  if (next_turn_ >= active_count_) next_turn_ = 0;
  return active_[next_turn_++];
}

}  // namespace lns::dataplane
