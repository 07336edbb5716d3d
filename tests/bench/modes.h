// What the benchmark can measure: each mode is one measurement that fills one report. scripts/bench
// runs them side by side and judges them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/bench.h"
#include "tests/bench/frames.h"
#include "tests/bench/report.h"

namespace lns::bench {

// How packets come to two workers (scaling).
enum class Spread : uint8_t {
  kOwned,     // each to the worker that owns its session, as a network card that knows L2TP does
  kMixed,     // to both alike: half of them must be handed over
  kOneQueue,  // all to the first worker, as one tunnel's outer addresses make it
};
std::optional<Spread> ParseSpread(std::string_view name);

struct Options {
  TrafficConfig traffic;
  bool both = false;                  // datapath: uplink and downlink at once
  std::vector<std::string> captures;  // replayed by net_pcap; none: the synthetic source
  uint32_t capture_frames = 4096;     // in each of them
  uint32_t workers = 1;
  Spread spread = Spread::kOwned;
  std::vector<uint32_t> cpus;     // scaling: of the workers
  double load = 0;                // latency: of the saturated rate; 0: a packet now and then
  uint32_t churn_per_second = 0;  // churn: sessions that come, and as many that go
  double seconds = 1;
  uint32_t writer_changes_per_second = 0;  // session-table: a writer beside the reader
  std::string table = "ours";              // session-table: ours, rte-hash, direct
  uint64_t max_packets = 0;                // 0: as many as the time allows
};

// All return false when the report says what went wrong.

// The whole worker from receive to transmit, saturated.
bool RunDatapath(Bench& bench, const Options& options, Report& report);
// The stages alone on bursts of 32: no receive, no transmit; the frames are made before the clock
// runs.
bool RunForwardingWork(Bench& bench, const Options& options, Report& report);
// One or two workers, each on a core of its own or both on one.
bool RunScaling(Bench& bench, const Options& options, Report& report);
// How long packets are in the worker.
bool RunLatency(Bench& bench, const Options& options, Report& report);
// A worker at a share of its rate, while sessions come and go through gRPC.
bool RunChurn(Bench& bench, const Options& options, Report& report);
// Lookups in one of the tables.
bool RunSessionTable(Bench& bench, const Options& options, Report& report);
// Bytes per session and the rate of programming.
bool RunMemory(Bench& bench, const Options& options, Report& report);

}  // namespace lns::bench
