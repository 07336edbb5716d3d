// Keeps on disk what users have and had of the pools (LeaseStore), on a thread of its own: the
// protocol loop hands over what changed after each of its turns and never waits for the disk.
// Changes gather for a moment and are one commit; of several about one address the last counts.
// What the disk does not take is tried again, and past a bound forgotten: the worst that comes of
// it is another address for somebody after a restart.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/leases/lease_store.h"
#include "controlplane/loop/log.h"
#include "lib/base/time.h"

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace lns::controlplane {

class LeaseKeeper {
 public:
  static constexpr Duration kCommitInterval = Duration::Milliseconds(20);
  static constexpr Duration kCommitRetry = Duration::Seconds(1);
  static constexpr Duration kTrimInterval = Duration::Seconds(60);
  // Changes of so many addresses wait for the disk at most.
  static constexpr size_t kMaxUnsaved = size_t{1} << 20;

  // Opens the store and reads what an earlier run left, into `known`, the latest first.
  static absl::StatusOr<std::unique_ptr<LeaseKeeper>> Start(LeaseSettings settings, LogSink log,
                                                            std::vector<RememberedLease>& known);
  // Saves what it was given.
  ~LeaseKeeper();

  // Empties `changes`. The loop's thread.
  void Put(std::vector<RememberedLease>& changes);
  // Any thread.
  std::vector<std::pair<std::string, uint64_t>> Counters() const;

 private:
  struct Counts {
    uint64_t known = 0;  // rows, as of the last look
    uint64_t saved = 0;  // changes written
    uint64_t commits = 0;
    uint64_t errors = 0;   // commits that failed
    uint64_t dropped = 0;  // changes past the bound
    uint64_t forgotten = 0;
  };

  LeaseKeeper(std::unique_ptr<LeaseStore> store, LogSink log);
  void Run();
  // False: it is to end, and nothing is left to save.
  bool WaitForWork(std::vector<RememberedLease>& batch);
  void Commit(const std::vector<RememberedLease>& batch);
  void Trim();

  const std::unique_ptr<LeaseStore> store_;  // the thread's, once it runs
  const LogSink log_;
  bool failing_ = false;
  Instant next_trim_;

  mutable absl::Mutex mutex_;
  using Unit = std::pair<uint16_t, net::IpPrefix>;
  absl::flat_hash_map<Unit, RememberedLease> unsaved_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace lns::controlplane
