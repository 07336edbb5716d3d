// The benchmark program. Given a mode it makes one measurement and prints one JSON object; `serve`
// reads a command line per line of its input instead and answers each with an object, so that
// filled tables and ports stay between measurements. `frames` writes the capture file that net_pcap
// replays, to this program and to dpdk-testpmd alike. Usually run by scripts/bench.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_version.h>

#include <cstdio>
#include <iostream>
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
  std::string spread = "owned";
  std::string packets = "many";
  std::string out;
  uint32_t cpu = 0;
  bool no_hugepages = false;
};

bool WriteFrames(const Options& options, const std::string& path, Report& report) {
  FrameSource source(options.traffic);
  if (WriteCapture(path, source, options.capture_frames)) return true;
  return report.Fail("cannot write " + path);
}

bool TellClock(Bench&, const Options&, Report& report) {
  report.Add("core_cycles_per_tick", CoreCyclesPerTick());
  report.Add("tsc_hz", rte_get_tsc_hz());
  report.Add("dpdk", rte_version());
  return true;
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
  bool (*run)(Bench&, const Options&, Report&);
};
constexpr Mode kModes[] = {
    {"datapath", "the whole worker, receive to transmit", RunDatapath},
    {"forwarding-work", "the stages alone", RunForwardingWork},
    {"scaling", "one or two workers, each on a core of its own", RunScaling},
    {"latency", "how long packets are in the worker", RunLatency},
    {"churn", "a worker while sessions come and go through gRPC", RunChurn},
    {"session-table", "lookups of random keys", RunSessionTable},
    {"memory", "bytes per session", RunMemory},
    {"clock", "core cycles per TSC tick, DPDK's version", TellClock},
};

void AddOptions(CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  TrafficConfig& traffic = options.traffic;
  app.add_option("--direction", arguments.direction, "uplink, downlink, both, plain");
  app.add_option("--inner", traffic.inner_length, "bytes of the IP packets; 0: IMIX")
      ->check(CLI::Range(0, 1500));
  app.add_option("--sessions", traffic.population.sessions)->check(CLI::Range(1, 1 << 24));
  app.add_option("--tunnels", traffic.population.tunnels)->check(CLI::Range(1u, kMaxTunnels));
  app.add_option("--fault", arguments.fault, "what is wrong with every frame");
  app.add_option("--seed", traffic.seed);
  app.add_option("--capture", options.captures, "replay by net_pcap, a file for each queue");
  app.add_option("--frames", options.capture_frames, "in a capture file");
  app.add_option("--workers", options.workers)->check(CLI::Range(1, int{Devices::kQueues}));
  app.add_option("--owner", traffic.owner, "frames: only of sessions of this worker of --workers");
  app.add_option("--spread", arguments.spread, "scaling: owned, mixed, one-queue");
  app.add_option("--cpus", options.cpus, "scaling: the workers' cores; one: they take turns on it");
  app.add_option("--churn", options.churn_per_second, "sessions that come, and as many that go")
      ->check(CLI::Range(0u, 100'000u));
  app.add_option("--load", options.load, "latency, churn: of the saturated rate")
      ->check(CLI::Range(0.0, 0.99));
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

// Texts into values; false if there is no such thing.
bool Complete(Arguments& arguments, bool no_tunnels) {
  TrafficConfig& traffic = arguments.options.traffic;
  arguments.options.both = arguments.direction == "both";
  const auto direction = ParseDirection(arguments.options.both ? "uplink" : arguments.direction);
  const auto fault = ParseFault(arguments.fault);
  const auto spread = ParseSpread(arguments.spread);
  if (!direction || !fault || !spread) return false;
  traffic.direction = *direction;
  traffic.fault = *fault;
  arguments.options.spread = *spread;
  if (arguments.packets == "small") arguments.options.max_packets = 4096;
  const bool possible_size = traffic.inner_length == 0 || traffic.inner_length >= 46;
  return possible_size && (no_tunnels || traffic.population.IsPossible());
}

constexpr char kNoSuchThing[] = "no such direction, fault, spread, population or packet size";

class CommandLine {
 public:
  // The exit status.
  int Run(int argc, char** argv) {
    CLI::App app("Measures the packet path");
    AddCommands(app);
    app.add_subcommand("serve", "a command per line of input, an answer per line of output");
    Arguments arguments;
    AddOptions(app, arguments);
    CLI11_PARSE(app, argc, argv);
    if (!Complete(arguments, app.got_subcommand("session-table"))) {
      std::fprintf(stderr, "bench: %s\n", kNoSuchThing);
      return 2;
    }
    if (!app.got_subcommand("frames") && !StartEal(arguments)) return 1;
    if (app.got_subcommand("serve")) return Serve();
    Report report;
    const bool good = Measure(app, arguments, report);
    std::printf("%s\n", report.Json().c_str());
    return good ? 0 : 1;
  }

 private:
  static void AddCommands(CLI::App& app) {
    app.require_subcommand(1);
    app.fallthrough();
    app.add_subcommand("frames", "write a capture file");
    for (const Mode& mode : kModes) app.add_subcommand(mode.name, mode.what);
  }

  bool Measure(const CLI::App& app, const Arguments& arguments, Report& report) {
    if (app.got_subcommand("frames")) {
      Options options = arguments.options;
      options.traffic.workers = options.workers;
      return WriteFrames(options, arguments.out, report);
    }
    for (const Mode& mode : kModes) {
      if (app.got_subcommand(mode.name)) return mode.run(bench_, arguments.options, report);
    }
    return report.Fail("no such mode");
  }

  int Serve() {
    std::string line;
    while (std::getline(std::cin, line)) {
      Report report;
      CLI::App app("Measures the packet path");
      AddCommands(app);
      Arguments arguments;
      AddOptions(app, arguments);
      try {
        app.parse(line);
        if (Complete(arguments, app.got_subcommand("session-table"))) {
          Measure(app, arguments, report);
        } else {
          report.Fail(kNoSuchThing);
        }
      } catch (const CLI::Error& error) {
        report.Fail(error.what());
      }
      std::printf("%s\n", report.Json().c_str());
      std::fflush(stdout);
    }
    return 0;
  }

  Bench bench_;
};

}  // namespace
}  // namespace lns::bench

int main(int argc, char** argv) { return lns::bench::CommandLine().Run(argc, argv); }
