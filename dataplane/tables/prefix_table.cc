// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/prefix_table.h"

#include <bit>
#include <cstring>

#include "lib/base/check.h"

namespace lns::dataplane {
namespace {
// Readers stop here: prefixes of one 32-bit hash are practically never more than two.
constexpr int kMaxChain = 8;
}  // namespace

void PrefixTable::Lengths::Add(uint8_t length) {
  if (count[length]++ == 0) {
    words[length / 64].fetch_or(uint64_t{1} << length % 64, std::memory_order_release);
  }
}

void PrefixTable::Lengths::Remove(uint8_t length) {
  if (--count[length] == 0) {
    words[length / 64].fetch_and(~(uint64_t{1} << length % 64), std::memory_order_release);
  }
}

std::unique_ptr<PrefixTable> PrefixTable::Make(TableMemory& memory, uint32_t capacity) {
  std::unique_ptr<SessionTable> heads = SessionTable::Make(memory, capacity);
  const std::span<Entry> entries = memory.AllocateArray<Entry>(capacity);
  if (heads == nullptr || entries.empty()) return nullptr;
  return std::unique_ptr<PrefixTable>(new PrefixTable(std::move(heads), entries));
}

PrefixTable::PrefixTable(std::unique_ptr<SessionTable> heads, std::span<Entry> entries)
    : heads_(std::move(heads)), entries_(entries) {
  for (size_t i = entries.size(); i > 0; --i) Free(static_cast<uint32_t>(i - 1));
}

PrefixTable::Words PrefixTable::Load(net::Family family, const uint8_t* address) {
  Words words{};
  std::memcpy(words.data(), address, family == net::Family::kIpv4 ? 4 : 16);
  return words;
}

PrefixTable::Words PrefixTable::Mask(const Words& address, uint8_t length) {
  // Masks are made in host order and swapped: the first bit of an address is the first byte's top.
  const auto mask_of = [](int bits) {
    if (bits <= 0) return uint64_t{0};
    return bits >= 64 ? ~uint64_t{0} : __builtin_bswap64(~uint64_t{0} << (64 - bits));
  };
  return {address[0] & mask_of(length), address[1] & mask_of(length - 64)};
}

uint32_t PrefixTable::HashKey(net::Family family, uint8_t length, const Words& masked) {
  uint64_t mixed = masked[0] * 0x9e3779b97f4a7c15u;
  mixed ^= std::rotl(masked[1] + static_cast<uint64_t>(length) * 2 +
                         (family == net::Family::kIpv6 ? 1 : 0),
                     29) *
           0xd6e8feb86659fd93u;
  mixed ^= mixed >> 32;
  return static_cast<uint32_t>(mixed * 0xff51afd7ed558ccdu >> 32);
}

const PrefixTable::Entry* PrefixTable::FindEntry(net::Family family, uint8_t length,
                                                 const Words& masked) const {
  uint32_t index = heads_->Find(HashKey(family, length, masked));
  for (int hop = 0; index != kNotFound && hop < kMaxChain; ++hop) {
    const Entry& entry = entries_[index];
    if (entry.address == masked && entry.length == length && entry.family == family) return &entry;
    index = entry.next.load(std::memory_order_acquire);
  }
  return nullptr;
}

uint32_t PrefixTable::Find(net::Family family, const uint8_t* address) const {
  const Words words = Load(family, address);
  const Lengths& lengths = family == net::Family::kIpv4 ? ipv4_ : ipv6_;
  for (int word = 2; word >= 0; --word) {
    uint64_t bits = lengths.words[static_cast<size_t>(word)].load(std::memory_order_acquire);
    while (bits != 0) {
      const int bit = 63 - std::countl_zero(bits);
      bits &= ~(uint64_t{1} << bit);
      const auto length = static_cast<uint8_t>(word * 64 + bit);
      const Entry* entry = FindEntry(family, length, Mask(words, length));
      if (entry != nullptr) return entry->value.load(std::memory_order_relaxed);
    }
  }
  return kNotFound;
}

uint32_t PrefixTable::Exact(const net::IpPrefix& prefix) const {
  const uint32_t entry = EntryOf(prefix);
  return entry == kNotFound ? kNotFound : entries_[entry].value.load(std::memory_order_relaxed);
}

uint32_t PrefixTable::EntryOf(const net::IpPrefix& prefix) const {
  const net::Family family = prefix.address.family();
  const Entry* entry = FindEntry(family, prefix.length, Load(family, prefix.address.raw().data()));
  return entry == nullptr ? kNotFound : static_cast<uint32_t>(entry - entries_.data());
}

net::IpPrefix PrefixTable::PrefixOf(uint32_t index) const {
  const Entry& entry = entries_[index];
  std::array<uint8_t, sizeof(Words)> bytes;
  std::memcpy(bytes.data(), entry.address.data(), bytes.size());
  const size_t size = entry.family == net::Family::kIpv4 ? 4 : 16;
  return {*net::IpAddress::FromBytes(ByteView(bytes).first(size)), entry.length};
}

bool PrefixTable::Upsert(const net::IpPrefix& prefix, uint32_t value) {
  const net::Family family = prefix.address.family();
  const Words address = Load(family, prefix.address.raw().data());
  if (const Entry* present = FindEntry(family, prefix.length, address)) {
    const_cast<Entry*>(present)->value.store(value, std::memory_order_relaxed);
    return true;
  }
  if (free_ == kNotFound) return false;
  const uint32_t key = HashKey(family, prefix.length, address);
  const uint32_t index = free_;
  Entry& entry = entries_[index];
  const uint32_t next_free = entry.next.load(std::memory_order_relaxed);
  entry.address = address;
  entry.length = prefix.length;
  entry.family = family;
  entry.value.store(value, std::memory_order_relaxed);
  entry.next.store(heads_->Find(key), std::memory_order_relaxed);
  if (!heads_->Upsert(key, index)) {
    entry.next.store(next_free, std::memory_order_relaxed);
    return false;
  }
  free_ = next_free;
  LengthsOf(family).Add(prefix.length);
  ++size_;
  return true;
}

uint32_t PrefixTable::Erase(const net::IpPrefix& prefix) {
  const net::Family family = prefix.address.family();
  const Words address = Load(family, prefix.address.raw().data());
  const Entry* found = FindEntry(family, prefix.length, address);
  if (found == nullptr) return kNotFound;
  const auto index = static_cast<uint32_t>(found - entries_.data());
  const uint32_t key = HashKey(family, prefix.length, address);
  const uint32_t next = found->next.load(std::memory_order_relaxed);
  uint32_t previous = heads_->Find(key);
  if (previous == index) {
    if (next == kNotFound) {
      heads_->Erase(key);
    } else {
      LNS_CHECK(heads_->Upsert(key, next));
    }
  } else {
    while (entries_[previous].next.load(std::memory_order_relaxed) != index) {
      previous = entries_[previous].next.load(std::memory_order_relaxed);
    }
    entries_[previous].next.store(next, std::memory_order_release);
  }
  LengthsOf(family).Remove(prefix.length);
  --size_;
  return index;
}

}  // namespace lns::dataplane
