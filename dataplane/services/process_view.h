// What the services may see of the process. Everything outlives them; everything may be read from
// gRPC threads (workers' counters are atomics, the table writer has its mutex).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/core/punt_policy.h"
#include "dataplane/kernel/path_errors.h"
#include "dataplane/kernel/vrf_devices.h"
#include "dataplane/ports/port_set.h"
#include "dataplane/tables/table_writer.h"
#include "dataplane/worker.h"
#include "dataplane/xdp/steering.h"

namespace lns::dataplane {

struct ProcessView {
  uint64_t generation = 0;
  std::string version;
  std::string punt_socket;
  TableWriter* writer = nullptr;
  const PortSet* ports = nullptr;
  const Steering* steering = nullptr;
  PuntPolicy* punt_policy = nullptr;
  const PathErrorCounters* path_errors = nullptr;
  std::vector<Worker*> workers;
  std::vector<uint32_t> worker_cores;
  std::vector<VrfSettings> vrfs;
  uint32_t main_table = 0;
};

}  // namespace lns::dataplane
