// lns-controlplane: reads its command line and its configuration, then runs the process until it is
// told to stop. Exit status: 0 stopped as asked (or --check found nothing), 1 a configuration or a
// surrounding that does not work, 2 a command line nobody understands.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "controlplane/config/settings.h"
#include "controlplane/lns/engine.h"
#include "controlplane/process.h"
#include "lib/os/core_dumps.h"

#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace {

using lns::controlplane::LogLevel;

constexpr char kProgram[] = "lns-controlplane";

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", kProgram, std::string(status.message()).c_str());
  return 1;
}

lns::controlplane::LogSink MakeLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt(kProgram);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger->set_level(spdlog::level::from_str(level));
  return [logger](LogLevel line_level, std::string_view text) {
    const auto mapped = line_level == LogLevel::kDebug  ? spdlog::level::debug
                        : line_level == LogLevel::kInfo ? spdlog::level::info
                                                        : spdlog::level::warn;
    logger->log(mapped, spdlog::string_view_t(text.data(), text.size()));
  };
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The control plane of the Terminus LNS.", kProgram);
  std::string config_path;
  bool check = false;
  bool core_dumps = false;
  app.add_option("--config", config_path, "configuration file (YAML)")->required();
  app.add_flag("--check", check, "check the configuration and exit");
  app.add_flag("--core-dumps", core_dumps, "allow core dumps, in which users' passwords may be");
  app.set_version_flag("--version", std::string(kProgram) + " " + LNS_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (!core_dumps) lns::ForbidCoreDumps();
  auto settings = lns::controlplane::LoadSettings(config_path);
  if (!settings.ok()) return Fail(settings.status());
  const absl::Status valid = lns::controlplane::ValidateSettings(settings->engine);
  if (!valid.ok()) return Fail(valid);
  if (check) {
    std::printf("%s: ok\n", config_path.c_str());
    return 0;
  }
  lns::controlplane::LogSink log = MakeLog(settings->log_level);
  log(LogLevel::kInfo, std::string(kProgram) + " " + LNS_VERSION + " starts");
  auto process = lns::controlplane::Process::Start(std::move(*settings), LNS_VERSION, log);
  if (!process.ok()) return Fail(process.status());
  (*process)->Run();
  return 0;
}
