// Tells the engine which tunnels carry data: packets that the data plane forwards are a sign of
// life too (TunnelSettings::data_is_life), but nobody else in the control plane sees them. Asks for
// one number for each tunnel, a few times in the shortest HELLO interval.
//
// A thread of its own, which waits for the data plane so that the loop does not.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "controlplane/lns/profiles.h"
#include "controlplane/loop/mailbox.h"
#include "lib/base/time.h"
#include "lib/l2tp/ids.h"

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "lns/dataplane/v1/telemetry.grpc.pb.h"

namespace lns::controlplane {

// Which tunnels' counts have grown from one reading to the next.
class TunnelGrowth {
 public:
  // A tunnel whose count has fallen has lost sessions, and may have carried data all the same: it
  // is left out this time. So is everything in another data plane's first reading.
  std::vector<l2tp::LocalTunnelId> Take(const dataplane::v1::ReadTunnelTrafficReply& reading);

 private:
  uint64_t generation_ = 0;
  absl::flat_hash_map<uint32_t, uint64_t> packets_;
};

class TunnelWatch {
 public:
  static constexpr Duration kCallTimeout = Duration::Seconds(3);
  static constexpr Duration kMinInterval = Duration::Seconds(1);
  static constexpr Duration kMaxInterval = Duration::Seconds(15);

  // How often these peers want it known; zero: none of them does.
  static Duration IntervalFor(const std::vector<PeerProfile>& peers);

  TunnelWatch(const std::string& target, Duration interval, Mailbox& mailbox);
  // Cancels what is under way.
  ~TunnelWatch();

 private:
  void Run();
  void Read();
  bool Pause();  // false: it is over

  const Duration interval_;
  Mailbox& mailbox_;
  const std::unique_ptr<dataplane::v1::Telemetry::Stub> stub_;
  TunnelGrowth growth_;
  Instant read_at_;  // the reading before

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;

  std::thread thread_;
};

}  // namespace lns::controlplane
