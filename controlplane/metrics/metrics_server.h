// /metrics for Prometheus: what the control plane and, through it, the data plane count, in the
// text exposition format. Requests are answered on threads of the HTTP server; what only the
// protocol loop knows is asked of it through its mailbox, one short command a request, within a
// second. How much there is to tell does not grow with sessions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/loop/mailbox.h"
#include "controlplane/radius/authenticator.h"

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
}

namespace lns::controlplane {

class MetricsCollector;

class MetricsServer {
 public:
  using NamedCounters = std::vector<std::pair<std::string, uint64_t>>;
  struct Parts {
    Mailbox& mailbox;
    std::string dataplane;  // gRPC target
    // Both are called on the loop thread.
    std::function<NamedCounters()> counters;  // beside the engine's
    std::function<RadiusStatus()> radius;
  };

  // `listen`: "address:port". An error says what stands in the way.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& listen,
                                                              Parts parts);
  ~MetricsServer();

 private:
  MetricsServer() = default;

  std::shared_ptr<MetricsCollector> collector_;
  std::unique_ptr<prometheus::Exposer> exposer_;  // ends before what it asks
};

}  // namespace lns::controlplane
