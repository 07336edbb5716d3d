// A hash from 32-bit key to 32-bit value, read by any number of workers without locks or retries
// while one writer changes it. Used for local tunnel id << 16 | session id -> session index, and
// for IPv4 subscriber address -> session index.
//
//   bucket = one cache line of 8 words;  word = key << 32 | kUsed | value (31 bits);  0 = free
//
// A key lives in one of its two buckets or, when both are full, in the small overflow area, and
// never moves while it is in the table. So a reader that looks at both buckets and then at the
// overflow finds every key that was there before it began and is not being removed: there is no
// transient miss, whatever the writer does to other keys. A word changes in one atomic store, so a
// value always belongs to its key. A reader's work is bounded by 16 + kOverflowWords words; all but
// a few keys are found in the first line.
//
// A value that was read may be removed a moment later: what it indexes must not be reused before
// every reader has passed a quiescent state (tables/quiescence.h). Pure C++: no DPDK.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#include <emmintrin.h>
#define LNS_SCAN_WITH_VECTORS
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/tables/table_memory.h"
#include "lib/base/check.h"

namespace lns::dataplane {

inline constexpr uint32_t kNotFound = 0xffffffffu;

class SessionTable {
 public:
  static constexpr uint32_t kMaxValue = 0x7fffffffu;
  static constexpr uint32_t kOverflowWords = 64;
  static constexpr size_t kBurst = 32;  // keys that are looked up together

  // Null when `memory` has none left. `capacity` keys always fit, barring 64 keys that find both
  // their buckets full while the table is at most half full.
  static std::unique_ptr<SessionTable> Make(TableMemory& memory, uint32_t capacity) {
    return MakeWithBuckets(memory, capacity, (uint64_t{capacity} * 2 + kWords - 1) / kWords);
  }
  // Of another load than one half: fuller tables use the overflow area. At least two buckets.
  static std::unique_ptr<SessionTable> MakeWithBuckets(TableMemory& memory, uint32_t capacity,
                                                       uint64_t buckets) {
    const uint64_t lines = std::bit_ceil(buckets < 2 ? uint64_t{2} : buckets) + kOverflowLines;
    const std::span<Bucket> made = memory.AllocateArray<Bucket>(lines);
    if (made.empty()) return nullptr;
    return std::unique_ptr<SessionTable>(new SessionTable(made, capacity));
  }

  // Readers.

  uint32_t Find(uint32_t key) const {
    const Place place = PlaceOf(key);
    uint32_t value = Scan(buckets_[place.first], key);
    if (value == 0) [[unlikely]] {
      value = Scan(buckets_[place.second], key);
    }
    if (value == 0) [[unlikely]] {
      value = ScanOverflow(key);
    }
    return value == 0 ? kNotFound : value & kMaxValue;
  }

  // Where nearly every key is found. Some time before FindPrefetched().
  void Prefetch(uint32_t key) const { __builtin_prefetch(&buckets_[FirstOf(Mix(key))]); }

  // Finds keys[0] to keys[count - 1], at most kBurst. on_value(i, value) for each, with kNotFound
  // where keys[i] is not there; and with 0 in between, where a key is not found yet: it is in its
  // second bucket, and all such wait for their lines together.
  template <typename Keys, typename OnValue>
  void FindPrefetched(const Keys& keys, size_t count, OnValue on_value) const {
    // Which keys are not in their first bucket nobody can predict: the list is made without
    // branches.
    std::array<uint8_t, kBurst> missed;
    size_t misses = 0;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t key = keys[i];
      const uint32_t value = ScanForOne(buckets_[FirstOf(Mix(key))], key);
      on_value(i, value & kMaxValue);
      missed[misses] = static_cast<uint8_t>(i);
      misses += value == 0 ? 1 : 0;
    }
    for (size_t m = 0; m < misses; ++m) {
      __builtin_prefetch(&buckets_[PlaceOf(keys[missed[m]]).second]);
    }
    for (size_t m = 0; m < misses; ++m) on_value(missed[m], Find(keys[missed[m]]));
  }

