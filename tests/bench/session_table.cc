// Random lookups in bursts of 32, timed without making the keys: the product's table, rte_hash as
// the reference would be used, and a direct index, which is what no table can beat (one array, the
// keys dense). A writer on another core may remove and insert other keys meanwhile.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/session_table.h"

#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "dataplane/tables/hugepage_memory.h"
#include "dataplane/tables/rte_hash_session_table.h"
#include "tests/bench/clock.h"
#include "tests/bench/modes.h"

namespace lns::bench {
namespace {

constexpr uint32_t kBurst = 32;
constexpr uint32_t kBurstsPerSample = 64;
constexpr uint32_t kBits = 16;  // sessions of a tunnel
// Of the table's room, for keys that the writer inserts and removes and no reader asks for.
constexpr uint32_t kChurningKeys = 64;

class DirectIndex {
 public:
  static std::unique_ptr<DirectIndex> Make(dataplane::TableMemory& memory, uint32_t capacity) {
    auto table = std::make_unique<DirectIndex>();
    table->values_ = memory.AllocateArray<std::atomic<uint32_t>>(capacity);
    return table->values_.empty() ? nullptr : std::move(table);
  }
  bool Upsert(uint32_t key, uint32_t value) {
    values_[key].store(value, std::memory_order_release);
    return true;
  }
  bool Erase(uint32_t key) { return Upsert(key, dataplane::kNotFound); }
  void FindBurst(std::span<const uint32_t> keys, std::span<uint32_t> values) const {
    for (const uint32_t key : keys) __builtin_prefetch(&values_[key]);
    for (size_t i = 0; i < keys.size(); ++i) {
      values[i] = values_[keys[i]].load(std::memory_order_acquire);
    }
  }

 private:
  std::span<std::atomic<uint32_t>> values_;
};

// Sessions fill one tunnel after the other; the direct index takes the key as it is, the hashes a
// key as the wire has it.
template <typename Table>
uint32_t KeyOf(uint32_t session) {
  if constexpr (std::is_same_v<Table, DirectIndex>) return session;
  return ((session >> kBits) + 0x1100) << kBits |
         static_cast<uint16_t>((session & 0xffff) * 40503u);
}

// The EAL has pinned the process to the measuring core; the writer is to run on any other.
void LeaveCore() {
  cpu_set_t others;
  CPU_ZERO(&others);
  for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); ++cpu) {
    if (cpu != sched_getcpu()) CPU_SET(static_cast<size_t>(cpu), &others);
  }
  if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof(others), &others);
}

template <typename Table>
void Churn(Table& table, uint32_t first, uint32_t per_second, const std::atomic<bool>& stop) {
  const auto pause = std::chrono::nanoseconds(1'000'000'000) / per_second;
  auto next = std::chrono::steady_clock::now();
  for (uint32_t i = 0; !stop.load(std::memory_order_relaxed); ++i) {
    const uint32_t key = KeyOf<Table>(first + i % kChurningKeys);
    if (i / kChurningKeys % 2 == 0) {
      table.Upsert(key, i);
    } else {
      table.Erase(key);
    }
    next += pause;
    std::this_thread::sleep_until(next);
  }
}

template <typename Table>
struct Filled {
  dataplane::HugepageMemory memory{0};
  std::unique_ptr<Table> table;  // null: no memory, or full before all keys were in it
};

template <typename Table>
std::unique_ptr<Filled<Table>> Fill(uint32_t sessions) {
  auto filled = std::make_unique<Filled<Table>>();
  filled->table = Table::Make(filled->memory, sessions + kChurningKeys);
  for (uint32_t i = 0; filled->table != nullptr && i < sessions; ++i) {
    if (!filled->table->Upsert(KeyOf<Table>(i), i)) filled->table.reset();
  }
  return filled;
}

template <typename Table>
bool Measure(Bench& bench, const Options& options, Report& report) {
  const uint32_t sessions = options.traffic.population.sessions;
  const std::string name = options.table + " " + std::to_string(sessions);
  Table* table =
      bench.Keep<Filled<Table>>(name, [&] { return Fill<Table>(sessions); })->table.get();
  if (table == nullptr) return report.Fail("no memory for the table, or it is full: " + name);
  std::atomic<bool> stop{false};
  std::thread writer;
  if (options.writer_changes_per_second != 0) {
    writer = std::thread([&] {
      LeaveCore();
      Churn(*table, sessions, options.writer_changes_per_second, stop);
    });
  }

  RandomSequence random(options.traffic.seed);
  std::array<uint32_t, kBurst * kBurstsPerSample> wanted;
  std::array<uint32_t, kBurst * kBurstsPerSample> keys;
  std::array<uint32_t, kBurst> values;
  const Surroundings surroundings;
  const Deadline deadline(options.seconds);
  Samples samples;
  uint64_t wrong = 0;
  do {
    for (size_t i = 0; i < keys.size(); ++i) {
      wanted[i] = RandomSequence::Below(static_cast<uint32_t>(random.Next()), sessions);
      keys[i] = KeyOf<Table>(wanted[i]);
    }
    uint64_t sum = 0;
    const uint64_t start = FencedTsc();
    for (uint32_t burst = 0; burst < kBurstsPerSample; ++burst) {
      table->FindBurst(std::span(keys).subspan(burst * kBurst, kBurst), values);
      for (const uint32_t value : values) sum += value;
    }
    const uint64_t end = FencedTsc();
    for (const uint32_t value : wanted) sum -= value;
    if (sum != 0) ++wrong;
    samples.Add(end - start, keys.size());
  } while (!deadline.Over() &&
           (options.max_packets == 0 || samples.packets() < options.max_packets));
  stop.store(true);
  if (writer.joinable()) writer.join();
  surroundings.AddTo(report);
  report.Add("lookups", samples.packets());
  report.AddSamples("ticks", samples);
  return wrong == 0 || report.Fail("bursts with a wrong answer: " + std::to_string(wrong));
}

}  // namespace

bool RunSessionTable(Bench& bench, const Options& options, Report& report) {
  if (options.table == "ours") return Measure<dataplane::SessionTable>(bench, options, report);
  if (options.table == "rte-hash") {
    return Measure<dataplane::RteHashSessionTable>(bench, options, report);
  }
  return Measure<DirectIndex>(bench, options, report);
}

}  // namespace lns::bench
