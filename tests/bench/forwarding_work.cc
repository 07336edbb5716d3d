// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>

#include <algorithm>

#include "dataplane/pipeline.h"
#include "lib/base/check.h"
#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/plain_path.h"

namespace lns::bench {
namespace {

// Few, so that a preempted sample is one of many; enough that reading the clock costs nothing.
constexpr uint32_t kBurstsPerSample = 64;

struct Traffic {
  SyntheticFeed feed;
  Direction direction;
};

void MakeBurst(DataPlane& plane, Traffic& traffic, dataplane::Batch& batch) {
  rte_mbuf* packets[dataplane::kBatchSize];
  LNS_CHECK(rte_pktmbuf_alloc_bulk(plane.devices().pool(), packets, dataplane::kBatchSize) == 0);
  dataplane::PacketMeta meta;
  meta.in_port = SideOf(traffic.direction);
  traffic.feed.Fill(packets, dataplane::kBatchSize);
  for (rte_mbuf* packet : packets) batch.Add(packet, meta);
}

// Ticks of the stages alone; what they sent is given back after the clock has stopped.
uint64_t ForwardBurst(DataPlane& plane, Traffic& traffic, dataplane::Batch& batch) {
  dataplane::Context& context = plane.worker(0).context();
  MakeBurst(plane, traffic, batch);
  const uint64_t start = rte_rdtsc_precise();
  if (traffic.direction == Direction::kPlain) {
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

bool RunForwardingWork(Bench& bench, const Options& options, Report& report) {
  DataPlane plane(bench, {.population = options.traffic.population});
  Traffic traffic{SyntheticFeed(options.traffic), options.traffic.direction};
  dataplane::Batch batch;
  const uint64_t warm_up =
      options.max_packets != 0 ? 1 : std::max(20'000u, options.traffic.population.sessions / 16);
  for (uint64_t i = 0; i < warm_up; ++i) ForwardBurst(plane, traffic, batch);

  const Surroundings surroundings;
  const dataplane::WorkerCounters& counters = plane.worker(0).counters();
  const uint64_t sent_before = counters.tx_packets.value();
  const Deadline deadline(options.seconds);
  Samples samples;
  StageSamples stages;
  do {
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < kBurstsPerSample; ++i) ticks += ForwardBurst(plane, traffic, batch);
    samples.Add(ticks, uint64_t{kBurstsPerSample} * dataplane::kBatchSize);
    stages.Begin();
    stages.Read(counters);
    stages.End();
  } while (!deadline.Over() &&
           (options.max_packets == 0 || samples.packets() < options.max_packets));
  surroundings.AddTo(report);
  report.Add("packets", samples.packets());
  report.AddSamples("ticks", samples);
  stages.AddTo(report);
  if (counters.tx_packets.value() - sent_before == samples.packets()) return true;
  return report.Fail("not every packet was forwarded");
}

}  // namespace lns::bench
