// A port as the operator wrote it, checked and with its defaults filled in.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/core/port.h"
#include "lib/net/address.h"

namespace lns::dataplane {

enum class DeviceKind : uint8_t {
  kAfXdp,  // a Linux interface
  kVdev,   // a DPDK virtual device
  kPci,    // a PCI function bound to a DPDK driver
};

struct PortSettings {
  std::string name;
  PortRole role = PortRole::kBoth;
  DeviceKind kind = DeviceKind::kVdev;
  std::string device;           // interface name, vdev with arguments, or PCI address
  uint16_t queues = 1;          // AF_XDP only; others get one per worker where they can
  std::optional<uint16_t> mtu;  // absent: the interface's own, else 1500
  std::optional<net::MacAddress> mac;
  uint16_t interface_group = 0;  // index in Settings::interface_groups
  std::optional<VrfIndex> vrf;   // absent: what Linux has put its interface into
  std::string mirror;  // of a device that Linux does not own: its interface there, or none

  // Where Linux has addresses, routes and neighbours of the port; empty: nowhere.
  const std::string& LinuxInterface() const { return kind == DeviceKind::kAfXdp ? device : mirror; }
};

}  // namespace lns::dataplane
