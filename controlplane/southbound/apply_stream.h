// One Apply stream of lns.dataplane.v1.Forwarding: requests go out one write at a time, several may
// be unanswered, and each reply is matched to the oldest of them, as the service promises.
//
// Owned and driven by the southbound thread; replies arrive on gRPC's threads. All state is guarded
// by the owner's mutex, so that the owner can wait for its queue and for this stream at once.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "controlplane/lns/actions.h"
#include "lib/base/time.h"

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "lns/dataplane/v1/forwarding.grpc.pb.h"

namespace lns::controlplane {

// What became of one update, for whoever asked for it. `session` is {0, 0} for other kinds.
struct UpdateTicket {
  SessionKey session;
  bool confirm = false;
  bool removal = false;
  uint16_t revision = 0;  // of the session's entry
};

class ApplyStream final
    : private grpc::ClientBidiReactor<dataplane::v1::ApplyRequest, dataplane::v1::ApplyReply> {
 public:
  // Unanswered requests at once.
  static constexpr size_t kWindow = 8;

  // Called on a gRPC thread, without the mutex, one reply at a time.
  using OnReply = std::function<void(const std::vector<UpdateTicket>& tickets,
                                     const dataplane::v1::ApplyReply& reply)>;

  ApplyStream(dataplane::v1::Forwarding::Stub& stub, absl::Mutex& mutex, OnReply on_reply);
  ~ApplyStream() override { Close(); }
  // Cancels and waits for gRPC to let go: no reply is reported afterwards.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether Send may be called, or will never be callable again.
  bool Ready() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return broken_ || (!writing_ && unanswered_.size() < kWindow);
  }
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return unanswered_.empty(); }
  bool Broken() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return broken_; }
  // When the oldest unanswered request was sent; Never when there is none.
  Instant OldestSent() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Ready and not broken. `tickets` has one element per update of `request`.
  void Send(dataplane::v1::ApplyRequest request, std::vector<UpdateTicket> tickets, Instant now)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // After Close: the tickets of all requests that were not answered.
  std::vector<UpdateTicket> TakeUnanswered() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

 private:
  struct Unanswered {
    uint64_t batch_id = 0;
    std::vector<UpdateTicket> tickets;
    Instant sent;
  };

  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  absl::Mutex& mutex_;
  const OnReply on_reply_;
  grpc::ClientContext context_;
  dataplane::v1::ApplyRequest request_;  // being written
  dataplane::v1::ApplyReply reply_;      // being read
  std::deque<Unanswered> unanswered_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_batch_id_ = 1;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ = false;
};

}  // namespace lns::controlplane
