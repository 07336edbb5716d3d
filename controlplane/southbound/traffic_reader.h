// Asks the data plane what sessions have passed so far (lns.dataplane.v1.Telemetry): in requests of
// many sessions, a few requests at once, the rest waits its turn. For accounting, whose thread
// asks; answers come on gRPC's threads. What the data plane does not answer is answered here, with
// nothing: nobody waits for ever.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/traffic.h"
#include "lib/base/time.h"

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "lns/dataplane/v1/telemetry.grpc.pb.h"

namespace lns::controlplane {

struct TrafficReading {
  std::vector<SessionKey> asked;
  uint64_t generation = 0;  // 0: not answered
  // Of those asked that are there.
  std::vector<std::pair<SessionKey, Traffic>> counted;
};

class TrafficReader {
 public:
  static constexpr size_t kBatch = 1024;  // the service's own bound
  static constexpr size_t kMaxCalls = 4;
  static constexpr Duration kCallTimeout = Duration::Seconds(3);

  using OnReading = std::function<void(TrafficReading reading)>;

  TrafficReader(const std::string& target, OnReading on_reading);
  // Cancels; answers that have not come by then never do.
  ~TrafficReader();

  // Any thread. Each session is answered once, in some batch.
  void Read(const std::vector<SessionKey>& sessions);

 private:
  struct Call {
    grpc::ClientContext context;
    dataplane::v1::ReadSessionTrafficRequest request;
    dataplane::v1::ReadSessionTrafficReply reply;
    std::vector<SessionKey> asked;
  };

  void StartWaiting();
  void Start(std::vector<SessionKey> sessions);
  void OnDone(Call* call, const grpc::Status& status);

  const OnReading on_reading_;
  const std::unique_ptr<dataplane::v1::Telemetry::Stub> stub_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_set<Call*> calls_ ABSL_GUARDED_BY(mutex_);  // of them, those to be cancelled
  std::deque<std::vector<SessionKey>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lns::controlplane
