// One or two workers, each a thread on a core of its own, as the product runs them; or both taking
// turns on one core, which shows what of their work is not due to what crosses between cores. This
// thread sleeps and reads their counters in windows, whose median counts.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_lcore.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"

namespace lns::bench {
namespace {

constexpr auto kWindow = std::chrono::milliseconds(5);
constexpr auto kWarmUp = std::chrono::milliseconds(50);
constexpr int kDrainTurns = 10'000;  // of both workers, to empty the rings between them

void Pin(uint32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

// The workers' threads; from construction to Stop() they poll. Worker i is on core i, round and
// round.
class Threads {
 public:
  Threads(DataPlane& plane, const std::vector<uint32_t>& cpus) {
    const auto cores = static_cast<uint32_t>(cpus.size());
    for (uint32_t core = 0; core < cores; ++core) {
      threads_.emplace_back([this, &plane, core, cores, cpu = cpus[core]] {
        Pin(cpu);
        // An lcore id, and with it a cache of the packet buffers, as the product's workers have.
        if (rte_thread_register() != 0) Die("too many threads");
        while (!stop_.load(std::memory_order_relaxed)) {
          for (uint32_t i = core; i < plane.workers(); i += cores) plane.Poll(i);
        }
        rte_thread_unregister();
      });
    }
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { Stop(); }

  void Stop() {
    stop_.store(true);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// What waits in a ring belongs to someone.
void Drain(DataPlane& plane) {
  for (uint16_t side = 0; side < Devices::kSides; ++side) {
    for (uint16_t queue = 0; queue < Devices::kQueues; ++queue) {
      plane.devices().Attach(side, queue, nullptr);
    }
  }
  bool busy = true;
  for (int turn = 0; busy && turn < kDrainTurns; ++turn) {
    busy = false;
    for (uint32_t i = 0; i < plane.workers(); ++i) busy = plane.Poll(i) || busy;
  }
}

}  // namespace

std::optional<Spread> ParseSpread(std::string_view name) {
  if (name == "owned") return Spread::kOwned;
  if (name == "mixed") return Spread::kMixed;
  if (name == "one-queue") return Spread::kOneQueue;
  return std::nullopt;
}

bool RunScaling(Bench& bench, const Options& options, Report& report) {
  if (options.cpus.empty()) return report.Fail("a core for every worker, or one: --cpus");
  std::vector<uint32_t> cpus = options.cpus;
  cpus.resize(std::min<size_t>(cpus.size(), options.workers));
  const uint16_t side = SideOf(options.traffic.direction);
  const uint32_t queues = options.spread == Spread::kOneQueue ? 1 : options.workers;
  Arrivals arrivals{.queues = queues};
  if (!options.captures.empty()) {
    if (options.captures.size() != queues) return report.Fail("a capture for every queue");
    arrivals.replay = bench.devices().Replay(options.captures, options.capture_frames);
  }
  std::vector<std::unique_ptr<SyntheticFeed>> feeds;
  for (uint32_t queue = 0; queue < queues; ++queue) {
    TrafficConfig traffic = options.traffic;
    traffic.seed += queue;
    traffic.owner = queue;
    traffic.workers = options.spread == Spread::kOwned ? options.workers : 1;
    feeds.push_back(std::make_unique<SyntheticFeed>(traffic));
  }
  DataPlaneConfig config{.population = options.traffic.population, .workers = options.workers};
  config.arrivals[side] = arrivals;
  DataPlane plane(bench, config);
  for (uint16_t queue = 0; queue < queues; ++queue) {
    plane.devices().Attach(side, queue, feeds[queue].get());
  }

  Samples samples;
  const Surroundings surroundings;
  Threads threads(plane, cpus);
  std::this_thread::sleep_for(kWarmUp);
  const Deadline deadline(options.seconds);
  const Totals begin = plane.totals();
  uint64_t sent = begin.sent;
  uint64_t start = FencedTsc();
  do {
    std::this_thread::sleep_for(kWindow);
    const uint64_t now = FencedTsc();
    const uint64_t sent_now = plane.totals().sent;
    if (sent_now != sent) samples.Add((now - start) * cpus.size(), sent_now - sent);
    start = now;
    sent = sent_now;
  } while (!deadline.Over());
  const Totals end = plane.totals();
  threads.Stop();
  surroundings.AddTo(report);
  // Of a replay port the worker would go on receiving: what is in a ring is freed with the mesh.
  if (options.captures.empty()) Drain(plane);

  report.AddSamples("ticks", samples);  // of all cores together, per packet sent
  report.Add("mpps", static_cast<double>(rte_get_tsc_hz() * cpus.size()) / samples.Median() / 1e6);
  const auto received = static_cast<double>(end.received - begin.received);
  const auto share = [&](uint64_t count) { return static_cast<double>(count) / received; };
  report.Add("handed_over", share(end.handed_over - begin.handed_over));
  constexpr auto kFull = dataplane::DropReason::kHandoffRingFull;
  report.Add("ring_full", share(end.DroppedFor(kFull) - begin.DroppedFor(kFull)));
  const Totals totals = plane.totals();
  if (totals.Dropped() != totals.DroppedFor(kFull)) {
    return report.Fail("packets were dropped for other reasons than a full ring");
  }
  if (options.captures.empty() && totals.received != totals.sent + totals.Dropped()) {
    return report.Fail("packets were lost without a reason");
  }
  return true;
}

}  // namespace lns::bench
