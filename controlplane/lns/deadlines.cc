// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/deadlines.h"

#include <algorithm>

namespace lns::controlplane {

void Deadlines::Set(uint32_t index, Instant deadline) {
  if (deadline == Instant::Never()) return Clear(index);
  if (index >= position_.size()) position_.resize(index + 1, kAbsent);
  const uint32_t position = position_[index];
  if (position == kAbsent) {
    heap_.push_back({});
    SiftUp(heap_.size() - 1, {deadline, index});
  } else if (deadline < heap_[position].deadline) {
    SiftUp(position, {deadline, index});
  } else if (deadline > heap_[position].deadline) {
    SiftDown(position, {deadline, index});
  }
}

void Deadlines::Clear(uint32_t index) {
  if (index >= position_.size() || position_[index] == kAbsent) return;
  const size_t position = position_[index];
  position_[index] = kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  // The last entry fills the gap; it may belong above or below it.
  if (position > 0 && last.deadline < heap_[(position - 1) / kArity].deadline) {
    SiftUp(position, last);
  } else {
    SiftDown(position, last);
  }
}

void Deadlines::Place(size_t position, Entry entry) {
  heap_[position] = entry;
  position_[entry.index] = static_cast<uint32_t>(position);
}

void Deadlines::SiftUp(size_t position, Entry entry) {
  while (position > 0) {
    const size_t parent = (position - 1) / kArity;
    if (heap_[parent].deadline <= entry.deadline) break;
    Place(position, heap_[parent]);
    position = parent;
  }
  Place(position, entry);
}

void Deadlines::SiftDown(size_t position, Entry entry) {
  for (;;) {
    const size_t first = position * kArity + 1;
    if (first >= heap_.size()) break;
    const size_t end = std::min(first + kArity, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (heap_[child].deadline < heap_[least].deadline) least = child;
    }
    if (entry.deadline <= heap_[least].deadline) break;
    Place(position, heap_[least]);
    position = least;
  }
  Place(position, entry);
}

}  // namespace lns::controlplane
