// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>

#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/plain_path.h"

namespace lns::bench {
namespace {

constexpr uint32_t kPollsPerSample = 128;
// Before the clock runs: caches and branch predictors must hold this run's, not the last one's.
constexpr uint64_t kMinWarmUp = 200'000;

std::optional<dataplane::DropReason> ExpectedDrop(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return std::nullopt;
    case Fault::kUnknownSession:
      return dataplane::DropReason::kNoSession;
    case Fault::kBadVersion:
      return dataplane::DropReason::kL2tpVersion;
    case Fault::kTruncated:
      return dataplane::DropReason::kTruncated;
    case Fault::kWrongPeer:
      return dataplane::DropReason::kWrongPeer;
    case Fault::kSpoofedSource:
      return dataplane::DropReason::kSpoofedSource;
  }
  return std::nullopt;
}

// One turn of the worker, had it the plain pipeline.
void PollPlain(DataPlane& plane) {
  dataplane::Context& context = plane.worker(0).context();
  dataplane::Batch batch;
  dataplane::StageClock& clock = context.clock();
  const uint64_t start = clock.Now();
  const dataplane::WorkerPort& port = *context.port(kAccess);
  const uint16_t count =
      rte_eth_rx_burst(port.dpdk_port, *port.rx_queue, batch.room(), dataplane::kBatchSize);
  dataplane::PacketMeta meta;
  meta.in_port = kAccess;
  batch.SetReceived(count, meta);
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

void Poll(DataPlane& plane, const Options& options) {
  if (options.traffic.direction == Direction::kPlain) {
    PollPlain(plane);
  } else {
    plane.Poll(0);
  }
}

uint64_t Received(DataPlane& plane) { return plane.worker(0).counters().rx_packets.value(); }

}  // namespace

bool RunDatapath(Bench& bench, const Options& options, Report& report) {
  TrafficConfig traffic = options.traffic;
  SyntheticFeed feed(traffic);
  traffic.direction = Direction::kDownlink;
  SyntheticFeed downlink(traffic);

  Arrivals arrivals;
  if (!options.captures.empty()) {
    arrivals.replay = bench.devices().Replay(options.captures, options.capture_frames);
  }
  const uint16_t side = SideOf(options.traffic.direction);
  DataPlaneConfig config{.population = options.traffic.population};
  config.arrivals[side] = arrivals;
  if (options.both) config.arrivals[kCore] = Arrivals{};
  DataPlane plane(bench, config);
  plane.devices().Attach(side, 0, &feed);
  if (options.both) plane.devices().Attach(kCore, 0, &downlink);

  const uint64_t warm_up =
      options.max_packets != 0
          ? options.max_packets
          : std::max<uint64_t>(kMinWarmUp, uint64_t{2} * options.traffic.population.sessions);
  while (Received(plane) < warm_up) Poll(plane, options);

  const Surroundings surroundings;
  const Deadline deadline(options.seconds);
  Samples samples;
  StageSamples stages;
  do {
    const uint64_t packets = Received(plane);
    const uint64_t start = FencedTsc();
    for (uint32_t i = 0; i < kPollsPerSample; ++i) Poll(plane, options);
    const uint64_t end = FencedTsc();
    samples.Add(end - start, Received(plane) - packets);
    stages.Begin();
    stages.Read(plane.worker(0).counters());
    stages.End();
  } while (!deadline.Over() &&
           (options.max_packets == 0 || samples.packets() < options.max_packets));
  surroundings.AddTo(report);
  report.Add("packets", samples.packets());
  report.AddSamples("ticks", samples);
  report.Add("mpps", static_cast<double>(rte_get_tsc_hz()) / samples.Median() / 1e6);
  stages.AddTo(report);
  return plane.AllAsExpected(ExpectedDrop(options.traffic.fault), report);
}

}  // namespace lns::bench
