// lacsim: dials an LNS with many LACs and subscribers, sends traffic through it, and reports. Exit
// codes: 0 all as asked, 1 something failed or was lost, 2 the command line or the surroundings.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdio>
#include <string>
#include <variant>

#include "tools/lacsim/options.h"
#include "tools/lacsim/report.h"
#include "tools/lacsim/simulation.h"

namespace {

bool WriteFile(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lns::lacsim;
  const std::variant<Options, ExitCode> parsed = ParseOptions(argc, argv);
  if (const ExitCode* code = std::get_if<ExitCode>(&parsed)) return code->value;
  const Options& options = std::get<Options>(parsed);

  Simulation simulation(options);
  if (const absl::Status status = simulation.Prepare(); !status.ok()) {
    std::fprintf(stderr, "lacsim: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  const Report report = simulation.Run();
  const bool passed = Passed(report, options.allow_loss);
  PrintSummary(report, passed, stdout);
  if (!options.json_file.empty() && !WriteFile(options.json_file, ToJson(report, passed))) {
    std::fprintf(stderr, "lacsim: cannot write %s\n", options.json_file.c_str());
    return 2;
  }
  if (!report.errors.empty()) return 2;
  return passed ? 0 : 1;
}
