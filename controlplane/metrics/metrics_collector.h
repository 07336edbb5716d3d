// Puts what is counted into metric families with names and help texts, which name the objects of
// the L2TP MIB (RFC 3371) they correspond to. Any thread but the loop's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <vector>

#include "controlplane/lns/engine.h"
#include "controlplane/metrics/metrics_server.h"
#include "lib/radius/latency.h"

#include "lns/dataplane/v1/telemetry.grpc.pb.h"

namespace lns::controlplane {

class MetricsCollector final : public prometheus::Collectable {
 public:
  using Families = std::vector<prometheus::MetricFamily>;

  explicit MetricsCollector(MetricsServer::Parts parts);

  Families Collect() const override;

 private:
  struct RadiusServer {
    std::string name;
    bool alive = false;
    size_t in_flight = 0;
    radius::LatencyHistogram latency;
    MetricsServer::NamedCounters counters;
  };
  // What the loop knows, as of one moment.
  struct Snapshot {
    EngineCounts counts;
    bool draining = false;
    std::vector<PoolView> pools;
    MetricsServer::NamedCounters engine;
    MetricsServer::NamedCounters parts;
    std::vector<RadiusServer> radius;
  };

  Snapshot TakeSnapshot(const Engine& engine) const;
  static void AddLns(const Snapshot& snapshot, Families& out);
  static void AddEvents(const Snapshot& snapshot, Families& out);
  static void AddParts(const Snapshot& snapshot, Families& out);
  static void AddRadius(const Snapshot& snapshot, Families& out);
  void AddDataplane(Families& out) const;

  const MetricsServer::Parts parts_;
  const std::unique_ptr<dataplane::v1::Telemetry::Stub> dataplane_;
};

}  // namespace lns::controlplane
