// One flat JSON object: a measurement, for scripts/bench.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "dataplane/core/counters.h"
#include "tests/bench/clock.h"

namespace lns::bench {

class Report {
 public:
  void Add(std::string_view name, std::string_view value);
  void Add(std::string_view name, const char* value) { Add(name, std::string_view(value)); }
  void Add(std::string_view name, double value);
  void Add(std::string_view name, uint64_t value);
  // <prefix>_median, _min and _mean: TSC ticks per packet.
  void AddSamples(std::string_view prefix, const Samples& samples);
  // The report is of a measurement that went wrong. Returns false.
  bool Fail(std::string_view why);

  std::string Json() const { return "{" + text_ + "}"; }

 private:
  void AddRaw(std::string_view name, const std::string& json);

  std::string text_;
};

// What every measurement tells of its surroundings: from here until AddTo(), on this thread.
class Surroundings {
 public:
  Surroundings();
  // tsc_hz, core_cycles_per_tick, involuntary_switches and measured_seconds.
  void AddTo(Report& report) const;

 private:
  double core_cycles_per_tick_;
  uint64_t switches_;
  uint64_t start_;
};

// What the workers' own accounting says of each stage, sample by sample.
class StageSamples {
 public:
  // Between the first Read() of each worker and the next is one sample.
  void Begin() { now_ = {}; }
  void Read(const dataplane::WorkerCounters& counters);
  void End();
  // stage_<name>: the median of TSC ticks per packet that the stage saw.
  void AddTo(Report& report) const;

 private:
  struct Totals {
    std::array<uint64_t, dataplane::kStageCount> packets{};
    std::array<uint64_t, dataplane::kStageCount> cycles{};
  };
  Totals now_;
  Totals before_;
  std::array<Samples, dataplane::kStageCount> samples_;
};

}  // namespace lns::bench
