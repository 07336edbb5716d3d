// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/data_plane.h"

#include <numeric>
#include <string>

namespace lns::bench {

uint64_t Totals::Dropped() const {
  return std::accumulate(drops.begin(), drops.end(), uint64_t{0});
}

DataPlane::DataPlane(Bench& bench, const DataPlaneConfig& config)
    : devices_(bench.devices()), tables_(bench.Tables(config.population, config.workers)) {
  MakeWorkers(bench, config);
}

DataPlane::~DataPlane() {
  for (uint32_t i = 0; i < workers(); ++i) quiescence().Offline(i);
  for (uint16_t side = 0; side < Devices::kSides; ++side) {
    for (uint16_t queue = 0; queue < Devices::kQueues; ++queue) {
      devices_.Attach(side, queue, nullptr);
    }
  }
}

void DataPlane::MakeWorkers(Bench& bench, const DataPlaneConfig& config) {
  for (uint32_t index = 0; index < config.workers; ++index) {
    dataplane::WorkerConfig worker;
    worker.index = index;
    worker.workers = config.workers;
    worker.tables = &tables_.tables();
    worker.unresolved = &tables_.unresolved(index);
    worker.handoff = &bench.Mesh(config.workers);
    for (const uint16_t side : {kAccess, kCore}) {
      const std::optional<Arrivals>& arrivals = config.arrivals[side];
      const bool replays = arrivals.has_value() && arrivals->replay.has_value();
      dataplane::WorkerPort view;
      view.index = side;
      view.role = side == kAccess ? dataplane::PortRole::kAccess : dataplane::PortRole::kCore;
      view.mtu = side == kAccess ? kAccessMtu : kCoreMtu;
      view.mac = *net::ParseMac(side == kAccess ? kAccessMac : kCoreMac);
      view.dpdk_port = replays ? *arrivals->replay : devices_.port(side);
      if (arrivals.has_value() && index < arrivals->queues) {
        view.rx_queue = static_cast<uint16_t>(index);
      }
      if (!replays) view.tx_queue = static_cast<uint16_t>(index);
      worker.ports.push_back(view);
    }
    workers_.push_back(std::make_unique<dataplane::Worker>(worker, quiescence()));
    quiescence().Online(index);
  }
}

Totals DataPlane::totals() const {
  Totals totals;
  for (const auto& worker : workers_) {
    const dataplane::WorkerCounters& counters = worker->counters();
    totals.received += counters.rx_packets.value();
    totals.sent += counters.tx_packets.value();
    totals.handed_over += counters.handoff_in.value();
    for (size_t i = 0; i < totals.drops.size(); ++i) totals.drops[i] += counters.drops[i].value();
  }
  return totals;
}

bool DataPlane::AllAsExpected(std::optional<dataplane::DropReason> expected, Report& report) const {
  const Totals totals = this->totals();
  const bool as_expected = expected.has_value()
                               ? totals.DroppedFor(*expected) == totals.received
                               : totals.sent == totals.received && totals.Dropped() == 0;
  if (as_expected) return true;
  std::string what = "of " + std::to_string(totals.received) + " packets " +
                     std::to_string(totals.sent) + " were sent";
  for (size_t i = 0; i < totals.drops.size(); ++i) {
    if (totals.drops[i] == 0) continue;
    what += ", " + std::to_string(totals.drops[i]) + " dropped as ";
    what += dataplane::kDropReasons[i].name;
  }
  return report.Fail(what);
}

}  // namespace lns::bench
