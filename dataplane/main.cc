// lns-dataplane: command line, signals, exit code. The process itself is dataplane/process.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "dataplane/process.h"
#include "dataplane/settings.h"
#include "lib/os/core_dumps.h"

#include "CLI/CLI.hpp"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace {

using lns::dataplane::Process;
using lns::dataplane::Settings;

// Every failure to start is one line: what, where, what to do about it.
int Fail(const absl::Status& status) {
  std::fprintf(stderr, "lns-dataplane: %s\n", std::string(status.message()).c_str());
  return 1;
}

// Blocked here, before any thread exists, so that every thread inherits it and the signals arrive
// only where they are read.
int OpenStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int Run(const Settings& settings) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("lns-dataplane"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  spdlog::set_level(spdlog::level::from_str(settings.log_level));
  spdlog::flush_on(spdlog::level::debug);
  const int stop = OpenStopSignals();
  if (stop < 0) return Fail(absl::ResourceExhaustedError("signalfd: no descriptor"));
  auto process = Process::Start(settings);
  if (!process.ok()) return Fail(process.status());
  (*process)->Run(stop);
  spdlog::info("stopping");
  process->reset();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The data plane of the Terminus L2TP network server", "lns-dataplane");
  std::string file;
  bool only_check = false;
  bool core_dumps = false;
  app.add_option("--config", file, "Configuration file (YAML)")->required();
  app.add_flag("--check", only_check, "Check the configuration file and exit");
  app.add_flag("--core-dumps", core_dumps, "Allow core dumps, in which users' passwords may be");
  app.set_version_flag("--version", "lns-dataplane " LNS_VERSION);
  CLI11_PARSE(app, argc, argv);

  // Punted PAP passes through here.
  if (!core_dumps) lns::ForbidCoreDumps();
  const auto settings = lns::dataplane::ReadSettings(file);
  if (!settings.ok()) return Fail(settings.status());
  if (only_check) {
    std::printf("%s: ok\n", file.c_str());
    return 0;
  }
  return Run(*settings);
}
