// DPDK's environment for the life of the process: memory, lcores, nothing on disk (--in-memory), so
// that a killed process leaves no file behind and two of them never meet. Main thread only.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lns::dataplane {

struct EalSettings {
  uint32_t main_core = 0;
  std::vector<uint32_t> worker_cores;
  bool hugepages = false;
  uint32_t megabytes = 512;
  std::vector<std::string> pci_addresses;  // only these are probed
};

class Eal {
 public:
  // The calling thread becomes the main lcore and is pinned to main_core.
  static absl::StatusOr<std::unique_ptr<Eal>> Start(const EalSettings& settings);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // The lcore of a worker. Lcore ids are ours (0 is the main thread, then workers in order), so
  // that a small machine may run the main thread and a worker on one core.
  static uint32_t LcoreOf(uint32_t worker) { return worker + 1; }

 private:
  Eal() = default;
};

}  // namespace lns::dataplane
