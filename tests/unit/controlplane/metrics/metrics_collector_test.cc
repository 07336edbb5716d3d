// What a scrape says, with a loop on a thread of the test and a data plane in-process.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "controlplane/metrics/metrics_collector.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

using prometheus::MetricType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class CountingEngine final : public FakeEngine {
 public:
  EngineCounts Counts() const override {
    return {.tunnels = 3, .sessions = 70, .sessions_online = 60};
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return {{"lns.call-established", 80},
            {"lns.session-closed.idle-timeout", 4},
            {"lns.session-closed.pool-exhausted", 6}};
  }
};

class FakeTelemetry final : public dataplane::v1::Telemetry::Service {
 public:
  grpc::Status GetCounters(grpc::ServerContext*, const dataplane::v1::GetCountersRequest*,
                           dataplane::v1::Counters* reply) override {
    Add(*reply->mutable_drops(), "no_session", 5);
    Add(*reply->mutable_drops(), "policed", 0);
    Add(*reply->mutable_traffic(), "uplink_packets", uint64_t{1} << 40);
    Add(*reply->mutable_router(), "hop_limit_exceeded", 2);
    return grpc::Status::OK;
  }

 private:
  template <typename List>
  static void Add(List& list, const char* name, uint64_t value) {
    types::v1::NamedCounter& counter = *list.Add();
    counter.set_name(name);
    counter.set_value(value);
  }
};

class MetricsCollectorTest : public ::testing::Test {
 protected:
  MetricsCollectorTest() {
    std::string pattern = ::testing::TempDir() + "/lns-metrics-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    engine_.pools = {{.name = "homes", .size = 256, .used = 250, .exhausted = 0},
                     {.name = "retail", .size = 1000, .used = 1000, .exhausted = 17}};
  }
  ~MetricsCollectorTest() override {
    StopLoop();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(directory_);
  }

  std::string target() const { return "unix:" + directory_ + "/dataplane.sock"; }
  void StartDataplane() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(&telemetry_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void StartLoop() {
    loop_ = std::thread([this] {
      EngineActions actions;
      while (!stop_) {
        pollfd entry{mailbox_.wake_fd(), POLLIN, 0};
        poll(&entry, 1, 10);
        mailbox_.ClearWake();
        mailbox_.Drain(16, [&](Mailbox::Command& command) {
          command(engine_, Instant::FromNanoseconds(1), actions);
        });
      }
    });
  }
  void StopLoop() {
    stop_ = true;
    if (loop_.joinable()) loop_.join();
    mailbox_.Close();
  }

  void Collect() {
    const MetricsCollector collector({.mailbox = mailbox_,
                                      .dataplane = target(),
                                      .counters =
                                          [] {
                                            return MetricsServer::NamedCounters{
                                                {"accounting_queue_records", 12},
                                                {"accounting_stops", 9},
                                                {"coa_refused", 1},
                                                {"leases_known", 5},
                                                {"leases_saved", 40},
                                                {"punt.attached", 1}};
                                          },
                                      .radius =
                                          [this] {
                                            RadiusStatus status;
                                            if (server_settings_.name.empty()) return status;
                                            status.servers.push_back({.settings = &server_settings_,
                                                                      .alive = false,
                                                                      .in_flight = 3,
                                                                      .latency = &latency_,
                                                                      .counters = &counters_});
                                            return status;
                                          }});
    families_ = collector.Collect();
  }

  const prometheus::MetricFamily* Find(const std::string& name) const {
    for (const auto& family : families_) {
      if (family.name == name) return &family;
    }
    return nullptr;
  }
  // By the value of the one label; "" where there is none.
  std::map<std::string, double> Values(const std::string& name) const {
    std::map<std::string, double> values;
    const prometheus::MetricFamily* family = Find(name);
    if (family == nullptr) return values;
    for (const prometheus::ClientMetric& metric : family->metric) {
      const std::string label = metric.label.empty() ? "" : metric.label.back().value;
      values[label] = family->type == MetricType::Gauge ? metric.gauge.value : metric.counter.value;
    }
    return values;
  }

  std::string directory_;
  Mailbox mailbox_;
  CountingEngine engine_;
  FakeTelemetry telemetry_;
  std::unique_ptr<grpc::Server> server_;
  radius::ServerSettings server_settings_;
  radius::LatencyHistogram latency_;
  std::array<uint64_t, radius::kServerCounters> counters_{};
  std::atomic<bool> stop_{false};
  std::thread loop_;
  MetricsCollector::Families families_;
};

