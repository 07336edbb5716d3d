// A data plane to measure: the product's workers over filled tables and virtual ports. Each run of
// a mode makes its own and leaves ports and tables to the next.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/worker.h"
#include "tests/bench/bench.h"
#include "tests/bench/report.h"

namespace lns::bench {

// Where a side's packets come from.
struct Arrivals {
  std::optional<uint16_t> replay;  // this DPDK port; else the side's own, as its feeds say
  uint32_t queues = 1;             // the first so many workers poll one each
};

struct DataPlaneConfig {
  Population population;
  uint32_t workers = 1;
  std::array<std::optional<Arrivals>, Devices::kSides> arrivals;  // none: nothing is polled there
};

struct Totals {
  uint64_t received = 0;
  uint64_t sent = 0;
  uint64_t handed_over = 0;
  std::array<uint64_t, dataplane::kDropReasonCount> drops{};
  uint64_t Dropped() const;
  uint64_t DroppedFor(dataplane::DropReason reason) const {
    return drops[static_cast<size_t>(reason)];
  }
};

class DataPlane {
 public:
  // Exits the process with a message when something cannot be had.
  DataPlane(Bench& bench, const DataPlaneConfig& config);
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;
  // Detaches every feed.
  ~DataPlane();

  dataplane::Worker& worker(uint32_t index) { return *workers_[index]; }
  uint32_t workers() const { return static_cast<uint32_t>(workers_.size()); }
  dataplane::Quiescence& quiescence() { return tables_.quiescence(); }
  Devices& devices() { return devices_; }

  // One turn of a worker, as Worker::Run makes it. True if there was work.
  bool Poll(uint32_t index) {
    const bool busy = workers_[index]->PollOnce();
    quiescence().Report(index);
    return busy;
  }
  Totals totals() const;
  // Every packet was sent, or (where `expected` says so) dropped for that reason; else the report
  // says what happened to them.
  bool AllAsExpected(std::optional<dataplane::DropReason> expected, Report& report) const;

 private:
  void MakeWorkers(Bench& bench, const DataPlaneConfig& config);

  Devices& devices_;
  dataplane::ForwardingState& tables_;
  std::vector<std::unique_ptr<dataplane::Worker>> workers_;
};

}  // namespace lns::bench
