// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>

#include <algorithm>
#include <cstdio>

#include "dataplane/pipeline.h"
#include "lib/base/check.h"
#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/plain_path.h"
#include "tests/bench/report.h"
#include "tests/bench/synthetic_source.h"

namespace lns::bench {
namespace {

// Few, so that a preempted sample is one of many; enough that reading the clock costs nothing.
constexpr uint32_t kBurstsPerSample = 64;

void MakeBurst(DataPlane& plane, dataplane::Batch& batch) {
  rte_mbuf* packets[dataplane::kBatchSize];
  LNS_CHECK(rte_pktmbuf_alloc_bulk(plane.pool(), packets, dataplane::kBatchSize) == 0);
  dataplane::PacketMeta meta;
  meta.in_port = plane.source_port();
  for (rte_mbuf* packet : packets) {
    FillPacket(*packet, plane.frames());
    batch.Add(packet, meta);
  }
}

// Ticks of the stages alone; what they sent is given back after the clock has stopped.
uint64_t ForwardBurst(DataPlane& plane, dataplane::Batch& batch, Direction direction) {
  dataplane::Context& context = plane.worker(0).context();
  MakeBurst(plane, batch);
  const uint64_t start = rte_rdtsc_precise();
  if (direction == Direction::kPlain) {
    RunPlain(context, batch);
  } else {
    RunReceive(context, batch);
    RunUplink(context, batch);
    RunDownlink(context, context.downlink());
  }
  const uint64_t ticks = rte_rdtsc_precise() - start;
  context.Flush();
  context.clock().EndTurn(true);
  plane.quiescence().Report(0);
  return ticks;
}

}  // namespace

int RunForwardingWork(const Options& options) {
  DataPlane plane({.traffic = options.traffic});
  const Direction direction = options.traffic.direction;
  dataplane::Batch batch;
  const uint64_t warm_up =
      options.max_packets != 0 ? 1 : std::max(20'000u, options.traffic.population.sessions / 16);
  for (uint64_t i = 0; i < warm_up; ++i) ForwardBurst(plane, batch, direction);

  const double clock_before = CoreCyclesPerTick();
  const dataplane::WorkerCounters& counters = plane.worker(0).counters();
  const uint64_t sent_before = counters.tx_packets.value();
  const auto limit = static_cast<uint64_t>(options.seconds * static_cast<double>(rte_get_tsc_hz()));
  const uint64_t begin = FencedTsc();
  Samples samples;
  StageSamples stages;
  do {
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < kBurstsPerSample; ++i) ticks += ForwardBurst(plane, batch, direction);
    samples.Add(ticks, uint64_t{kBurstsPerSample} * dataplane::kBatchSize);
    stages.Begin();
    stages.Read(counters);
    stages.End();
  } while (FencedTsc() - begin < limit &&
           (options.max_packets == 0 || samples.packets() < options.max_packets));
  if (counters.tx_packets.value() - sent_before != samples.packets()) {
    std::fprintf(stderr, "bench: not every packet was forwarded\n");
    return 1;
  }

  Report report;
  report.Add("mode", "forwarding-work");
  report.Add("packets", samples.packets());
  report.AddSamples("ticks", samples);
  report.Add("core_cycles_per_tick", (clock_before + CoreCyclesPerTick()) / 2);
  report.Add("tsc_hz", rte_get_tsc_hz());
  report.Add("involuntary_switches", InvoluntarySwitches());
  stages.AddTo(report);
  report.Print();
  return 0;
}

}  // namespace lns::bench
