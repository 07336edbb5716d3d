// What installing and removing sessions through the API costs the packets of others: the worker at
// a share of its saturated rate, and beside it, on other cores, the gRPC service over the same
// tables and a client that installs and removes sessions at a steady rate, as a control plane does
// under load: one request a millisecond. The sessions that come and go are not those that have
// packets, so every packet must be sent.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <grpcpp/grpcpp.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "dataplane/services/forwarding_service.h"
#include "tests/bench/clock.h"
#include "tests/bench/data_plane.h"
#include "tests/bench/modes.h"
#include "tests/bench/packet_feed.h"

namespace lns::bench {
namespace {

// Sessions that come and go, beside those with traffic; half of them are there at any time.
constexpr uint32_t kComingAndGoing = 4096;
constexpr uint32_t kWaveMilliseconds = 1;
// A sample is long enough to hold tens of changes; the median of samples is what is judged.
constexpr double kSampleSeconds = 0.02;
constexpr uint64_t kSaturationPackets = 2'000'000;
constexpr uint32_t kPollsPerSample = 128;

// What is started from here on runs on every core but the one that measures.
void LeaveMeasuringCore(int measuring) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const auto count = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  for (int core = 0; core < count; ++core) {
    if (core != measuring) CPU_SET(static_cast<size_t>(core), &cores);
  }
  pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
}

// The API over the tables, and its client, until destroyed.
class Churn {
 public:
  Churn(dataplane::TableWriter& writer, const Population& population, uint32_t first,
        uint32_t per_second)
      : population_(population),
        first_(first),
        per_wave_(per_second * kWaveMilliseconds / 1000),
        service_({.generation = 1}, writer, {"access", "core"}),
        thread_([this, core = sched_getcpu()] {
          LeaveMeasuringCore(core);
          Run();
        }) {}
  ~Churn() {
    stopping_ = true;
    thread_.join();
  }
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;

  uint64_t changes() const { return changes_; }
  uint64_t refused() const { return refused_; }
  bool broken() const { return broken_; }

 private:
  void Run() {
    const std::string address = "unix:/tmp/bench-churn-" + std::to_string(getpid()) + ".sock";
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (server == nullptr) {
      broken_ = true;
      return;
    }
    const auto stub = dataplane::v1::Forwarding::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    const auto stream = stub->Apply(&context);
    auto next = std::chrono::steady_clock::now();
    while (!stopping_) {
      dataplane::v1::ApplyRequest request;
      dataplane::v1::ApplyReply reply;
      for (uint32_t i = 0; i < per_wave_; ++i) AddChange(request);
      if (!stream->Write(request) || !stream->Read(&reply)) {
        broken_ = true;
        break;
      }
      changes_ += static_cast<uint64_t>(request.updates_size());
      refused_ += static_cast<uint64_t>(reply.errors_size());
      next += std::chrono::milliseconds(kWaveMilliseconds);
      std::this_thread::sleep_until(next);
    }
    stream->WritesDone();
    stream->Finish();
    server->Shutdown();
  }

  // The oldest that is there goes, the one that went longest ago comes.
  void AddChange(dataplane::v1::ApplyRequest& request) {
    const auto key_of = [&](uint32_t number, auto& key) {
      const uint32_t session = first_ + number % kComingAndGoing;
      key.set_local_tunnel_id(Population::TunnelId(population_.TunnelOf(session)));
      key.set_local_session_id(population_.SessionId(session));
      return session;
    };
    key_of(turn_, *request.add_updates()->mutable_remove_session());
    dataplane::v1::Session& come = *request.add_updates()->mutable_session();
    const uint32_t session = key_of(turn_ + kComingAndGoing / 2, *come.mutable_key());
    come.set_peer_session_id(session % 65535 + 1);
    come.set_ipv4_open(true);
    const net::IpAddress host = net::IpAddress::V4(Population::Address(session));
    types::v1::IpPrefix& prefix = *come.add_prefixes();
    prefix.mutable_address()->set_octets(host.bytes().data(), host.bytes().size());
    prefix.set_length(32);
    ++turn_;
  }

  const Population population_;
  const uint32_t first_;  // of those that come and go
  const uint32_t per_wave_;
  dataplane::ForwardingService service_;
  uint32_t turn_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> broken_ = false;
  std::atomic<uint64_t> changes_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::thread thread_;  // the last: it uses all of the above
};

}  // namespace

bool RunChurn(Bench& bench, const Options& options, Report& report) {
  const uint16_t side = SideOf(options.traffic.direction);
  DataPlaneConfig config{.population = options.traffic.population};
  config.population.sessions += kComingAndGoing;
  config.arrivals[side] = Arrivals{};
  DataPlane plane(bench, config);
  const dataplane::WorkerCounters& counters = plane.worker(0).counters();

  // Ticks per packet of turns that found work, as PollOnce takes them.
  const auto measure = [&](double seconds, uint64_t packets, Samples& samples) {
    const Deadline deadline(seconds);
    const uint64_t first = counters.rx_packets.value();
    const auto sample_ticks =
        static_cast<uint64_t>(kSampleSeconds * static_cast<double>(rte_get_tsc_hz()));
    while (!deadline.Over() && counters.rx_packets.value() - first < packets) {
      const uint64_t before = counters.rx_packets.value();
      const uint64_t start = rte_rdtsc();
      uint64_t busy = 0;
      uint64_t now = start;
      while (now - start < sample_ticks) {
        const bool work = plane.Poll(0);
        const uint64_t after = rte_rdtsc();
        if (work) busy += after - now;
        now = after;
      }
      samples.Add(busy, counters.rx_packets.value() - before);
    }
  };
  const bool small = options.max_packets != 0;
  Samples saturated;
  {
    PacedFeed feed(options.traffic, 0);
    plane.devices().Attach(side, 0, &feed);
    while (saturated.packets() < (small ? options.max_packets : kSaturationPackets)) {
      const uint64_t packets = counters.rx_packets.value();
      const uint64_t start = FencedTsc();
      for (uint32_t i = 0; i < kPollsPerSample; ++i) plane.Poll(0);
      saturated.Add(FencedTsc() - start, counters.rx_packets.value() - packets);
    }
  }
  PacedFeed feed(options.traffic, saturated.Median() / options.load);
  plane.devices().Attach(side, 0, &feed);
  dataplane::TableWriter& writer = bench.Tables(config.population, config.workers).writer();
  Samples samples;
  const Surroundings surroundings;
  {
    std::optional<Churn> churn;
    if (options.churn_per_second != 0) {
      churn.emplace(writer, config.population, options.traffic.population.sessions,
                    options.churn_per_second);
    }
    measure(options.seconds, small ? options.max_packets : UINT64_MAX, samples);
    if (churn) {
      report.Add("changes_per_second", static_cast<double>(churn->changes()) / options.seconds);
      if (churn->broken() || churn->refused() != 0) return report.Fail("updates were not taken");
    }
  }
  surroundings.AddTo(report);
  report.Add("packets", samples.packets());
  report.AddSamples("ticks", samples);
  report.Add("load", options.load);
  report.Add("lost", feed.lost());
  return plane.AllAsExpected(std::nullopt, report);
}

}  // namespace lns::bench
