// A port as one worker sees it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/core/vrf.h"
#include "lib/net/address.h"

namespace lns::dataplane {

inline constexpr uint16_t kMaxPorts = 32;

// L2TP is taken from access ports, subscribers' packets from core ports; the rest is Linux's.
enum class PortRole : uint8_t { kAccess, kCore, kBoth };

struct WorkerPort {
  uint16_t index = 0;  // in the process's port list, below kMaxPorts
  uint16_t dpdk_port = 0;
  PortRole role = PortRole::kBoth;
  VrfIndex vrf = kMainVrf;
  uint16_t interface_group = 0;  // in PuntPolicy::groups(), below kMaxInterfaceGroups
  uint16_t mtu = 1500;
  net::MacAddress mac{};
  // Queues this worker alone polls and fills. A worker without a transmit queue gives its packets
  // to `tx_worker`, which has one.
  std::optional<uint16_t> rx_queue;
  std::optional<uint16_t> tx_queue;
  uint32_t tx_worker = 0;
};

}  // namespace lns::dataplane
