// The benchmark program: one measurement per run, on one core. `frames` writes the capture file
// that net_pcap replays, to this program and to dpdk-testpmd alike. Usually run by scripts/bench.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_version.h>

#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/bench/clock.h"
#include "tests/bench/modes.h"
#include "tests/bench/report.h"

namespace lns::bench {
namespace {

struct Arguments {
  Options options;
  std::string direction = "uplink";
  std::string fault = "none";
  std::string packets = "many";
  std::string out;
  uint32_t cpu = 0;
  bool no_hugepages = false;
};

int WriteFrames(const Arguments& arguments) {
  FrameSource source(arguments.options.traffic);
  if (WriteCapture(arguments.out, source, arguments.options.capture_frames)) return 0;
  std::fprintf(stderr, "bench: cannot write %s\n", arguments.out.c_str());
  return 1;
}

int PrintClock(const Options&) {
  Report report;
  report.Add("mode", "clock");
  report.Add("core_cycles_per_tick", CoreCyclesPerTick());
  report.Add("tsc_hz", rte_get_tsc_hz());
  report.Add("dpdk", rte_version());
  report.Print();
  return 0;
}

bool StartEal(const Arguments& arguments) {
  const std::string lcores = "0@" + std::to_string(arguments.cpu);
  std::vector<std::string> eal = {"bench",    "--no-pci", "--no-telemetry", "--log-level=error",
                                  "--lcores", lcores};
  if (arguments.no_hugepages) {
    eal.insert(eal.end(), {"--no-huge", "--no-shconf", "-m", "512"});
  } else {
    eal.emplace_back("--in-memory");
  }
  std::vector<char*> pointers;
  for (std::string& word : eal) pointers.push_back(word.data());
  if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) >= 0) return true;
  std::fprintf(stderr, "bench: the EAL does not start: enough hugepages free?\n");
  return false;
}

struct Mode {
  const char* name;
  const char* what;
  int (*run)(const Options&);
};
constexpr Mode kModes[] = {
    {"datapath", "the whole worker, receive to transmit", RunDatapath},
    {"forwarding-work", "the stages alone", RunForwardingWork},
    {"session-table", "lookups of random keys", RunSessionTable},
    {"memory", "bytes per session", RunMemory},
    {"clock", "core cycles per TSC tick, DPDK's version", PrintClock},
};

void AddOptions(CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  TrafficConfig& traffic = options.traffic;
  app.add_option("--direction", arguments.direction, "uplink, downlink, plain");
  app.add_option("--inner", traffic.inner_length, "bytes of the IP packets; 0: IMIX")
      ->check(CLI::Range(0, 1500));
  app.add_option("--sessions", traffic.population.sessions)->check(CLI::Range(1, 1 << 24));
  app.add_option("--tunnels", traffic.population.tunnels)->check(CLI::Range(1u, kMaxTunnels));
  app.add_option("--fault", arguments.fault, "what is wrong with every frame");
  app.add_option("--seed", traffic.seed);
  app.add_option("--capture", options.capture, "replay this file by net_pcap");
  app.add_option("--frames", options.capture_frames, "in the capture file");
  app.add_option("--workers", options.workers)->check(CLI::Range(1, 2));
  app.add_option("--seconds", options.seconds);
  app.add_option("--table", options.table)->check(CLI::IsMember({"ours", "rte-hash", "direct"}));
  app.add_option("--writer", options.writer_changes_per_second, "table changes per second beside");
  app.add_flag("--no-udp-checksum", traffic.population.udp_checksum_off);
  app.add_option("--packets", arguments.packets, "small: only show that it works")
      ->check(CLI::IsMember({"many", "small"}));
  app.add_option("--cpu", arguments.cpu, "where to run");
  app.add_flag("--no-huge", arguments.no_hugepages);
  app.add_option("--out", arguments.out, "frames: the file to write");
}

int Main(int argc, char** argv) {
  CLI::App app("Measures the packet path");
  Arguments arguments;
  app.require_subcommand(1);
  app.fallthrough();
  AddOptions(app, arguments);
  const CLI::App* frames = app.add_subcommand("frames", "write a capture file");
  for (const Mode& mode : kModes) app.add_subcommand(mode.name, mode.what);
  CLI11_PARSE(app, argc, argv);

  TrafficConfig& traffic = arguments.options.traffic;
  const auto direction = ParseDirection(arguments.direction);
  const auto fault = ParseFault(arguments.fault);
  const bool no_tunnels = app.got_subcommand("session-table");
  if (!direction || !fault || (!no_tunnels && !traffic.population.IsPossible()) ||
      (traffic.inner_length != 0 && traffic.inner_length < 46)) {
    std::fprintf(stderr, "bench: no such direction, fault, population or packet size\n");
    return 2;
  }
  traffic.direction = *direction;
  traffic.fault = *fault;
  if (arguments.packets == "small") arguments.options.max_packets = 4096;
  if (frames->parsed()) return WriteFrames(arguments);
  if (!StartEal(arguments)) return 1;
  for (const Mode& mode : kModes) {
    if (app.got_subcommand(mode.name)) return mode.run(arguments.options);
  }
  return 2;
}

}  // namespace
}  // namespace lns::bench

int main(int argc, char** argv) { return lns::bench::Main(argc, argv); }
