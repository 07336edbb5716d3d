// A data plane to measure: tables filled with a population, a port that replays frames (net_pcap or
// synthetic), a port that frees what it is given (net_null), and one or two workers, all driven
// from the caller's thread. With two workers the first receives everything and hands over what the
// second owns; each sends what it owns.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mempool.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/handoff.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/worker.h"
#include "tests/bench/frames.h"

namespace lns::bench {

struct DataPlaneConfig {
  TrafficConfig traffic;
  std::string capture;          // a pcap file to replay; empty: synthetic
  uint32_t capture_frames = 0;  // in it
  uint32_t workers = 1;
};

class DataPlane {
 public:
  // Exits the process with a message when something cannot be had. Needs the EAL.
  explicit DataPlane(const DataPlaneConfig& config);
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;
  ~DataPlane();

  dataplane::Worker& worker(uint32_t index) { return *workers_[index]; }
  uint32_t workers() const { return static_cast<uint32_t>(workers_.size()); }
  dataplane::Quiescence& quiescence() { return state_->quiescence(); }
  FrameSource& frames() { return frames_; }
  rte_mempool* pool() { return pool_; }
  uint16_t source_dpdk_port() const { return source_; }
  uint16_t source_port() const { return frames_.port(); }

 private:
  void MakeSource(const DataPlaneConfig& config);
  void MakeSink(uint16_t queues);
  void MakeWorkers(uint32_t count);

  FrameSource frames_;
  rte_mempool* pool_ = nullptr;
  uint16_t source_ = 0;  // DPDK's numbers
  uint16_t sink_ = 0;
  std::unique_ptr<dataplane::ForwardingState> state_;
  std::unique_ptr<dataplane::HandoffMesh> mesh_;
  std::vector<std::unique_ptr<dataplane::Worker>> workers_;
};

// Of a population: tables at exactly its size.
std::unique_ptr<dataplane::ForwardingState> MakeTables(const Population& population,
                                                       uint32_t workers);

}  // namespace lns::bench