  // values[i] = kNotFound where keys[i] is not there. In passes over all keys, so that the lines
  // they wait for come together.
  void FindBurst(std::span<const uint32_t> keys, std::span<uint32_t> values) const {
    for (size_t done = 0; done < keys.size(); done += kBurst) {
      const size_t count = std::min(kBurst, keys.size() - done);
      for (size_t i = 0; i < count; ++i) Prefetch(keys[done + i]);
      FindPrefetched(keys.subspan(done, count), count,
                     [&](size_t i, uint32_t value) { values[done + i] = value; });
    }
  }

  // The writer.

  // Inserts the key or changes its value. False: full.
  bool Upsert(uint32_t key, uint32_t value) {
    LNS_CHECK(value <= kMaxValue);
    const uint64_t word = uint64_t{key} << 32 | kUsed | value;
    if (std::atomic<uint64_t>* present = FindWord(key)) {
      present->store(word, std::memory_order_release);
      return true;
    }
    if (size_ >= capacity_) return false;
    std::atomic<uint64_t>* slot = FreeWord(PlaceOf(key));
    if (slot == nullptr) return false;
    slot->store(word, std::memory_order_release);
    if (IsOverflow(slot)) overflow_used_.fetch_add(1, std::memory_order_release);
    ++size_;
    return true;
  }

  // False: it was not there.
  bool Erase(uint32_t key) {
    std::atomic<uint64_t>* present = FindWord(key);
    if (present == nullptr) return false;
    present->store(0, std::memory_order_release);
    if (IsOverflow(present)) overflow_used_.fetch_sub(1, std::memory_order_release);
    --size_;
    return true;
  }

  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }

 private:
  static constexpr uint32_t kWords = 8;
  static constexpr uint32_t kOverflowLines = kOverflowWords / kWords;
  static constexpr uint32_t kUsed = 0x80000000u;
  // While a key's first bucket has this many free words it is taken without looking at the second.
  static constexpr uint32_t kRoomy = 3;

  struct alignas(kCacheLine) Bucket {
    std::array<std::atomic<uint64_t>, kWords> words{};
  };
  static_assert(sizeof(Bucket) == kCacheLine);
  static_assert(std::atomic<uint64_t>::is_always_lock_free);

  struct Place {
    uint32_t first;
    uint32_t second;
  };

  SessionTable(std::span<Bucket> lines, uint32_t capacity)
      : buckets_(lines.data()),
        mask_(static_cast<uint32_t>(lines.size()) - kOverflowLines - 1),
        overflow_(lines.data() + mask_ + 1),
        capacity_(capacity) {}

  static uint64_t Mix(uint32_t key) {
    uint64_t mixed = uint64_t{key} * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 32;
    return mixed * 0xd6e8feb86659fd93u;
  }
  // Two different buckets from two halves of one multiplicative mix.
  Place PlaceOf(uint32_t key) const {
    const uint64_t mixed = Mix(key);
    const uint32_t first = FirstOf(mixed);
    const uint32_t step = static_cast<uint32_t>(mixed >> 8) & mask_;
    return {first, first ^ (step == 0 ? 1 : step)};
  }
  uint32_t FirstOf(uint64_t mixed) const { return static_cast<uint32_t>(mixed >> 40) & mask_; }

  // As Scan, but of the first candidate only and without branches: 0 may also mean that there was
  // another.
  static uint32_t ScanForOne(const Bucket& bucket, uint32_t key) {
    const auto i =
        static_cast<size_t>(std::countr_zero(Candidates(bucket, key) | 1u << (kWords - 1)));
    const uint64_t word = bucket.words[i].load(std::memory_order_acquire);
    const auto value = static_cast<uint32_t>(word);  // 0 in a free word
    // A mask, or the compiler makes a branch of it.
    return value & -static_cast<uint32_t>(static_cast<uint32_t>(word >> 32) == key);
  }

  // One bit for each word whose upper half equals the key. A vector load is not one atomic load of
  // two words, so this only proposes: Scan loads what it proposes again. A word that holds the key
  // all along is always proposed. The thread sanitizer cannot know this and gets the plain loop.
  static uint32_t Candidates(const Bucket& bucket, uint32_t key) {
#ifdef LNS_SCAN_WITH_VECTORS
    const auto* words = reinterpret_cast<const __m128i*>(bucket.words.data());
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(key));
    const auto equal = [&](int first) {  // four words
      const __m128 low = _mm_castsi128_ps(_mm_load_si128(words + first));
      const __m128 high = _mm_castsi128_ps(_mm_load_si128(words + first + 1));
      const __m128 keys = _mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
      return _mm_cmpeq_epi32(_mm_castps_si128(keys), wanted);
    };
    const __m128i halves = _mm_packs_epi32(equal(0), equal(2));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(halves, _mm_setzero_si128())));
