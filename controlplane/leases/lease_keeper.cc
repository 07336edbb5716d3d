// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/leases/lease_keeper.h"

#include <algorithm>
#include <ctime>

#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace lns::controlplane {
namespace {

absl::Duration ToAbsl(Duration time) { return absl::Nanoseconds(time.nanoseconds()); }

}  // namespace

absl::StatusOr<std::unique_ptr<LeaseKeeper>> LeaseKeeper::Start(
    LeaseSettings settings, LogSink log, std::vector<RememberedLease>& known) {
  absl::StatusOr<std::unique_ptr<LeaseStore>> store = LeaseStore::Open(std::move(settings));
  if (!store.ok()) return store.status();
  absl::StatusOr<std::vector<RememberedLease>> loaded = (*store)->Load(std::time(nullptr));
  if (!loaded.ok()) return loaded.status();
  known = std::move(*loaded);
  return std::unique_ptr<LeaseKeeper>(new LeaseKeeper(std::move(*store), std::move(log)));
}

LeaseKeeper::LeaseKeeper(std::unique_ptr<LeaseStore> store, LogSink log)
    : store_(std::move(store)), log_(std::move(log)), thread_([this] { Run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  thread_.join();
}

void LeaseKeeper::Put(std::vector<RememberedLease>& changes) {
  if (changes.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const RememberedLease& change : changes) {
    const Unit unit{change.pool, change.unit};
    if (unsaved_.size() >= kMaxUnsaved && !unsaved_.contains(unit)) {
      ++counts_.dropped;
    } else {
      unsaved_.insert_or_assign(unit, change);
    }
  }
  changes.clear();
}

std::vector<std::pair<std::string, uint64_t>> LeaseKeeper::Counters() const {
  absl::MutexLock lock(&mutex_);
  return {{"leases_known", counts_.known},        {"leases_unsaved", unsaved_.size()},
          {"leases_saved", counts_.saved},        {"leases_commits", counts_.commits},
          {"leases_errors", counts_.errors},      {"leases_dropped", counts_.dropped},
          {"leases_forgotten", counts_.forgotten}};
}

// ---- The thread ----

void LeaseKeeper::Run() {
  std::vector<RememberedLease> batch;
  for (;;) {
    if (next_trim_ <= MonotonicNow()) Trim();
    const bool more = WaitForWork(batch);
    if (!batch.empty()) Commit(batch);
    if (!more) return;
    batch.clear();
  }
}

bool LeaseKeeper::WaitForWork(std::vector<RememberedLease>& batch) {
  absl::MutexLock lock(&mutex_);
  const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ending_ || !unsaved_.empty();
  };
  mutex_.AwaitWithTimeout(absl::Condition(&due), ToAbsl(next_trim_ - MonotonicNow()));
  // What comes close together goes to the disk together; after a failure, not at once again.
  const auto ending = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ending_; };
  if (!unsaved_.empty()) {
    mutex_.AwaitWithTimeout(absl::Condition(&ending),
                            ToAbsl(failing_ ? kCommitRetry : kCommitInterval));
  }
  batch.reserve(unsaved_.size());
  for (const auto& [unit, change] : unsaved_) batch.push_back(change);
  unsaved_.clear();
  return !ending_;
}

void LeaseKeeper::Commit(const std::vector<RememberedLease>& batch) {
  const absl::Status status = store_->Save(batch, std::time(nullptr));
  absl::MutexLock lock(&mutex_);
  if (status.ok()) {
    if (failing_) log_(LogLevel::kInfo, "leases: the file takes changes again");
    failing_ = false;
    ++counts_.commits;
    counts_.saved += batch.size();
    return;
  }
  if (!failing_) {
    log_(LogLevel::kWarn, absl::StrCat(std::string(status.message()), "; tried again"));
  }
  failing_ = true;
  ++counts_.errors;
  // What came meanwhile is newer.
  for (const RememberedLease& change : batch) {
    unsaved_.emplace(Unit{change.pool, change.unit}, change);
  }
}

void LeaseKeeper::Trim() {
  next_trim_ = MonotonicNow() + kTrimInterval;
  const absl::StatusOr<uint64_t> forgotten = store_->Trim(std::time(nullptr));
  const absl::StatusOr<uint64_t> known = store_->Count();
  if (!forgotten.ok() || !known.ok()) {
    const absl::Status& status = forgotten.ok() ? known.status() : forgotten.status();
    return log_(LogLevel::kWarn, std::string(status.message()));
  }
  absl::MutexLock lock(&mutex_);
  counts_.forgotten += *forgotten;
  counts_.known = *known;
}

}  // namespace lns::controlplane
