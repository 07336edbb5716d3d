// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/timer_heap.h"

#include "lib/base/check.h"

namespace lns::lacsim {

void TimerHeap::Set(uint32_t id, Instant deadline) {
  LNS_CHECK(id < slots_.size());
  const bool queued = slots_[id] != kNotQueued;
  if (deadline == Instant::Never()) {
    if (queued) Remove(slots_[id]);
    return;
  }
  const Entry entry{deadline, id};
  if (!queued) {
    heap_.push_back(entry);
    SiftUp(heap_.size() - 1, entry);
    return;
  }
  const size_t at = slots_[id];
  if (deadline < heap_[at].deadline) {
    SiftUp(at, entry);
  } else {
    SiftDown(at, entry);
  }
}

std::optional<uint32_t> TimerHeap::PopDue(Instant now) {
  if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
  const uint32_t id = heap_.front().id;
  Remove(0);
  return id;
}

void TimerHeap::Remove(size_t at) {
  slots_[heap_[at].id] = kNotQueued;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  // The last entry takes the hole; it may belong above or below it.
  if (at > 0 && last.deadline < heap_[(at - 1) / 2].deadline) {
    SiftUp(at, last);
  } else {
    SiftDown(at, last);
  }
}

void TimerHeap::Place(size_t at, const Entry& entry) {
  heap_[at] = entry;
  slots_[entry.id] = static_cast<uint32_t>(at);
}

void TimerHeap::SiftUp(size_t at, const Entry& entry) {
  while (at > 0) {
    const size_t parent = (at - 1) / 2;
    if (heap_[parent].deadline <= entry.deadline) break;
    Place(at, heap_[parent]);
    at = parent;
  }
  Place(at, entry);
}

void TimerHeap::SiftDown(size_t at, const Entry& entry) {
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].deadline < heap_[child].deadline) ++child;
    if (entry.deadline <= heap_[child].deadline) break;
    Place(at, heap_[child]);
    at = child;
  }
  Place(at, entry);
}

}  // namespace lns::lacsim
