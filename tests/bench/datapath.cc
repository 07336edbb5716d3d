// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <cstdio>

#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/plain_path.h"
#include "tests/bench/report.h"

namespace lns::bench {
namespace {

constexpr uint32_t kPollsPerSample = 128;
constexpr uint64_t kMinWarmUp = 200'000;

// One turn of everything, as Worker::Run makes it.
void Poll(DataPlane& plane, const Options& options) {
  if (options.traffic.direction != Direction::kPlain) {
    for (uint32_t i = 0; i < plane.workers(); ++i) {
      plane.worker(i).PollOnce();
      plane.quiescence().Report(i);
    }
    return;
  }
  dataplane::Context& context = plane.worker(0).context();
  dataplane::Batch batch;
  dataplane::StageClock& clock = context.clock();
  const uint64_t start = clock.Now();
  rte_mbuf* packets[dataplane::kBatchSize];
  const uint16_t count =
      rte_eth_rx_burst(plane.source_dpdk_port(), 0, packets, dataplane::kBatchSize);
  dataplane::PacketMeta meta;
  meta.in_port = plane.source_port();
  for (uint16_t i = 0; i < count; ++i) batch.Add(packets[i], meta);
  dataplane::WorkerCounters& counters = context.counters();
  counters.rx_packets.Add(count);
  auto& receive = counters.stages[static_cast<size_t>(dataplane::StageId::kReceive)];
  clock.Count(receive, count, start, clock.Now());
  RunPlain(context, batch);
  const uint64_t staged = clock.Now();
  context.Flush();
  auto& transmit = counters.stages[static_cast<size_t>(dataplane::StageId::kTransmit)];
  clock.Count(transmit, count, staged, clock.Now());
  clock.EndTurn(count != 0);
  plane.quiescence().Report(0);
}

uint64_t Received(DataPlane& plane) { return plane.worker(0).counters().rx_packets.value(); }

struct Totals {
  uint64_t received = 0;
  uint64_t sent = 0;
  uint64_t dropped = 0;
  uint64_t handed_over = 0;
};

Totals TotalsOf(DataPlane& plane) {
  Totals totals;
  for (uint32_t i = 0; i < plane.workers(); ++i) {
    const dataplane::WorkerCounters& counters = plane.worker(i).counters();
    totals.received += counters.rx_packets.value();
    totals.sent += counters.tx_packets.value();
    totals.handed_over += counters.handoff_in.value();
    for (const dataplane::Counter& drop : counters.drops) totals.dropped += drop.value();
  }
  return totals;
}

// A measurement of packets that went wrong is worth nothing.
bool AllAsExpected(const Totals& totals, const Options& options) {
  const bool hostile = options.traffic.fault != Fault::kNone;
  const uint64_t expected = hostile ? totals.dropped : totals.sent;
  if (expected == totals.received && (hostile ? totals.sent : totals.dropped) == 0) return true;
  std::fprintf(stderr, "bench: of %lu packets %lu were sent and %lu dropped\n", totals.received,
               totals.sent, totals.dropped);
  return false;
}

}  // namespace

int RunDatapath(const Options& options) {
  DataPlane plane({.traffic = options.traffic,
                   .capture = options.capture,
                   .capture_frames = options.capture.empty() ? 0 : options.capture_frames,
                   .workers = options.workers});
  const uint64_t warm_up =
      options.max_packets != 0
          ? options.max_packets
          : std::max<uint64_t>(kMinWarmUp, uint64_t{2} * options.traffic.population.sessions);
  while (Received(plane) < warm_up) Poll(plane, options);

  const double clock_before = CoreCyclesPerTick();
  const Totals before = TotalsOf(plane);
  const uint64_t switches = InvoluntarySwitches();
  const auto ticks = static_cast<uint64_t>(options.seconds * static_cast<double>(rte_get_tsc_hz()));
  const uint64_t begin = FencedTsc();
  Samples samples;
  StageSamples stages;
  do {
    const uint64_t packets = Received(plane);
    const uint64_t start = FencedTsc();
    for (uint32_t i = 0; i < kPollsPerSample; ++i) Poll(plane, options);
    const uint64_t end = FencedTsc();
    samples.Add(end - start, Received(plane) - packets);
    stages.Begin();
    for (uint32_t i = 0; i < plane.workers(); ++i) stages.Read(plane.worker(i).counters());
    stages.End();
  } while (FencedTsc() - begin < ticks &&
           (options.max_packets == 0 || samples.packets() < options.max_packets));
  const uint64_t switched = InvoluntarySwitches() - switches;
  const double clock_after = CoreCyclesPerTick();
  // What is still in a handoff ring.
  for (uint32_t i = 1; i < plane.workers(); ++i) {
    while (plane.worker(i).PollOnce()) {
    }
  }
  const Totals after = TotalsOf(plane);
  if (!AllAsExpected(after, options)) return 1;

  Report report;
  report.Add("mode", "datapath");
  report.Add("packets", samples.packets());
  report.AddSamples("ticks", samples);
  report.Add("core_cycles_per_tick", (clock_before + clock_after) / 2);
  report.Add("tsc_hz", rte_get_tsc_hz());
  report.Add("involuntary_switches", switched);
  report.Add("handed_over", static_cast<double>(after.handed_over - before.handed_over) /
                                static_cast<double>(after.received - before.received));
  stages.AddTo(report);
  report.Print();
  return 0;
}

}  // namespace lns::bench