#else
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < kWords; ++i) {
      const uint64_t word = bucket.words[i].load(std::memory_order_relaxed);
      candidates |= static_cast<uint32_t>(word >> 32) == key ? 1u << i : 0u;
    }
    return candidates;
#endif
  }

  // kUsed | value of the key, or 0. There is one candidate, but for key 0, which free words
  // propose, and for a key that is erased and comes back meanwhile: one of its two values is taken.
  static uint32_t Scan(const Bucket& bucket, uint32_t key) {
    for (uint32_t left = Candidates(bucket, key); left != 0; left &= left - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(left));
      const uint64_t word = bucket.words[i].load(std::memory_order_acquire);
      if (static_cast<uint32_t>(word >> 32) == key && word != 0) [[likely]] {
        return static_cast<uint32_t>(word);
      }
    }
    return 0;
  }

  uint32_t ScanOverflow(uint32_t key) const {
    if (overflow_used_.load(std::memory_order_acquire) == 0) return 0;
    for (uint32_t line = 0; line < kOverflowLines; ++line) {
      if (const uint32_t value = Scan(overflow_[line], key)) return value;
    }
    return 0;
  }

  static std::atomic<uint64_t>* WordIn(Bucket& bucket, uint32_t key) {
    for (std::atomic<uint64_t>& slot : bucket.words) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if (word != 0 && static_cast<uint32_t>(word >> 32) == key) return &slot;
    }
    return nullptr;
  }

  std::atomic<uint64_t>* FindWord(uint32_t key) {
    const Place place = PlaceOf(key);
    if (auto* slot = WordIn(buckets_[place.first], key)) return slot;
    if (auto* slot = WordIn(buckets_[place.second], key)) return slot;
    for (uint32_t line = 0; line < kOverflowLines; ++line) {
      if (auto* slot = WordIn(overflow_[line], key)) return slot;
    }
    return nullptr;
  }

  static uint32_t FreeWords(const Bucket& bucket) {
    uint32_t count = 0;
    for (const auto& word : bucket.words) {
      count += word.load(std::memory_order_relaxed) == 0 ? 1u : 0u;
    }
    return count;
  }

  static std::atomic<uint64_t>* FreeWordIn(Bucket& bucket) {
    for (std::atomic<uint64_t>& slot : bucket.words) {
      if (slot.load(std::memory_order_relaxed) == 0) return &slot;
    }
    return nullptr;
  }

  // The first bucket while it is roomy (one line per lookup), then the emptier of the two, then the
  // overflow.
  std::atomic<uint64_t>* FreeWord(const Place& place) {
    const uint32_t first_free = FreeWords(buckets_[place.first]);
    const bool use_first = first_free >= kRoomy || first_free >= FreeWords(buckets_[place.second]);
    Bucket& bucket = buckets_[use_first ? place.first : place.second];
    if (auto* slot = FreeWordIn(bucket)) return slot;
    for (uint32_t line = 0; line < kOverflowLines; ++line) {
      if (auto* slot = FreeWordIn(overflow_[line])) return slot;
    }
    return nullptr;
  }

  bool IsOverflow(const std::atomic<uint64_t>* slot) const {
    return slot >= overflow_[0].words.data();
  }

  Bucket* buckets_;
  uint32_t mask_;
  Bucket* overflow_;
  uint32_t capacity_;
  uint32_t size_ = 0;  // the writer's
  alignas(kCacheLine) std::atomic<uint32_t> overflow_used_{0};
};

}  // namespace lns::dataplane
