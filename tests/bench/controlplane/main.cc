// Measures the control plane without its I/O: what a session costs in memory and in processor time
// when it comes up, and, with a data plane to fill, how long a refill takes over gRPC. Usually run
// by scripts/bench. Prints one JSON object.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <malloc.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "controlplane/southbound/forwarding_client.h"
#include "lib/os/clock.h"
#include "tests/bench/controlplane/subscribers.h"

namespace lns::bench {
namespace {

struct Options {
  SubscribersSettings subscribers;
  std::string target;  // gRPC target of a data plane to refill; empty: none
};

struct Held {
  uint64_t heap = 0;
  uint64_t resident = 0;
};

// What this process holds when free memory has been given back.
Held HeldNow() {
  malloc_trim(0);
  const struct mallinfo2 heap = mallinfo2();
  uint64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return {heap.uordblks + heap.hblkhd, resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))};
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// What a refill of the data plane took, as the loop's side sees it.
struct Refill {
  double seconds = 0;
  double longest_turn_ms = 0;  // that the engine's thread was away for
};

std::optional<Refill> RefillDataplane(const std::string& target, controlplane::Engine& engine) {
  constexpr Duration kPatience = Duration::Seconds(120);
  controlplane::Mailbox mailbox;
  controlplane::ForwardingSettings settings;
  settings.target = target;
  settings.local_addresses = {net::IpAddress::V4(0xc6336401)};
  settings.subscriber_prefixes = {*net::IpPrefix::Parse("100.64.0.0/10")};
  controlplane::ForwardingClient client(
      settings, mailbox,
      [](controlplane::LogLevel, std::string_view text) {
        std::fprintf(stderr, "bench: %s\n", std::string(text).c_str());
      },
      [](const dataplane::v1::Info&) {});
  const Instant start = MonotonicNow();
  client.Start();
  Refill refill;
  controlplane::EngineActions actions;
  while (!client.status().connected) {
    if (MonotonicNow() - start > kPatience) return std::nullopt;
    pollfd entry{mailbox.wake_fd(), POLLIN, 0};
    poll(&entry, 1, 5);
    mailbox.ClearWake();
    mailbox.Drain(1, [&](controlplane::Mailbox::Command& command) {
      const Instant before = MonotonicNow();
      command(engine, before, actions);
      refill.longest_turn_ms =
          std::max(refill.longest_turn_ms,
                   static_cast<double>((MonotonicNow() - before).nanoseconds()) * 1e-6);
    });
  }
  refill.seconds = static_cast<double>((MonotonicNow() - start).nanoseconds()) * 1e-9;
  mailbox.Close();
  return refill;
}

int Run(const Options& options) {
  SeededRng rng(1);
  const uint32_t sessions = options.subscribers.sessions;
  const Held before = HeldNow();
  const std::unique_ptr<controlplane::Engine> engine =
      controlplane::Engine::Make(EngineFor(options.subscribers), rng);
  auto subscribers = std::make_unique<Subscribers>(options.subscribers, *engine, rng);
  const double cpu_before = CpuSeconds();
  if (!subscribers->BringOnline()) {
    std::fprintf(stderr, "bench: %u of %u sessions online\n", engine->Counts().sessions_online,
                 sessions);
    return 1;
  }
  const double cpu = CpuSeconds() - cpu_before;
  subscribers.reset();
  const Held after = HeldNow();
  std::optional<Refill> refill;
  if (!options.target.empty()) {
    refill = RefillDataplane(options.target, *engine);
    if (!refill) {
      std::fprintf(stderr, "bench: the data plane at %s was not refilled\n",
                   options.target.c_str());
      return 1;
    }
  }
  const auto each = [&](uint64_t a, uint64_t b) {
    return static_cast<double>(static_cast<int64_t>(a - b)) / sessions;
  };
  std::printf(
      "{\"sessions\": %u, \"bytes_per_session\": %.1f, \"heap_bytes_per_session\": %.1f, "
      "\"cpu_us_per_call\": %.2f, \"refill_seconds\": %.3f, \"refill_longest_turn_ms\": %.3f}\n",
      sessions, each(after.resident, before.resident), each(after.heap, before.heap),
      cpu / sessions * 1e6, refill ? refill->seconds : 0, refill ? refill->longest_turn_ms : 0);
  return 0;
}

}  // namespace
}  // namespace lns::bench

int main(int argc, char** argv) {
  lns::bench::Options options;
  CLI::App app("bench-controlplane: what a session costs the control plane");
  app.add_option("--sessions", options.subscribers.sessions, "sessions to bring online")
      ->check(CLI::Range(1u, 2'000'000u));
  app.add_option("--tunnels", options.subscribers.tunnels, "tunnels they are spread over")
      ->check(CLI::Range(1u, 4096u));
  app.add_option("--refill", options.target, "gRPC target of a data plane to fill with them");
  CLI11_PARSE(app, argc, argv);
  return lns::bench::Run(options);
}
