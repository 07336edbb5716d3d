// The whole process, put together in the order in which its parts need each other, and taken apart
// in reverse. Everything here happens on the main thread, which between start and stop serves the
// punt socket, hears routers on the way to LACs and looks after links; workers run on lcores,
// netlink and gRPC on threads of their own.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/core/handoff.h"
#include "dataplane/kernel/netlink_feed.h"
#include "dataplane/kernel/path_errors.h"
#include "dataplane/ports/eal.h"
#include "dataplane/ports/port_set.h"
#include "dataplane/punt/punt_memory.h"
#include "dataplane/punt/punt_server.h"
#include "dataplane/services/api_server.h"
#include "dataplane/settings.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/worker.h"
#include "dataplane/xdp/steering.h"
#include "lib/os/instance_lock.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

class Process {
 public:
  static absl::StatusOr<std::unique_ptr<Process>> Start(const Settings& given);
  // Stops the workers and leaves nothing behind.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Until `stop_descriptor` is readable.
  void Run(int stop_descriptor);

 private:
  explicit Process(const Settings& settings);
  absl::Status StartParts();
  absl::Status StartTables();
  absl::Status StartPunt();
  absl::Status StartWorkers();
  absl::Status StartKernelFeeds();
  absl::Status StartServices();
  WorkerConfig ConfigureWorker(uint32_t index);
  void WatchLinks();
  void StopWorkers();

  const Settings settings_;
  const uint64_t generation_;
  // In the order of their making; destroyed in reverse.
  std::optional<InstanceLock> lock_;
  std::unique_ptr<Eal> eal_;
  Steering steering_;
  SubscriberJournal journal_;
  std::unique_ptr<PortSet> ports_;
  std::unique_ptr<ForwardingState> tables_;
  std::unique_ptr<HandoffMesh> handoff_;  // null with one worker
  std::unique_ptr<PuntMemory> punt_memory_;
  std::unique_ptr<PuntPolicy> punt_policy_;
  std::unique_ptr<std::atomic<int>[]> punt_eventfds_;  // one per worker
  std::vector<std::unique_ptr<Worker>> workers_;
  uint32_t launched_ = 0;
  std::unique_ptr<NetlinkFeed> netlink_;
  std::unique_ptr<PathErrors> path_errors_;
  std::unique_ptr<PuntServer> punt_server_;
  std::unique_ptr<ApiServer> api_;
  std::vector<bool> link_was_up_;
};

}  // namespace lns::dataplane
