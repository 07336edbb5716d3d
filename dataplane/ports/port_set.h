// The process's ports: opened and started once, in the order of the configuration (their index is
// the port number everywhere else), with their mirrors in Linux, closed so that no XDP program,
// socket or page is left. Main thread, but for the statistics, which any thread may read. Needs the
// EAL.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/core/port.h"
#include "dataplane/ports/mirrors.h"
#include "dataplane/ports/port_settings.h"
#include "dataplane/ports/spread.h"
#include "dataplane/xdp/steering.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::dataplane {

struct Port {
  PortSettings settings;
  uint16_t index = 0;
  uint16_t dpdk_port = 0;
  std::string dpdk_name;
  uint16_t queues = 1;  // receive and transmit
  uint16_t mtu = 1500;
  net::MacAddress mac{};
  int interface_index = 0;  // of the Linux interface of an AF_XDP port or of its mirror, else 0
  DeviceOffers offers;
  Spread spread;
};

struct PortStatistics {
  bool link_up = false;
  uint64_t rx_packets = 0;
  uint64_t tx_packets = 0;
  uint64_t rx_missed = 0;
  uint64_t rx_errors = 0;
  uint64_t tx_errors = 0;
};

struct PortSetConfig {
  uint32_t workers = 1;
  uint32_t mbufs = 16384;
  std::string xdp_object;        // file; only read where there is an AF_XDP port
  Steering* steering = nullptr;  // takes charge of the XDP programs; outlives the set
};

class PortSet {
 public:
  static absl::StatusOr<std::unique_ptr<PortSet>> Open(const std::vector<PortSettings>& settings,
                                                       const PortSetConfig& config);
  // Workers have stopped.
  ~PortSet();
  PortSet(const PortSet&) = delete;
  PortSet& operator=(const PortSet&) = delete;

  const std::vector<Port>& ports() const { return ports_; }
  // Null where there is no such port.
  const Port* Find(const std::string& name) const;
  const Port* FindInterface(int interface_index) const;
  PortStatistics Statistics(const Port& port) const;
  // Nothing where the port has no mirror.
  std::optional<MirrorStatistics> MirrorStatisticsOf(const Port& port) const;
  // The port's wire is up or down: so is its mirror.
  void FollowLink(const Port& port, bool is_up) const;
  // Null where no port has a mirror.
  Bell* linux_bell() const { return mirrors_ == nullptr ? nullptr : mirrors_->bell(); }
  rte_mempool* pool() const { return pool_; }
  // Of its packet buffers those that ports and workers can do without.
  uint32_t spare_mbufs() const { return spare_mbufs_; }

  // Every port as `worker` sees it: queue q of a port belongs to worker q.
  std::vector<WorkerPort> WorkerPorts(uint32_t worker) const;

 private:
  explicit PortSet(const PortSetConfig& config) : config_(config) {}
  absl::Status OpenAll(const std::vector<PortSettings>& settings);
  absl::Status CheckDevice(Port& port) const;
  absl::Status MakePool();
  absl::Status Probe(Port& port);
  absl::Status Configure(Port& port);
  absl::Status StartQueues(Port& port);
  absl::Status OpenMirrors();

  PortSetConfig config_;
  std::vector<Port> ports_;
  uint32_t probed_ = 0;  // of ports_, these have a device
  rte_mempool* pool_ = nullptr;
  uint32_t spare_mbufs_ = 0;
  std::unique_ptr<Mirrors> mirrors_;  // null: no port has one
};

}  // namespace lns::dataplane
