// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/devices.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>

namespace lns::bench {
namespace {

// testpmd's defaults, so that both allocate alike.
constexpr uint32_t kPoolCache = 250;
constexpr uint32_t kBuffersInFlight = 8191;
constexpr uint16_t kDescriptors = 512;

rte_mempool* MakePool(const std::string& name, uint32_t buffers) {
  rte_mempool* pool =
      rte_pktmbuf_pool_create(name.c_str(), buffers, kPoolCache, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
  if (pool == nullptr) Die("packet buffers");
  return pool;
}

struct Queues {
  uint16_t receive = 0;
  uint16_t transmit = 0;
};

uint16_t MakePort(const std::string& name, const std::string& arguments, Queues queues,
                  rte_mempool* pool) {
  uint16_t port = 0;
  if (rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str()) != 0 ||
      rte_eth_dev_get_port_by_name(name.c_str(), &port) != 0) {
    Die("cannot make " + name + "," + arguments);
  }
  const rte_eth_conf conf{};
  bool ok = rte_eth_dev_configure(port, queues.receive, queues.transmit, &conf) == 0;
  for (uint16_t queue = 0; ok && queue < queues.receive; ++queue) {
    ok = rte_eth_rx_queue_setup(port, queue, kDescriptors, 0, nullptr, pool) == 0;
  }
  for (uint16_t queue = 0; ok && queue < queues.transmit; ++queue) {
    ok = rte_eth_tx_queue_setup(port, queue, kDescriptors, 0, nullptr) == 0;
  }
  if (!ok || rte_eth_dev_start(port) != 0) Die("cannot start " + name);
  return port;
}

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s: %s\n", what.c_str(), rte_strerror(rte_errno));
  std::exit(1);
}

Devices::Devices() : pool_(MakePool("bench", kBuffersInFlight)) {
  for (uint16_t side = 0; side < kSides; ++side) {
    ports_[side] = MakePort("net_null" + std::to_string(side), "copy=0", {kQueues, kQueues}, pool_);
    for (uint16_t queue = 0; queue < kQueues; ++queue) {
      if (rte_eth_add_rx_callback(ports_[side], queue, OnReceive, &feeds_[side][queue]) ==
          nullptr) {
        Die("receive callback");
      }
    }
  }
}

Devices::~Devices() {
  const auto close = [](uint16_t port) {
    rte_eth_dev_stop(port);
    rte_eth_dev_close(port);
  };
  for (const uint16_t port : ports_) close(port);
  for (const auto& [captures, port] : replays_) close(port);
}

uint16_t Devices::Replay(const std::vector<std::string>& captures, uint32_t frames) {
  const auto found = replays_.find(captures);
  if (found != replays_.end()) return found->second;
  const std::string number = std::to_string(replays_.size());
  const auto queues = static_cast<uint16_t>(captures.size());
  std::string arguments = "infinite_rx=1";
  for (const std::string& capture : captures) arguments += ",rx_pcap=" + capture;
  // As many buffers as testpmd would have: the frames stay in memory, in buffers of the pool.
  rte_mempool* pool = MakePool("replay" + number, kBuffersInFlight + frames * queues);
  const uint16_t port = MakePort("net_pcap" + number, arguments, {queues, queues}, pool);
  replays_.emplace(captures, port);
  return port;
}

uint16_t Devices::OnReceive(uint16_t, uint16_t, rte_mbuf* packets[], uint16_t count, uint16_t,
                            void* feed) {
  PacketFeed* source = *static_cast<PacketFeed**>(feed);
  const uint16_t filled = source == nullptr ? uint16_t{0} : source->Fill(packets, count);
  if (filled < count) rte_pktmbuf_free_bulk(packets + filled, count - filled);
  return filled;
}

}  // namespace lns::bench
