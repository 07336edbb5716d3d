// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/report.h"

#include <cstdio>

#include "dataplane/core/stage_id.h"

namespace lns::bench {

void Report::AddRaw(std::string_view name, const std::string& json) {
  if (!text_.empty()) text_ += ", ";
  text_.append("\"").append(name).append("\": ").append(json);
}

void Report::Add(std::string_view name, std::string_view value) {
  AddRaw(name, "\"" + std::string(value) + "\"");  // names and versions: nothing to escape
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

void Report::Print() const { std::printf("{%s}\n", text_.c_str()); }

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
