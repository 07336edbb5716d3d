// Longest-prefix match over both families, for what is few in lengths: subscribers' delegated
// prefixes, IPv6 routes, all routes of a small VRF. One hash lookup per prefix length that the VRF
// uses, longest first; IPv4, IPv6 and all VRFs share the table, since the key carries them.
//
// A SessionTable maps 32 bits of hash(VRF, family, length, masked address) to an entry that holds
// the whole prefix; prefixes of equal hash form a chain. Readers never lock; the writer unpublishes
// an entry at once and reuses it only when told that readers are done with it (Free). Pure C++.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/core/vrf.h"
#include "dataplane/tables/session_table.h"
#include "dataplane/tables/table_memory.h"
#include "lib/net/address.h"

namespace lns::dataplane {

class PrefixTable {
 public:
  // Null without memory.
  static std::unique_ptr<PrefixTable> Make(TableMemory& memory, uint32_t capacity);

  // Readers. The address is 4 or 16 bytes in network order. kNotFound, or the value.
  uint32_t Find(VrfIndex vrf, net::Family family, const uint8_t* address) const;

  // The writer.
  // kNotFound if full, else the entry's index (only of use to Erase's caller).
  bool Upsert(const VrfPrefix& prefix, uint32_t value);
  // Unpublishes. Returns the entry to Free() after a grace period; kNotFound if it was not there.
  uint32_t Erase(const VrfPrefix& prefix);
  void Free(uint32_t entry) {
    entries_[entry].next.store(free_, std::memory_order_relaxed);
    free_ = entry;
  }
  // The exact prefix's value, or kNotFound.
  uint32_t Exact(const VrfPrefix& prefix) const;
  // The exact prefix's entry, its own until it is erased, or kNotFound; and the way back.
  uint32_t EntryOf(const VrfPrefix& prefix) const;
  net::IpPrefix PrefixOf(uint32_t entry) const;

  uint32_t size() const { return size_; }
  uint32_t capacity() const { return static_cast<uint32_t>(entries_.size()); }

 private:
  using Words = std::array<uint64_t, 2>;  // an address in memory order

  struct alignas(32) Entry {
    // Constant while published.
    Words address{};
    uint8_t length = 0;
    net::Family family = net::Family::kNone;
    VrfIndex vrf = kMainVrf;
    std::atomic<uint32_t> value{0};
    std::atomic<uint32_t> next{kNotFound};  // of equal hash; in a free entry, the next free one
  };
  static_assert(sizeof(Entry) == 32);

  // Which lengths are in use, one bit each; bit 0 of word 0 is length 0.
  struct Lengths {
    std::array<std::atomic<uint64_t>, 3> words{};
    std::array<uint32_t, 129> count{};  // the writer's
    void Add(uint8_t length);
    void Remove(uint8_t length);
  };

  PrefixTable(std::unique_ptr<SessionTable> heads, std::span<Entry> entries);

  static Words Load(net::Family family, const uint8_t* address);
  static Words Mask(const Words& address, uint8_t length);
  // What a prefix is found by.
  struct Key {
    VrfIndex vrf = kMainVrf;
    net::Family family = net::Family::kNone;
    uint8_t length = 0;
    Words masked{};
  };
  static Key KeyOf(const VrfPrefix& prefix);
  static uint32_t HashKey(const Key& key);
  const Entry* FindEntry(const Key& key) const;
  const Lengths& LengthsOf(VrfIndex vrf, net::Family family) const {
    return lengths_[vrf][family == net::Family::kIpv4 ? 0 : 1];
  }
  Lengths& LengthsOf(const Key& key) {
    return lengths_[key.vrf][key.family == net::Family::kIpv4 ? 0 : 1];
  }

  std::unique_ptr<SessionTable> heads_;
  std::span<Entry> entries_;
  uint32_t free_ = kNotFound;                               // the first of them
  std::array<std::array<Lengths, 2>, kMaxVrfs> lengths_{};  // of IPv4 and IPv6
  uint32_t size_ = 0;
};

}  // namespace lns::dataplane
