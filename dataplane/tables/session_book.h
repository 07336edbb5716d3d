// The table writer's account of sessions: which slots of the uplink and downlink arrays are taken
// and by whom, which belong to one tunnel, which a sync has not seen again, and what prefixes a
// session has. Only what the tables cannot say is kept, 16 bytes and a bit for each slot: the rest
// of a session's configuration stands in its entries, its usual IPv4 host among it.
// Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/tables/session_table.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"

namespace lns::dataplane {

class SessionBook {
 public:
  // The sessions of one tunnel: the first slot of a list, and how many they are.
  struct List {
    uint32_t first = kNotFound;
    uint32_t size = 0;
  };

  explicit SessionBook(uint32_t slots);

  bool HasFree() const { return free_ != kNotFound; }
  // Of a book that has a free one. Until Add or Free it is nobody's.
  uint32_t Take();
  void Free(uint32_t slot);

  // The slot becomes the session `key`'s (not 0) and joins its tunnel's list, or leaves both.
  void Add(uint32_t slot, uint32_t key, List& tunnel);
  void Remove(uint32_t slot, List& tunnel);

  // 0: nobody's.
  uint32_t KeyOf(uint32_t slot) const { return records_[slot].key; }
  uint32_t NextOf(uint32_t slot) const { return records_[slot].next; }
  uint32_t slots() const { return static_cast<uint32_t>(records_.size()); }
  uint32_t size() const { return size_; }

  void MarkAllStale() { stale_.assign(stale_.size(), true); }
  void MarkFresh(uint32_t slot) { stale_[slot] = false; }
  bool IsStale(uint32_t slot) const { return stale_[slot]; }

  // A session's prefixes besides its usual IPv4 host. Nearly always there is none, or one that is
  // no IPv4 host and so has an entry of its own in the subscriber table, which is all that is kept.
  struct OtherPrefixes {
    uint32_t entry = kNotFound;                   // the one
    const std::vector<net::IpPrefix>* list = {};  // or these
  };
  void SetOtherEntry(uint32_t slot, uint32_t entry);
  void SetOtherPrefixes(uint32_t slot, std::vector<net::IpPrefix> prefixes);
  OtherPrefixes OthersOf(uint32_t slot) const;

 private:
  static constexpr uint32_t kListed = kNotFound - 1;  // look in `lists_`

  struct Record {
    uint32_t key = 0;
    uint32_t next = kNotFound;  // in the tunnel's list, or in the list of free slots
    uint32_t previous = kNotFound;
    uint32_t other = kNotFound;  // entry of the subscriber table, kListed, or none
  };
  static_assert(sizeof(Record) == 16);

  std::vector<Record> records_;
  std::vector<bool> stale_;
  absl::flat_hash_map<uint32_t, std::vector<net::IpPrefix>> lists_;  // by slot
  uint32_t free_ = kNotFound;
  uint32_t size_ = 0;
};

}  // namespace lns::dataplane
