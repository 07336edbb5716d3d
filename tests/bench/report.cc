// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/report.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cstdio>

#include "dataplane/core/stage_id.h"

namespace lns::bench {

void Report::AddRaw(std::string_view name, const std::string& json) {
  if (!text_.empty()) text_ += ", ";
  text_.append("\"").append(name).append("\": ").append(json);
}

void Report::Add(std::string_view name, std::string_view value) {
  std::string quoted(value);
  // Names, versions and what DPDK says: nothing that would need more escaping than this.
  std::replace(quoted.begin(), quoted.end(), '"', '\'');
  std::replace(quoted.begin(), quoted.end(), '\n', ' ');
  AddRaw(name, "\"" + quoted + "\"");
}

void Report::Add(std::string_view name, double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", value);
  AddRaw(name, text);
}

void Report::Add(std::string_view name, uint64_t value) { AddRaw(name, std::to_string(value)); }

void Report::AddSamples(std::string_view prefix, const Samples& samples) {
  const std::string name(prefix);
  Add(name + "_median", samples.Median());
  Add(name + "_min", samples.Min());
  Add(name + "_mean", samples.Mean());
}

bool Report::Fail(std::string_view why) {
  Add("error", why);
  return false;
}

Surroundings::Surroundings()
    : core_cycles_per_tick_(CoreCyclesPerTick()),
      switches_(InvoluntarySwitches()),
      start_(FencedTsc()) {}

void Surroundings::AddTo(Report& report) const {
  const uint64_t switches = InvoluntarySwitches() - switches_;
  const uint64_t hz = rte_get_tsc_hz();
  report.Add("measured_seconds",
             static_cast<double>(FencedTsc() - start_) / static_cast<double>(hz));
  report.Add("core_cycles_per_tick", (core_cycles_per_tick_ + CoreCyclesPerTick()) / 2);
  report.Add("tsc_hz", hz);
  report.Add("involuntary_switches", switches);
}

void StageSamples::Read(const dataplane::WorkerCounters& counters) {
  for (size_t i = 0; i < dataplane::kStageCount; ++i) {
    now_.packets[i] += counters.stages[i].packets.value();
    now_.cycles[i] += counters.stages[i].cycles.value();
  }
}

void StageSamples::End() {
  for (size_t i = 0; i < dataplane::kStageCount; ++i) {
    const uint64_t packets = now_.packets[i] - before_.packets[i];
    if (packets != 0) samples_[i].Add(now_.cycles[i] - before_.cycles[i], packets);
  }
  before_ = now_;
}

void StageSamples::AddTo(Report& report) const {
  for (size_t i = 0; i < dataplane::kStageCount; ++i) {
    if (samples_[i].size() == 0) continue;
    report.Add("stage_" + std::string(dataplane::kStageNames[i]), samples_[i].Median());
  }
}

}  // namespace lns::bench
