// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <malloc.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/report.h"

namespace lns::bench {
namespace {

// What the process holds: DPDK's heap (tables) and malloc's (the table writer's own records).
struct Held {
  uint64_t tables = 0;
  uint64_t heap = 0;
};

Held HeldNow() {
  rte_malloc_socket_stats stats{};
  rte_malloc_get_socket_stats(0, &stats);
  const struct mallinfo2 heap = mallinfo2();
  return {stats.heap_allocsz_bytes, heap.uordblks + heap.hblkhd};
}

double PerSession(uint64_t bytes, const Population& population) {
  return static_cast<double>(bytes) / population.sessions;
}

}  // namespace

bool RunMemory(Bench&, const Options& options, Report& report) {
  const Population& population = options.traffic.population;
  // The same tables for no one: what does not grow with sessions (the IPv4 FIB above all).
  Population nobody = population;
  nobody.sessions = nobody.tunnels;
  Held fixed;
  {
    const Held before = HeldNow();
    const auto state = MakeTables(nobody, 1);
    Program(state->writer(), nobody);
    const Held after = HeldNow();
    fixed = {after.tables - before.tables, after.heap - before.heap};
  }
  const Held before = HeldNow();
  const auto state = MakeTables(population, 1);
  const uint64_t start = FencedTsc();
  Program(state->writer(), population);
  const uint64_t ticks = FencedTsc() - start;
  const Held after = HeldNow();
  const uint64_t tables = after.tables - before.tables - fixed.tables;
  const uint64_t heap = after.heap - before.heap - fixed.heap;

  report.Add("sessions", uint64_t{population.sessions});
  report.Add("bytes_per_session", PerSession(tables + heap, population));
  report.Add("table_bytes_per_session", PerSession(tables, population));
  report.Add("heap_bytes_per_session", PerSession(heap, population));
  report.Add("fixed_bytes", fixed.tables + fixed.heap);
  report.Add(
      "programmed_per_second",
      population.sessions / (static_cast<double>(ticks) / static_cast<double>(rte_get_tsc_hz())));
  return true;
}

}  // namespace lns::bench
