// A port as one worker sees it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/core/vrf.h"
#include "lib/net/address.h"

namespace lns::dataplane {

class FrameRing;  // dataplane/core/frame_ring.h

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
  // Of a port with a mirror in Linux: what this worker gives to it, and, with one of the workers
  // that have a transmit queue, what it has for the port.
  FrameRing* to_linux = nullptr;
  FrameRing* from_linux = nullptr;
};

}  // namespace lns::dataplane
