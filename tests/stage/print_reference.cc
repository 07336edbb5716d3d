// Prints the parts of docs/ that are generated from the code: `pipelines`, `drops`, `punts`,
// `router`, `path-reports`, `stages`. reference_test.py compares them with what the documents hold.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdio>
#include <string>
#include <string_view>

#include "dataplane/core/drop_reason.h"
#include "dataplane/core/path_verdict.h"
#include "dataplane/core/stage_id.h"
#include "dataplane/pipeline.h"
#include "lib/punt/punt_reason.h"

namespace {

using lns::dataplane::DropReasonRow;
using lns::dataplane::PathVerdictRow;
using lns::dataplane::PipelineView;
using lns::dataplane::RouterCounterRow;

int Length(std::string_view text) { return static_cast<int>(text.size()); }

void PrintPipelines() {
  for (const PipelineView& pipeline : lns::dataplane::Pipelines()) {
    std::printf("%-12.*s", Length(pipeline.name), pipeline.name.data());
    const char* separator = "";
    for (const lns::dataplane::Stage& stage : pipeline.stages) {
      const std::string_view name = lns::dataplane::Name(stage.id);
      std::printf("%s%.*s", separator, Length(name), name.data());
      separator = " -> ";
    }
    std::printf("\n");
  }
}

void PrintDrops() {
  std::printf("| reason | stage | means |\n|---|---|---|\n");
  for (const DropReasonRow& row : lns::dataplane::kDropReasons) {
    std::printf("| `%.*s` | %.*s | %.*s |\n", Length(row.name), row.name.data(), Length(row.stage),
                row.stage.data(), Length(row.text), row.text.data());
  }
}

void PrintPunts() {
  std::printf("| reason | class | means |\n|---|---|---|\n");
  for (size_t i = 1; i < lns::punt::kPuntReasonCount; ++i) {
    const lns::punt::PuntReasonRow& row = lns::punt::kPuntReasons[i];
    const std::string punt_class = row.punt_class == lns::punt::PuntClass::kLinux
                                       ? "mirror"
                                       : std::to_string(static_cast<int>(row.punt_class));
    std::printf("| `%.*s` | %s | %.*s |\n", Length(row.name), row.name.data(), punt_class.c_str(),
                Length(row.text), row.text.data());
  }
}

void PrintRouter() {
  std::printf("| counter | stage | means |\n|---|---|---|\n");
  for (const RouterCounterRow& row : lns::dataplane::kRouterCounters) {
    std::printf("| `%.*s` | %.*s | %.*s |\n", Length(row.name), row.name.data(), Length(row.stage),
                row.stage.data(), Length(row.text), row.text.data());
  }
}

void PrintPathVerdicts() {
  std::printf("| counter | means |\n|---|---|\n");
  for (const PathVerdictRow& row : lns::dataplane::kPathVerdicts) {
    std::printf("| `%.*s` | %.*s |\n", Length(row.name), row.name.data(), Length(row.text),
                row.text.data());
  }
}

void PrintStages() {
  for (const std::string_view name : lns::dataplane::kStageNames) {
    std::printf("- `%.*s`\n", Length(name), name.data());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view part = argc == 2 ? argv[1] : "";
  if (part == "pipelines") {
    PrintPipelines();
  } else if (part == "drops") {
    PrintDrops();
  } else if (part == "punts") {
    PrintPunts();
  } else if (part == "router") {
    PrintRouter();
  } else if (part == "path-reports") {
    PrintPathVerdicts();
  } else if (part == "stages") {
    PrintStages();
  } else {
    std::fprintf(stderr, "usage: print-reference pipelines|drops|punts|router|stages\n");
    return 2;
  }
  return 0;
}
