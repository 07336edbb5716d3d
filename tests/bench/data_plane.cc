// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/data_plane.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/synthetic_source.h"

namespace lns::bench {
namespace {

// testpmd's defaults, so that both allocate alike.
constexpr uint32_t kPoolCache = 250;
constexpr uint32_t kBuffersInFlight = 8191;
constexpr uint16_t kDescriptors = 512;
constexpr uint16_t kAccessMtu = 1600;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s: %s\n", what.c_str(), rte_strerror(rte_errno));
  std::exit(1);
}

uint16_t MakePort(const char* name, const std::string& arguments, uint16_t tx_queues,
                  rte_mempool* pool) {
  uint16_t port = 0;
  if (rte_eal_hotplug_add("vdev", name, arguments.c_str()) != 0 ||
      rte_eth_dev_get_port_by_name(name, &port) != 0) {
    Die(std::string("cannot make ") + name + "," + arguments);
  }
  const rte_eth_conf conf{};
  bool ok = rte_eth_dev_configure(port, 1, tx_queues, &conf) == 0;
  ok = ok && rte_eth_rx_queue_setup(port, 0, kDescriptors, 0, nullptr, pool) == 0;
  for (uint16_t queue = 0; ok && queue < tx_queues; ++queue) {
    ok = rte_eth_tx_queue_setup(port, queue, kDescriptors, 0, nullptr) == 0;
  }
  if (!ok || rte_eth_dev_start(port) != 0) Die(std::string("cannot start ") + name);
  return port;
}

}  // namespace

std::unique_ptr<dataplane::ForwardingState> MakeTables(const Population& population,
                                                       uint32_t workers) {
  dataplane::ForwardingConfig config;
  config.limits.max_sessions = population.sessions;
  config.workers = workers;
  config.ports = {{*net::ParseMac(kAccessMac), kAccessMtu}, {*net::ParseMac(kCoreMac), 1500}};
  auto state = dataplane::MakeForwardingState(config);
  if (!state.ok()) Die("tables: " + std::string(state.status().message()));
  return *std::move(state);
}

DataPlane::DataPlane(const DataPlaneConfig& config) : frames_(config.traffic) {
  pool_ = rte_pktmbuf_pool_create("bench", kBuffersInFlight + config.capture_frames, kPoolCache, 0,
                                  RTE_MBUF_DEFAULT_BUF_SIZE, 0);
  if (pool_ == nullptr) Die("packet buffers");
  // Before the ports: the registered field must exist when buffers are filled.
  mesh_ = dataplane::HandoffMesh::Make(config.workers, 0);
  if (mesh_ == nullptr) Die("handoff rings");
  MakeSource(config);
  MakeSink(static_cast<uint16_t>(config.workers));
  state_ = MakeTables(config.traffic.population, config.workers);
  Program(state_->writer(), config.traffic.population);
  MakeWorkers(config.workers);
}

DataPlane::~DataPlane() {
  for (uint32_t i = 0; i < workers(); ++i) quiescence().Offline(i);
  workers_.clear();
  for (const uint16_t port : {source_, sink_}) {
    rte_eth_dev_stop(port);
    rte_eth_dev_close(port);
  }
}

void DataPlane::MakeSource(const DataPlaneConfig& config) {
  if (config.capture.empty()) {
    source_ = MakePort("net_null0", "copy=0", 1, pool_);
    AttachSyntheticSource(source_, frames_);
  } else {
    source_ = MakePort("net_pcap0", "infinite_rx=1,rx_pcap=" + config.capture, 1, pool_);
  }
}

void DataPlane::MakeSink(uint16_t queues) {
  sink_ = MakePort("net_null1", "no-rx=1", queues, pool_);
}

void DataPlane::MakeWorkers(uint32_t count) {
  for (uint32_t index = 0; index < count; ++index) {
    dataplane::WorkerConfig config;
    config.index = index;
    config.workers = count;
    config.tables = &state_->tables();
    config.unresolved = &state_->unresolved(index);
    config.handoff = mesh_.get();
    for (const uint16_t port : {kAccess, kCore}) {
      dataplane::WorkerPort view;
      view.index = port;
      view.role = port == kAccess ? dataplane::PortRole::kAccess : dataplane::PortRole::kCore;
      view.mtu = port == kAccess ? kAccessMtu : 1500;
      view.mac = *net::ParseMac(port == kAccess ? kAccessMac : kCoreMac);
      const bool is_source = port == frames_.port();
      view.dpdk_port = is_source ? source_ : sink_;
      if (is_source && index == 0) view.rx_queue = 0;
      if (!is_source) view.tx_queue = static_cast<uint16_t>(index);
      config.ports.push_back(view);
    }
    workers_.push_back(std::make_unique<dataplane::Worker>(config, state_->quiescence()));
    quiescence().Online(index);
  }
}

}  // namespace lns::bench
