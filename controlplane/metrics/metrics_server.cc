// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/metrics/metrics_server.h"

#include <prometheus/exposer.h>

#include <exception>

#include "controlplane/metrics/metrics_collector.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr size_t kThreads = 2;

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& listen,
                                                                    Parts parts) {
  std::unique_ptr<MetricsServer> server(new MetricsServer);
  server->collector_ = std::make_shared<MetricsCollector>(std::move(parts));
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(listen, kThreads);
  } catch (const std::exception& error) {  // the library knows no other way to say so
    return absl::UnavailableError(
        absl::StrCat("metrics.listen: cannot listen on \"", listen, "\": ", error.what()));
  }
  server->exposer_->RegisterCollectable(server->collector_);
  return server;
}

MetricsServer::~MetricsServer() = default;

}  // namespace lns::controlplane
