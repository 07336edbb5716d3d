// Runs many seeds of TunnelSim, HostileSim and TieSim: sim-l2tp [--shard I/N] | [--seed S]. The
// number of seeds over all shards is LNS_SIM_SEEDS, 2000 when unset. A failure prints the command
// that replays it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "tests/sim/l2tp/hostile_sim.h"
#include "tests/sim/l2tp/tie_sim.h"
#include "tests/sim/l2tp/tunnel_sim.h"

namespace {

constexpr uint64_t kDefaultSeeds = 2000;

struct Totals {
  uint64_t runs = 0;
  uint64_t established = 0;
  uint64_t timed_out = 0;
  uint64_t calls_up = 0;
  uint64_t outgoing_up = 0;
  uint64_t hostile_established = 0;
  uint64_t hostile_calls_up = 0;
  uint64_t collisions = 0;
};

bool Report(uint64_t seed, const std::optional<std::string>& failure) {
  if (!failure) return true;
  std::printf("FAILED seed %" PRIu64 " %s\n  replay: sim-l2tp --seed %" PRIu64 "\n", seed,
              failure->c_str(), seed);
  return false;
}

bool RunSeed(uint64_t seed, bool verbose, Totals& totals) {
  ++totals.runs;
  lns::l2tp::TunnelSim sim(seed);
  bool good = Report(seed, sim.Run());
  if (sim.was_established()) ++totals.established;
  if (sim.timed_out()) ++totals.timed_out;
  totals.calls_up += sim.calls_up();
  totals.outgoing_up += sim.outgoing_up();

  lns::l2tp::HostileSim hostile(seed);
  good = Report(seed, hostile.Run()) && good;
  if (hostile.was_established()) ++totals.hostile_established;
  totals.hostile_calls_up += hostile.calls_up();

  lns::l2tp::TieSim tie(seed);
  good = Report(seed, tie.Run()) && good;
  if (tie.collided()) ++totals.collisions;
  if (verbose) {
    std::printf("seed %" PRIu64 ": %s\n  %s\n  %s\n", seed, sim.Summary().c_str(),
                hostile.Summary().c_str(), tie.Summary().c_str());
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t shard = 0;
  uint64_t shards = 1;
  Totals totals;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seed") == 0) {
      return RunSeed(std::strtoull(argv[i + 1], nullptr, 10), true, totals) ? 0 : 1;
    }
    if (std::strcmp(argv[i], "--shard") == 0) {
      std::sscanf(argv[i + 1], "%" SCNu64 "/%" SCNu64, &shard, &shards);
    }
  }
  const char* setting = std::getenv("LNS_SIM_SEEDS");
  const uint64_t seeds = setting != nullptr ? std::strtoull(setting, nullptr, 10) : kDefaultSeeds;
  uint64_t failures = 0;
  for (uint64_t seed = shard; seed < seeds; seed += shards) {
    if (!RunSeed(seed, false, totals)) ++failures;
  }
  std::printf(
      "%" PRIu64 " seeds, %" PRIu64 " failed; tunnel up in %" PRIu64 ", lost in %" PRIu64
      ", %" PRIu64 " calls up, %" PRIu64 " of them outgoing; with a hostile peer up in %" PRIu64
      ", %" PRIu64 " calls; %" PRIu64 " simultaneous opens\n",
      totals.runs, failures, totals.established, totals.timed_out, totals.calls_up,
      totals.outgoing_up, totals.hostile_established, totals.hostile_calls_up, totals.collisions);
  // A simulation in which nothing comes up proves nothing.
  const bool meaningful =
      totals.established * 10 >= totals.runs * 7 &&
      totals.hostile_established * 10 >= totals.runs * 5 && totals.outgoing_up >= totals.runs &&
      totals.hostile_calls_up >= totals.runs && totals.collisions * 10 >= totals.runs;
  if (!meaningful) std::printf("FAILED: too little happened\n");
  return failures == 0 && meaningful ? 0 : 1;
}
