// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/metrics/metrics_collector.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace lns::controlplane {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::chrono::seconds kPatience(1);

MetricFamily& Add(std::vector<MetricFamily>& out, std::string name, const char* help,
                  MetricType type) {
  MetricFamily& family = out.emplace_back();
  family.name = std::move(name);
  family.help = help;
  family.type = type;
  return family;
}

void Add(MetricFamily& family, Labels labels, uint64_t value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  (family.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) =
      static_cast<double>(value);
}

// Names of counters have dots and dashes, those of metrics have not.
std::string MetricName(std::string_view name) {
  return absl::StrReplaceAll(std::string(name), {{".", "_"}, {"-", "_"}});
}

// Those of the parts' numbers that go down too.
bool IsGauge(std::string_view name) {
  for (const std::string_view gauge :
       {"accounting_sessions_open", "accounting_sessions_stopping", "accounting_queue_records",
        "accounting_records_in_flight", "leases_known", "leases_unsaved"}) {
    if (name == gauge) return true;
  }
  return false;
}

// Of the parts that have families of their own; nullptr: the others, which share one.
const char* HelpOf(std::string_view name) {
  if (name.starts_with("accounting_") || name.starts_with("coa_")) {
    return "Accounting, as docs/accounting.md says.";
  }
  if (name.starts_with("leases_")) return "Leases on disk, as docs/addresses.md says.";
  return nullptr;
}

}  // namespace

MetricsCollector::MetricsCollector(MetricsServer::Parts parts)
    : parts_(std::move(parts)),
      dataplane_(dataplane::v1::Telemetry::NewStub(
          grpc::CreateChannel(parts_.dataplane, grpc::InsecureChannelCredentials()))) {}

MetricsCollector::Families MetricsCollector::Collect() const {
  Families families;
  const auto snapshot = parts_.mailbox.Call<Snapshot>(
      std::chrono::system_clock::now() + kPatience,
      [this](Engine& engine, Instant, EngineActions&) { return TakeSnapshot(engine); });
  Add(Add(families, "terminus_loop_up", "1 if the protocol loop answered within a second.",
          MetricType::Gauge),
      {}, snapshot.ok() ? 1 : 0);
  if (snapshot.ok()) {
    AddLns(*snapshot, families);
    AddEvents(*snapshot, families);
    AddParts(*snapshot, families);
    AddRadius(*snapshot, families);
  }
  AddDataplane(families);
  return families;
}

MetricsCollector::Snapshot MetricsCollector::TakeSnapshot(const Engine& engine) const {
  Snapshot snapshot{.counts = engine.Counts(),
                    .draining = engine.draining(),
                    .pools = engine.Pools(),
                    .engine = engine.Counters(),
                    .parts = parts_.counters()};
  const RadiusStatus radius = parts_.radius();
  for (const radius::ServerView& view : radius.servers) {
    RadiusServer& server = snapshot.radius.emplace_back();
    server.name = view.settings->name;
    server.alive = view.alive;
    server.in_flight = view.in_flight;
    server.latency = *view.latency;
    for (size_t i = 0; i < radius::kServerCounters; ++i) {
      server.counters.emplace_back(radius::NameOf(static_cast<radius::ServerCounter>(i)),
                                   (*view.counters)[i]);
    }
  }
  return snapshot;
}

void MetricsCollector::AddLns(const Snapshot& snapshot, Families& out) {
  Add(Add(out, "terminus_tunnels",
          "Tunnels that are not closed (RFC 3371 l2tpDomainStatsActiveTunnels).",
          MetricType::Gauge),
      {}, snapshot.counts.tunnels);
  MetricFamily& sessions =
      Add(out, "terminus_sessions",
          "Sessions by state (RFC 3371 l2tpDomainStatsActiveSessions is their sum).",
          MetricType::Gauge);
  Add(sessions, {{"state", "online"}}, snapshot.counts.sessions_online);
  Add(sessions, {{"state", "other"}}, snapshot.counts.sessions - snapshot.counts.sessions_online);
  Add(Add(out, "terminus_draining",
          "1 while new tunnels and calls are refused (RFC 3371 l2tpDrainTunnels, "
          "l2tpDomainStatsDrainingTunnels).",
          MetricType::Gauge),
      {}, snapshot.draining ? 1 : 0);
  MetricFamily& size =
      Add(out, "terminus_pool_addresses", "Addresses of a pool, or prefixes.", MetricType::Gauge);
  for (const PoolView& pool : snapshot.pools) Add(size, {{"pool", pool.name}}, pool.size);
  MetricFamily& used = Add(out, "terminus_pool_addresses_used",
                           "Of those, the ones that are given out.", MetricType::Gauge);
  for (const PoolView& pool : snapshot.pools) Add(used, {{"pool", pool.name}}, pool.used);
  MetricFamily& refused =
      Add(out, "terminus_pool_exhausted_total",
          "How often one was wanted of the pool and none was free.", MetricType::Counter);
  for (const PoolView& pool : snapshot.pools) Add(refused, {{"pool", pool.name}}, pool.exhausted);
}

