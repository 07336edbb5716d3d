// What Linux knows of VRFs at start: the route table of each VRF device, and which VRF the
// interfaces behind our ports are in. Linux may have no VRF devices, but only tables and rules that
// lead to them: then configuration alone speaks. Where both speak and differ, the process does not
// start. Called once, on the main thread, before ports are opened.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/core/vrf.h"
#include "dataplane/ports/port_settings.h"

#include "absl/status/status.h"

namespace lns::dataplane {

// A VRF besides the main one.
struct VrfSettings {
  std::string name;  // of the VRF device in Linux too, where there is one
  VrfIndex index = 0;
  uint32_t table = 0;  // 0: the device's
  bool lpm = false;    // IPv4 routes in an rte_lpm of its own (tables/fib.h)
};

// Fills in VrfSettings::table and PortSettings::vrf where they are absent.
absl::Status ReadVrfDevices(std::vector<VrfSettings>& vrfs, std::vector<PortSettings>& ports,
                            uint32_t main_table);

}  // namespace lns::dataplane
