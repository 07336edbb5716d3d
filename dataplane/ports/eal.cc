// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/ports/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

uint64_t ReadNumber(const char* path) {
  std::ifstream file(path);
  uint64_t value = 0;
  return file >> value ? value : 0;
}

absl::Status CheckHugepages(uint32_t megabytes) {
  constexpr uint64_t kSmallPageMb = 2;
  constexpr uint64_t kLargePageMb = 1024;
  const uint64_t small =
      ReadNumber("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") * kSmallPageMb;
  const uint64_t large =
      ReadNumber("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages") * kLargePageMb;
  if (small + large >= megabytes) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("memory: ", megabytes, " MB of hugepages wanted, ", small + large,
                   " MB free: run `sysctl vm.nr_hugepages=", (megabytes + 1) / kSmallPageMb,
                   "`, or lower memory.megabytes, or set memory.hugepages to false"));
}

absl::Status CheckCores(const EalSettings& settings) {
  const auto online = static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF));
  std::vector<uint32_t> cores = settings.worker_cores;
  cores.push_back(settings.main_core);
  for (const uint32_t core : cores) {
    if (core < online) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "cpu: core ", core, " does not exist: this machine has cores 0 to ", online - 1));
  }
  return absl::OkStatus();
}

std::vector<std::string> Arguments(const EalSettings& settings) {
  std::string lcores = absl::StrCat("--lcores=0@", settings.main_core);
  for (uint32_t i = 0; i < settings.worker_cores.size(); ++i) {
    absl::StrAppend(&lcores, ",", Eal::LcoreOf(i), "@", settings.worker_cores[i]);
  }
  std::vector<std::string> arguments = {
      "lns-dataplane",

      "--no-telemetry",
      "--main-lcore=0",
      lcores,
      "--log-level=*:warning",
      "-m",
      absl::StrCat(settings.megabytes),
  };
  // Without hugepages DPDK's memory is anonymous anyway; it takes --in-memory only with them.
  if (settings.hugepages) {
    arguments.push_back("--in-memory");
  } else {
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  }
  if (settings.pci_addresses.empty()) arguments.push_back("--no-pci");
  for (const std::string& address : settings.pci_addresses) {
    arguments.push_back("-a");
    arguments.push_back(address);
  }
  return arguments;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Eal>> Eal::Start(const EalSettings& settings) {
  if (absl::Status status = CheckCores(settings); !status.ok()) return status;
  if (settings.hugepages) {
    if (absl::Status status = CheckHugepages(settings.megabytes); !status.ok()) return status;
  }
  std::vector<std::string> arguments = Arguments(settings);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  if (rte_eal_init(static_cast<int>(arguments.size()), argv.data()) < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("DPDK does not start: ", rte_strerror(rte_errno),
                     " (its own message is above): check cpu and memory in the configuration"));
  }
  return std::unique_ptr<Eal>(new Eal());
}

Eal::~Eal() { rte_eal_cleanup(); }

}  // namespace lns::dataplane
