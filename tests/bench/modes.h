// What the benchmark can measure: each mode is one measurement per run of the program and prints
// one JSON object. scripts/bench runs modes side by side and judges them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/frames.h"

namespace lns::bench {

struct Options {
  TrafficConfig traffic;
  std::string capture;  // replayed by net_pcap; empty: the synthetic source
  uint32_t capture_frames = 65536;
  uint32_t workers = 1;
  double seconds = 1;
  uint32_t writer_changes_per_second = 0;  // session-table: a writer beside the reader
  std::string table = "ours";              // session-table: ours, rte-hash, direct
  uint64_t max_packets = 0;                // 0: as many as the time allows
};

// The whole worker from receive to transmit, saturated.
int RunDatapath(const Options& options);
// The stages alone on bursts of 32: no receive, no transmit; the frames are made before the clock
// runs.
int RunForwardingWork(const Options& options);
// Lookups in one of the tables.
int RunSessionTable(const Options& options);
// Bytes per session and the rate of programming.
int RunMemory(const Options& options);

}  // namespace lns::bench