void MetricsCollector::AddEvents(const Snapshot& snapshot, Families& out) {
  constexpr std::string_view kClosed = "lns.session-closed.";
  MetricFamily closed;
  closed.name = "terminus_sessions_closed_total";
  closed.help =
      "Calls that ended, by cause (RFC 3371 l2tpDomainStatsFailedSessions are those of them that "
      "were never online).";
  closed.type = MetricType::Counter;
  MetricFamily events;
  events.name = "terminus_events_total";
  events.help =
      "What happened to tunnels and calls. tunnel-established and call-established are RFC 3371 "
      "l2tpDomainStatsTotalTunnels and l2tpDomainStatsTotalSessions; sccrq-refused-* and "
      "tunnel-closed-timeout make l2tpDomainStatsFailedTunnels, auth-rejected "
      "l2tpDomainStatsFailedAuths.";
  events.type = MetricType::Counter;
  for (const auto& [name, value] : snapshot.engine) {
    if (name.starts_with(kClosed)) {
      Add(closed, {{"cause", name.substr(kClosed.size())}}, value);
    } else {
      Add(events, {{"event", name}}, value);
    }
  }
  out.push_back(std::move(closed));
  out.push_back(std::move(events));
}

void MetricsCollector::AddParts(const Snapshot& snapshot, Families& out) {
  MetricFamily others;
  others.name = "terminus_part_events_total";
  others.help = "What the parts around the engine count, by the names of docs/counters.md.";
  others.type = MetricType::Counter;
  for (const auto& [name, value] : snapshot.parts) {
    const char* help = HelpOf(name);
    if (help == nullptr) {
      Add(others, {{"event", name}}, value);
    } else if (IsGauge(name)) {
      Add(Add(out, absl::StrCat("terminus_", MetricName(name)), help, MetricType::Gauge), {},
          value);
    } else {
      Add(Add(out, absl::StrCat("terminus_", MetricName(name), "_total"), help,
              MetricType::Counter),
          {}, value);
    }
  }
  out.push_back(std::move(others));
}

void MetricsCollector::AddRadius(const Snapshot& snapshot, Families& out) {
  if (snapshot.radius.empty()) return;
  MetricFamily& alive =
      Add(out, "terminus_radius_server_up", "1 while the server answers.", MetricType::Gauge);
  for (const RadiusServer& server : snapshot.radius) {
    Add(alive, {{"server", server.name}}, server.alive ? 1 : 0);
  }
  MetricFamily& in_flight = Add(out, "terminus_radius_requests_in_flight",
                                "Requests the server has not answered yet.", MetricType::Gauge);
  for (const RadiusServer& server : snapshot.radius) {
    Add(in_flight, {{"server", server.name}}, server.in_flight);
  }
  MetricFamily& events = Add(out, "terminus_radius_server_events_total",
                             "What passed between us and the server.", MetricType::Counter);
  for (const RadiusServer& server : snapshot.radius) {
    for (const auto& [name, value] : server.counters) {
      Add(events, {{"server", server.name}, {"event", name}}, value);
    }
  }
  MetricFamily& latency =
      Add(out, "terminus_radius_latency_seconds",
          "From a request's first transmission to its answer.", MetricType::Histogram);
  for (const RadiusServer& server : snapshot.radius) {
    ClientMetric& metric = latency.metric.emplace_back();
    metric.label = {{"server", server.name}};
    metric.histogram.sample_count = server.latency.total;
    metric.histogram.sample_sum = static_cast<double>(server.latency.sum.nanoseconds()) / 1e9;
    uint64_t below = 0;
    for (size_t i = 0; i < radius::LatencyHistogram::kBoundsMs.size(); ++i) {
      below += server.latency.counts[i];
      metric.histogram.bucket.push_back(
          {below, static_cast<double>(radius::LatencyHistogram::kBoundsMs[i]) / 1000});
    }
  }
}

void MetricsCollector::AddDataplane(Families& out) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  dataplane::v1::Counters counters;
  const bool up = dataplane_->GetCounters(&context, {}, &counters).ok();
  Add(Add(out, "terminus_dataplane_up", "1 if the data plane answered within a second.",
          MetricType::Gauge),
      {}, up ? 1 : 0);
  if (!up) return;
  const auto add = [&](const char* name, const char* help, const char* label, const auto& list) {
    MetricFamily& family = Add(out, name, help, MetricType::Counter);
    for (const types::v1::NamedCounter& counter : list) {
      Add(family, {{label, counter.name()}}, counter.value());
    }
  };
  add("terminus_dataplane_drops_total",
      "Packets dropped, by the reasons of docs/counters.md (RFC 3371 l2tpDomainStatsPayloadRxDiscs "
      "and PayloadTxDiscs together).",
      "reason", counters.drops());
  add("terminus_dataplane_punts_total",
      "Packets handed to the control plane, by reason (RFC 3371 l2tpDomainStatsControlRxPkts: "
      "those "
      "of L2TP control).",
      "reason", counters.punts());
  add("terminus_dataplane_punt_overflows_total",
      "Packets the control plane did not take in time, by class.", "class",
      counters.punt_overflows());
  add("terminus_dataplane_injects_total",
      "Messages of the control plane that were sent (RFC 3371 l2tpDomainStatsControlTxPkts: those "
      "of "
      "L2TP control).",
      "kind", counters.injects());
  add("terminus_dataplane_traffic_total",
      "Subscribers' packets and their octets (RFC 3371 l2tpDomainStatsPayloadRxPkts, "
      "PayloadRxOctets, PayloadTxPkts, PayloadTxOctets; up is Rx).",
      "counter", counters.traffic());
  add("terminus_dataplane_xdp_total", "Packets seen by the XDP programs, by verdict.", "verdict",
      counters.xdp());
  add("terminus_dataplane_router_total",
      "ICMP messages sent or held back, fragments made, and what else a router does.", "counter",
      counters.router());
  add("terminus_dataplane_path_reports_total",
      "Packet Too Big and Fragmentation Needed of routers on the way to LACs, by what became of "
      "them.",
      "verdict", counters.path_reports());
}

}  // namespace lns::controlplane
