// How long a packet is in the worker, from the receive call that took it to the transmit call that
// got it, and how long since it arrived, which includes the wait for the poll. Arrivals are a
// Poisson process of a share of the rate that the same worker reaches saturated, and wait in a ring
// like a network card's: a disturbance shows in every packet it delays, and in those that are lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"

namespace lns::bench {
namespace {

constexpr double kIdlePacketsPerSecond = 20'000;  // load 0: each finds the worker idle
constexpr uint64_t kSaturationPackets = 2'000'000;
constexpr uint32_t kPollsPerSample = 128;

// Durations in ticks: exact below 128, then in 64 steps from a power of two to the next. A few
// cache lines, however long they get: what measures must not slow down what is late already.
class Distribution {
 public:
  void Add(uint64_t ticks) {
    ++total_;
    ++counts_[StepOf(ticks)];
    max_ = std::max(max_, ticks);
  }
  uint64_t Percentile(double fraction) const {
    auto rank = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
    rank = std::max<uint64_t>(rank, 1);
    uint64_t seen = 0;
    for (size_t step = 0; step < counts_.size(); ++step) {
      seen += counts_[step];
      if (seen >= rank) return std::min(MiddleOf(step), max_);
    }
    return 0;
  }
  void AddTo(Report& report, const std::string& prefix) const {
    const double ns_per_tick = 1e9 / static_cast<double>(rte_get_tsc_hz());
    const auto add = [&](const char* name, double fraction) {
      report.Add(prefix + name, static_cast<double>(Percentile(fraction)) * ns_per_tick);
    };
    add("_p50_ns", 0.5);
    add("_p90_ns", 0.9);
    add("_p99_ns", 0.99);
    add("_p999_ns", 0.999);
    report.Add(prefix + "_max_ns", static_cast<double>(max_) * ns_per_tick);
  }

 private:
  static constexpr uint32_t kBits = 6;

  static size_t StepOf(uint64_t ticks) {
    const auto width = static_cast<uint32_t>(std::bit_width(ticks));
    const uint32_t octave = width > kBits ? width - kBits - 1 : 0;
    return (size_t{octave} << kBits) + (ticks >> octave);
  }
  static uint64_t MiddleOf(size_t step) {
    const size_t octave = step >> (kBits + 1) == 0 ? 0 : (step >> kBits) - 1;
    return ((step - (octave << kBits)) << octave) + (uint64_t{1} << octave) / 2;
  }

  std::array<uint32_t, size_t{64 - kBits + 1} << kBits> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

struct Watch {
  Distribution residence;
  Distribution since_arrival;
  bool on = false;
};

uint16_t OnTransmit(uint16_t, uint16_t, rte_mbuf* packets[], uint16_t count, void* user) {
  auto& watch = *static_cast<Watch*>(user);
  if (!watch.on) return count;
  const uint64_t now = rte_rdtsc();
  for (uint16_t i = 0; i < count; ++i) {
    const Stamp stamp = ReadStamp(*packets[i]);
    watch.residence.Add(now - stamp.received);
    watch.since_arrival.Add(now - stamp.arrived);
  }
  return count;
}

// Ticks per packet of the same worker, feed and watch.
double Saturate(DataPlane& plane, const Options& options) {
  PacedFeed feed(options.traffic, 0);
  plane.devices().Attach(SideOf(options.traffic.direction), 0, &feed);
  const uint64_t wanted = options.max_packets != 0 ? options.max_packets : kSaturationPackets;
  Samples samples;
  const auto received = [&] { return plane.worker(0).counters().rx_packets.value(); };
  while (samples.packets() < wanted) {
    const uint64_t packets = received();
    const uint64_t start = FencedTsc();
    for (uint32_t i = 0; i < kPollsPerSample; ++i) plane.Poll(0);
    samples.Add(FencedTsc() - start, received() - packets);
  }
  return samples.Mean();  // what it can keep up, disturbances included
}

}  // namespace

bool RunLatency(Bench& bench, const Options& options, Report& report) {
  const uint16_t side = SideOf(options.traffic.direction);
  DataPlaneConfig config{.population = options.traffic.population};
  config.arrivals[side] = Arrivals{};
  DataPlane plane(bench, config);
  Watch watch;
  const uint16_t out = plane.devices().port(side == kAccess ? kCore : kAccess);
  const rte_eth_rxtx_callback* hook = rte_eth_add_tx_callback(out, 0, OnTransmit, &watch);
  if (hook == nullptr) return report.Fail("no transmit callback");

  watch.on = true;
  const double saturated = Saturate(plane, options);
  watch = Watch{.on = true};
  const double hz = static_cast<double>(rte_get_tsc_hz());
  const double gap = options.load > 0 ? saturated / options.load : hz / kIdlePacketsPerSecond;
  PacedFeed feed(options.traffic, gap);
  plane.devices().Attach(side, 0, &feed);
  const dataplane::WorkerCounters& counters = plane.worker(0).counters();
  const uint64_t bursts = counters.rx_bursts.value();
  const uint64_t packets = counters.rx_packets.value();
  const Surroundings surroundings;
  const Deadline deadline(options.seconds);
  const auto enough = [&] {
    return options.max_packets != 0 && counters.rx_packets.value() - packets >= options.max_packets;
  };
  while (!deadline.Over() && !enough()) {
    for (uint32_t i = 0; i < kPollsPerSample; ++i) plane.Poll(0);
  }
  surroundings.AddTo(report);
  rte_eth_remove_tx_callback(out, 0, hook);

  const auto taken = static_cast<double>(counters.rx_packets.value() - packets);
  report.Add("packets", counters.rx_packets.value() - packets);
  report.Add("saturated_mpps", hz / saturated / 1e6);
  report.Add("offered_mpps", hz / gap / 1e6);
  report.Add("packets_per_burst", taken / static_cast<double>(counters.rx_bursts.value() - bursts));
  report.Add("lost_percent",
             100 * static_cast<double>(feed.lost()) / (taken + static_cast<double>(feed.lost())));
  watch.residence.AddTo(report, "residence");
  watch.since_arrival.AddTo(report, "since_arrival");
  return plane.AllAsExpected(std::nullopt, report);
}

}  // namespace lns::bench
