// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/session_book.h"

#include <utility>

#include "lib/base/check.h"

namespace lns::dataplane {

SessionBook::SessionBook(uint32_t slots) : records_(slots), stale_(slots, false) {
  for (uint32_t slot = slots; slot > 0; --slot) Free(slot - 1);
}

uint32_t SessionBook::Take() {
  LNS_CHECK(free_ != kNotFound);
  const uint32_t slot = free_;
  free_ = records_[slot].next;
  records_[slot] = {};
  return slot;
}

void SessionBook::Free(uint32_t slot) {
  records_[slot] = {.next = free_};
  free_ = slot;
}

void SessionBook::Add(uint32_t slot, uint32_t key, List& tunnel) {
  Record& record = records_[slot];
  record.key = key;
  record.next = tunnel.first;
  record.previous = kNotFound;
  if (record.next != kNotFound) records_[record.next].previous = slot;
  tunnel.first = slot;
  ++tunnel.size;
  ++size_;
  MarkFresh(slot);
}

void SessionBook::Remove(uint32_t slot, List& tunnel) {
  Record& record = records_[slot];
  (record.previous == kNotFound ? tunnel.first : records_[record.previous].next) = record.next;
  if (record.next != kNotFound) records_[record.next].previous = record.previous;
  SetOtherEntry(slot, kNotFound);
  record = {};
  --tunnel.size;
  --size_;
}

void SessionBook::SetOtherEntry(uint32_t slot, uint32_t entry) {
  if (records_[slot].other == kListed) lists_.erase(slot);
  records_[slot].other = entry;
}

void SessionBook::SetOtherPrefixes(uint32_t slot, std::vector<net::IpPrefix> prefixes) {
  records_[slot].other = kListed;
  lists_[slot] = std::move(prefixes);
}

SessionBook::OtherPrefixes SessionBook::OthersOf(uint32_t slot) const {
  const uint32_t other = records_[slot].other;
  if (other == kListed) return {.list = &lists_.at(slot)};
  return {.entry = other};
}

}  // namespace lns::dataplane
