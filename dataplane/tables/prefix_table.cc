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

PrefixTable::Key PrefixTable::KeyOf(const VrfPrefix& prefix) {
  const net::IpAddress& address = prefix.prefix.address;
  return {.vrf = prefix.vrf,
          .family = address.family(),
          .length = prefix.prefix.length,
          .masked = Load(address.family(), address.raw().data())};
}

uint32_t PrefixTable::HashKey(const Key& key) {
  const uint64_t kind = uint64_t{key.vrf} << 16 | uint64_t{key.length} * 2 |
                        (key.family == net::Family::kIpv6 ? 1 : 0);
  uint64_t mixed = key.masked[0] * 0x9e3779b97f4a7c15u;
  mixed ^= std::rotl(key.masked[1] + kind, 29) * 0xd6e8feb86659fd93u;
  mixed ^= mixed >> 32;
  return static_cast<uint32_t>(mixed * 0xff51afd7ed558ccdu >> 32);
}

const PrefixTable::Entry* PrefixTable::FindEntry(const Key& key) const {
  uint32_t index = heads_->Find(HashKey(key));
  for (int hop = 0; index != kNotFound && hop < kMaxChain; ++hop) {
    const Entry& entry = entries_[index];
    if (entry.address == key.masked && entry.length == key.length && entry.family == key.family &&
        entry.vrf == key.vrf) {
      return &entry;
    }
    index = entry.next.load(std::memory_order_acquire);
  }
  return nullptr;
}

uint32_t PrefixTable::Find(VrfIndex vrf, net::Family family, const uint8_t* address) const {
  const Words words = Load(family, address);
  const Lengths& lengths = LengthsOf(vrf, family);
  for (int word = 2; word >= 0; --word) {
    uint64_t bits = lengths.words[static_cast<size_t>(word)].load(std::memory_order_acquire);
    while (bits != 0) {
      const int bit = 63 - std::countl_zero(bits);
      bits &= ~(uint64_t{1} << bit);
      const auto length = static_cast<uint8_t>(word * 64 + bit);
      const Entry* entry = FindEntry(
          {.vrf = vrf, .family = family, .length = length, .masked = Mask(words, length)});
      if (entry != nullptr) return entry->value.load(std::memory_order_relaxed);
    }
  }
  return kNotFound;
}

uint32_t PrefixTable::Exact(const VrfPrefix& prefix) const {
  const uint32_t entry = EntryOf(prefix);
  return entry == kNotFound ? kNotFound : entries_[entry].value.load(std::memory_order_relaxed);
}

uint32_t PrefixTable::EntryOf(const VrfPrefix& prefix) const {
  const Entry* entry = FindEntry(KeyOf(prefix));
  return entry == nullptr ? kNotFound : static_cast<uint32_t>(entry - entries_.data());
}

net::IpPrefix PrefixTable::PrefixOf(uint32_t index) const {
  const Entry& entry = entries_[index];
  std::array<uint8_t, sizeof(Words)> bytes;
  std::memcpy(bytes.data(), entry.address.data(), bytes.size());
  const size_t size = entry.family == net::Family::kIpv4 ? 4 : 16;
  return {*net::IpAddress::FromBytes(ByteView(bytes).first(size)), entry.length};
}

bool PrefixTable::Upsert(const VrfPrefix& prefix, uint32_t value) {
  const Key key = KeyOf(prefix);
  if (const Entry* present = FindEntry(key)) {
    const_cast<Entry*>(present)->value.store(value, std::memory_order_relaxed);
    return true;
  }
  if (free_ == kNotFound) return false;
  const uint32_t hash = HashKey(key);
  const uint32_t index = free_;
  Entry& entry = entries_[index];
  const uint32_t next_free = entry.next.load(std::memory_order_relaxed);
  entry.address = key.masked;
  entry.length = key.length;
  entry.family = key.family;
  entry.vrf = key.vrf;
  entry.value.store(value, std::memory_order_relaxed);
  entry.next.store(heads_->Find(hash), std::memory_order_relaxed);
  if (!heads_->Upsert(hash, index)) {
    entry.next.store(next_free, std::memory_order_relaxed);
    return false;
  }
  free_ = next_free;
  LengthsOf(key).Add(key.length);
  ++size_;
  return true;
}

uint32_t PrefixTable::Erase(const VrfPrefix& prefix) {
  const Key key = KeyOf(prefix);
  const Entry* found = FindEntry(key);
  if (found == nullptr) return kNotFound;
  const auto index = static_cast<uint32_t>(found - entries_.data());
  const uint32_t hash = HashKey(key);
  const uint32_t next = found->next.load(std::memory_order_relaxed);
  uint32_t previous = heads_->Find(hash);
  if (previous == index) {
    if (next == kNotFound) {
      heads_->Erase(hash);
    } else {
      LNS_CHECK(heads_->Upsert(hash, next));
    }
  } else {
    while (entries_[previous].next.load(std::memory_order_relaxed) != index) {
      previous = entries_[previous].next.load(std::memory_order_relaxed);
    }
    entries_[previous].next.store(next, std::memory_order_release);
  }
  LengthsOf(key).Remove(key.length);
  --size_;
  return index;
}

}  // namespace lns::dataplane
