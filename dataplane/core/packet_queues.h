// Packets of one worker that wait for something, in one queue per key, the oldest first: for the
// hold (a next hop's MAC address) and for reordering (a session's missing numbers). Belongs to that
// worker's thread. All memory is taken at the start; nothing here knows what is waited for.
//
// A key outlives table indices, which may not be kept over a quiescent state, so users name what
// they wait for by what it is. BucketHash(key) is found beside the key's type.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "dataplane/core/batch.h"
#include "lib/base/check.h"

namespace lns::dataplane {

// Item has rte_mbuf* packet and PacketMeta meta. Note is what the user keeps per queue, made anew
// with each queue.
template <typename Key, typename Note, typename Item>
class PacketQueues {
 public:
  static constexpr uint32_t kNoQueue = 0xffffffffu;

  // A power of two.
  explicit PacketQueues(uint32_t capacity)
      : slots_(capacity), queues_(capacity), active_(capacity), buckets_(capacity, kEnd) {
    LNS_CHECK(std::has_single_bit(capacity));
    for (uint32_t i = 0; i < capacity; ++i) {
      const uint32_t next = i + 1 < capacity ? i + 1 : kEnd;
      slots_[i].next = next;
      queues_[i].next = next;
    }
  }
  PacketQueues(const PacketQueues&) = delete;
  PacketQueues& operator=(const PacketQueues&) = delete;
  ~PacketQueues() {  // frees what still waits
    while (!empty()) rte_pktmbuf_free(TakeOldest(active_[0]).packet);
  }

  bool empty() const { return packets_ == 0; }
  bool full() const { return packets_ == slots_.size(); }
  uint32_t capacity() const { return static_cast<uint32_t>(slots_.size()); }
  uint32_t packets() const { return packets_; }
  uint32_t queues() const { return active_count_; }

  uint32_t Find(const Key& key) const {  // kNoQueue: nothing waits under this key
    uint32_t queue = buckets_[BucketOf(key)];
    while (queue != kEnd && queues_[queue].key != key) queue = queues_[queue].next;
    return queue;
  }
  // A new queue must get a packet at once. Not when full.
  uint32_t FindOrAdd(const Key& key) {
    LNS_DCHECK(!full());
    const uint32_t found = Find(key);
    if (found != kNoQueue) return found;
    const uint32_t index = free_queue_;
    Queue& queue = queues_[index];
    free_queue_ = queue.next;
    uint32_t& bucket = buckets_[BucketOf(key)];
    queue = {.key = key, .next = bucket, .active_place = active_count_};
    bucket = index;
    active_[active_count_++] = index;
    return index;
  }
  const Key& key(uint32_t queue) const { return queues_[queue].key; }
  Note& note(uint32_t queue) { return queues_[queue].note; }
  const Note& note(uint32_t queue) const { return queues_[queue].note; }
  // 0: the queue is gone.
  uint32_t count(uint32_t queue) const { return queues_[queue].count; }

  // Not when full.
  void Append(uint32_t queue, const Item& item) { LinkAfter(queue, queues_[queue].youngest, item); }
  // A place in a queue; good until the queue changes.
  struct Place {
    uint32_t before = kNoQueue;  // none: the item becomes the oldest
    const Item* next = nullptr;  // none: it becomes the youngest
  };
  // Before the first item of which `goes_after(item)` says that it is to leave later.
  template <typename GoesAfter>
  Place Seek(uint32_t queue, GoesAfter goes_after) const {
    Place place;
    for (uint32_t i = queues_[queue].oldest; i != kEnd; i = slots_[i].next) {
      if (goes_after(slots_[i].item)) {
        place.next = &slots_[i].item;
        break;
      }
      place.before = i;
    }
    return place;
  }
  // Not when full. Returns what is Place::before of a place behind it, until it is taken out.
  uint32_t Insert(uint32_t queue, const Place& place, const Item& item) {
    return LinkAfter(queue, place.before, item);
  }

  const Item& Oldest(uint32_t queue) const { return slots_[queues_[queue].oldest].item; }
  const Item& Youngest(uint32_t queue) const { return slots_[queues_[queue].youngest].item; }
  // Takes the oldest out; with the last one the queue goes.
  Item TakeOldest(uint32_t index) {
    Queue& queue = queues_[index];
    LNS_DCHECK(queue.count != 0);
    const uint32_t place = queue.oldest;
    Slot& slot = slots_[place];
    queue.oldest = slot.next;
    slot.next = free_slot_;
    free_slot_ = place;
    --packets_;
    if (--queue.count == 0) RemoveQueue(index);
    return slot.item;
  }

  // One queue after the other, round and round. Not when empty.
  uint32_t NextQueue() {
    LNS_DCHECK(!empty());
    if (next_turn_ >= active_count_) next_turn_ = 0;
    return active_[next_turn_++];
  }

 private:
  static constexpr uint32_t kEnd = kNoQueue;  // of a chain

  struct Slot {
    Item item;
    uint32_t next = kEnd;  // younger item of the queue, or next free slot
  };
  struct Queue {
    Key key{};
    Note note{};
    uint32_t oldest = kEnd;
    uint32_t youngest = kEnd;
    uint32_t count = 0;
    uint32_t next = kEnd;       // of the bucket, or next free queue
    uint32_t active_place = 0;  // in active_
  };

  uint32_t BucketOf(const Key& key) const {
    return BucketHash(key) & static_cast<uint32_t>(buckets_.size() - 1);
  }

  // `before` is kEnd for a new oldest.
  uint32_t LinkAfter(uint32_t index, uint32_t before, const Item& item) {
    LNS_DCHECK(!full());
    Queue& queue = queues_[index];
    const uint32_t place = free_slot_;
    Slot& slot = slots_[place];
    free_slot_ = slot.next;
    uint32_t& link = before == kEnd ? queue.oldest : slots_[before].next;
    slot = {.item = item, .next = queue.count == 0 ? kEnd : link};
    slot.item.meta.verdict = Verdict::kContinue;
    link = place;
    if (slot.next == kEnd) queue.youngest = place;
    ++queue.count;
    ++packets_;
    return place;
  }

  void RemoveQueue(uint32_t index) {
    Queue& queue = queues_[index];
    uint32_t* link = &buckets_[BucketOf(queue.key)];
    while (*link != index) link = &queues_[*link].next;
    *link = queue.next;
    const uint32_t last = active_[--active_count_];
    active_[queue.active_place] = last;
    queues_[last].active_place = queue.active_place;
    queue.next = free_queue_;
    free_queue_ = index;
  }

  uint32_t packets_ = 0;
  uint32_t active_count_ = 0;
  uint32_t next_turn_ = 0;
  uint32_t free_slot_ = 0;
  uint32_t free_queue_ = 0;
  std::vector<Slot> slots_;
  std::vector<Queue> queues_;     // as many as items: none ever lacks
  std::vector<uint32_t> active_;  // queues in use, without gaps
  std::vector<uint32_t> buckets_;
};

}  // namespace lns::dataplane
