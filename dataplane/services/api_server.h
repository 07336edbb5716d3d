// The process's gRPC server: Forwarding, Telemetry, health and reflection on one unix socket that
// only its owner may open. Made and ended by the main thread; the calls run on gRPC's threads.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>

#include "dataplane/services/process_view.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

class ApiServer {
 public:
  // `path` of the socket; a stale file is replaced (the caller holds the run_dir's lock).
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const std::string& path,
                                                          const ProcessView& process);
  // Cancels the calls in progress, within half a second.
  virtual ~ApiServer() = default;

 protected:
  ApiServer() = default;
};

}  // namespace lns::dataplane
