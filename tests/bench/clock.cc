// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/clock.h"

#include <rte_cycles.h>
#include <sys/resource.h>
#include <x86intrin.h>

#include <algorithm>

namespace lns::bench {
namespace {
constexpr uint64_t kMultiplies = 200'000;
constexpr uint64_t kCyclesPerMultiply = 3;
constexpr int kChains = 9;  // the fastest counts: no other was less disturbed
}  // namespace

uint64_t FencedTsc() {
  unsigned cpu = 0;
  _mm_mfence();
  const uint64_t tsc = __rdtscp(&cpu);
  _mm_lfence();
  return tsc;
}

double CoreCyclesPerTick() {
  uint64_t best = UINT64_MAX;
  uint64_t value = 3;
  for (int chain = 0; chain < kChains; ++chain) {
    const uint64_t start = FencedTsc();
    for (uint64_t i = 0; i < kMultiplies / 10; ++i) {
      asm volatile(
          "imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
          "imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
          : "+r"(value));
    }
    best = std::min(best, FencedTsc() - start);
  }
  return static_cast<double>(kMultiplies * kCyclesPerMultiply) / static_cast<double>(best);
}

Deadline::Deadline(double seconds)
    : end_(FencedTsc() + static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()))) {}

uint64_t InvoluntarySwitches() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<uint64_t>(usage.ru_nivcsw);
}

double Samples::Median() const {
  std::vector<double> sorted = values_;
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return sorted.empty() ? 0 : *middle;
}

double Samples::Min() const {
  return values_.empty() ? 0 : *std::min_element(values_.begin(), values_.end());
}

}  // namespace lns::bench