TEST_F(MetricsCollectorTest, TellsOfTheLnsItsPartsAndTheDataPlane) {
  StartDataplane();
  StartLoop();
  Collect();
  EXPECT_THAT(Values("terminus_loop_up"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(Values("terminus_dataplane_up"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(Values("terminus_tunnels"), ElementsAre(Pair("", 3)));
  EXPECT_THAT(Values("terminus_sessions"), ElementsAre(Pair("online", 60), Pair("other", 10)));
  EXPECT_THAT(Values("terminus_draining"), ElementsAre(Pair("", 0)));
  EXPECT_THAT(Values("terminus_sessions_closed_total"),
              ElementsAre(Pair("idle-timeout", 4), Pair("pool-exhausted", 6)));
  EXPECT_THAT(Values("terminus_events_total"), ElementsAre(Pair("lns.call-established", 80)));
  EXPECT_THAT(Values("terminus_accounting_queue_records"), ElementsAre(Pair("", 12)));
  EXPECT_THAT(Values("terminus_accounting_stops_total"), ElementsAre(Pair("", 9)));
  EXPECT_THAT(Values("terminus_coa_refused_total"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(Values("terminus_leases_known"), ElementsAre(Pair("", 5)));
  EXPECT_THAT(Values("terminus_leases_saved_total"), ElementsAre(Pair("", 40)));
  EXPECT_THAT(Values("terminus_part_events_total"), ElementsAre(Pair("punt.attached", 1)));
  EXPECT_THAT(Values("terminus_dataplane_drops_total"),
              ElementsAre(Pair("no_session", 5), Pair("policed", 0)));
  EXPECT_THAT(Values("terminus_dataplane_traffic_total"),
              ElementsAre(Pair("uplink_packets", 1099511627776.0)));
  EXPECT_THAT(Values("terminus_dataplane_router_total"),
              ElementsAre(Pair("hop_limit_exceeded", 2)));
  EXPECT_EQ(Find("terminus_accounting_queue_records")->type, MetricType::Gauge);
  EXPECT_EQ(Find("terminus_leases_known")->type, MetricType::Gauge);
  EXPECT_EQ(Find("terminus_coa_refused_total")->type, MetricType::Counter);
}

// A pool that fills up is seen before it is full, and one that was full is seen afterwards.
TEST_F(MetricsCollectorTest, PoolsSayHowFullTheyAreAndHowOftenTheyWere) {
  StartLoop();
  Collect();
  EXPECT_THAT(Values("terminus_pool_addresses"),
              ElementsAre(Pair("homes", 256), Pair("retail", 1000)));
  EXPECT_THAT(Values("terminus_pool_addresses_used"),
              ElementsAre(Pair("homes", 250), Pair("retail", 1000)));
  EXPECT_THAT(Values("terminus_pool_exhausted_total"),
              ElementsAre(Pair("homes", 0), Pair("retail", 17)));
}

TEST_F(MetricsCollectorTest, ServersHaveALatencyHistogramThatAddsUp) {
  server_settings_.name = "aaa1";
  latency_.Add(Duration::Milliseconds(1));
  latency_.Add(Duration::Milliseconds(3));
  latency_.Add(Duration::Milliseconds(700));
  latency_.Add(Duration::Seconds(30));
  counters_[static_cast<size_t>(radius::ServerCounter::kAccepts)] = 8;
  StartLoop();
  Collect();
  EXPECT_THAT(Values("terminus_radius_server_up"), ElementsAre(Pair("aaa1", 0)));
  EXPECT_THAT(Values("terminus_radius_requests_in_flight"), ElementsAre(Pair("aaa1", 3)));
  EXPECT_EQ(Values("terminus_radius_server_events_total").at("accepts"), 8);
  EXPECT_EQ(Values("terminus_radius_server_events_total").size(), radius::kServerCounters);
  const prometheus::MetricFamily* family = Find("terminus_radius_latency_seconds");
  ASSERT_NE(family, nullptr);
  ASSERT_EQ(family->metric.size(), 1u);
  const auto& histogram = family->metric[0].histogram;
  EXPECT_EQ(histogram.sample_count, 4u);
  EXPECT_DOUBLE_EQ(histogram.sample_sum, 30.704);
  // Each bucket holds those before it; what is above them all is in the count alone.
  EXPECT_EQ(histogram.bucket.front().cumulative_count, 1u);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 3u);
  EXPECT_DOUBLE_EQ(histogram.bucket.back().upper_bound, 10.0);
}

TEST_F(MetricsCollectorTest, WithoutServersThereIsNothingAboutThem) {
  StartLoop();
  Collect();
  EXPECT_EQ(Find("terminus_radius_server_up"), nullptr);
}

// What does not answer is said to be down, and the rest is told all the same.
TEST_F(MetricsCollectorTest, ALoopThatHangsAndADataPlaneThatIsAwayAreTold) {
  Collect();
  EXPECT_THAT(Values("terminus_loop_up"), ElementsAre(Pair("", 0)));
  EXPECT_THAT(Values("terminus_dataplane_up"), ElementsAre(Pair("", 0)));
  EXPECT_EQ(families_.size(), 2u);
  StartDataplane();
  Collect();
  EXPECT_THAT(Values("terminus_dataplane_up"), ElementsAre(Pair("", 1)));
  EXPECT_EQ(Values("terminus_dataplane_drops_total").at("no_session"), 5);
}

TEST_F(MetricsCollectorTest, TheTextIsOneAScraperTakes) {
  StartDataplane();
  StartLoop();
  Collect();
  std::set<std::string> names;
  for (const prometheus::MetricFamily& family : families_) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name << " comes twice";
    EXPECT_TRUE(family.name.starts_with("terminus_"));
    EXPECT_EQ(family.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"),
              std::string::npos)
        << family.name;
    EXPECT_EQ(family.type == MetricType::Counter, family.name.ends_with("_total")) << family.name;
    EXPECT_TRUE(family.help.ends_with(".")) << family.name;
  }
  EXPECT_THAT(prometheus::TextSerializer().Serialize(families_),
              HasSubstr("# TYPE terminus_sessions gauge\n"
                        "terminus_sessions{state=\"online\"} 60\n"));
}

}  // namespace
}  // namespace lns::controlplane
