// The configuration file as the process uses it: read, checked, defaults filled in. What a file can
// say wrong is found here, before anything is touched; what only the machine knows (interfaces,
// hugepages) is found by the parts that start.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/core/context.h"
#include "dataplane/core/punt_policy.h"
#include "dataplane/kernel/path_policy.h"
#include "dataplane/kernel/route_export_policy.h"
#include "dataplane/kernel/vrf_devices.h"
#include "dataplane/ports/eal.h"
#include "dataplane/ports/port_settings.h"
#include "dataplane/tables/table_writer.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

struct Settings {
  std::string run_dir;
  std::string listen_path;  // of the API's unix socket
  std::string log_level;
  std::string xdp_object;  // file
  EalSettings eal;
  uint32_t mbufs = 0;
  std::vector<PortSettings> ports;
  std::vector<VrfSettings> vrfs;
  TableLimits limits;
  uint32_t punt_slots = 0;
  std::vector<std::string> interface_groups;                // PortSettings::interface_group
  std::vector<std::pair<PuntRow, PuntLimits>> punt_limits;  // instead of the defaults, in order
  KernelSettings kernel;
  AnswerPolicy answers;
  PathPolicy paths;

  uint32_t workers() const { return static_cast<uint32_t>(eal.worker_cores.size()); }
};

absl::StatusOr<Settings> ReadSettings(const std::string& file);

}  // namespace lns::dataplane
