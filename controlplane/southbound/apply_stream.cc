// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/apply_stream.h"

#include <iterator>
#include <utility>

#include "lib/base/check.h"

namespace lns::controlplane {

ApplyStream::ApplyStream(dataplane::v1::Forwarding::Stub& stub, absl::Mutex& mutex,
                         OnReply on_reply)
    : mutex_(mutex), on_reply_(std::move(on_reply)) {
  stub.async()->Apply(&context_, this);
  AddHold();  // writes are started from outside gRPC's callbacks
  StartRead(&reply_);
  StartCall();
}

void ApplyStream::Close() {
  if (closed_) return;
  closed_ = true;
  context_.TryCancel();
  RemoveHold();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&done_));
}

Instant ApplyStream::OldestSent() const {
  return unanswered_.empty() ? Instant::Never() : unanswered_.front().sent;
}

void ApplyStream::Send(dataplane::v1::ApplyRequest request, std::vector<UpdateTicket> tickets,
                       Instant now) {
  LNS_CHECK(request.updates_size() == static_cast<int>(tickets.size()));
  request_ = std::move(request);
  request_.set_batch_id(next_batch_id_);
  {
    absl::MutexLock lock(&mutex_);
    LNS_CHECK(!writing_);
    unanswered_.push_back({next_batch_id_, std::move(tickets), now});
    ++next_batch_id_;
    writing_ = true;
  }
  StartWrite(&request_);
}

std::vector<UpdateTicket> ApplyStream::TakeUnanswered() {
  std::vector<UpdateTicket> all;
  for (Unanswered& request : unanswered_) {
    all.insert(all.end(), std::make_move_iterator(request.tickets.begin()),
               std::make_move_iterator(request.tickets.end()));
  }
  unanswered_.clear();
  return all;
}

void ApplyStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) broken_ = true;
}

void ApplyStream::OnReadDone(bool ok) {
  std::vector<UpdateTicket> tickets;
  {
    absl::MutexLock lock(&mutex_);
    // A reply to nothing, or out of order, is a broken peer: nothing after it can be trusted.
    ok = ok && !unanswered_.empty() && unanswered_.front().batch_id == reply_.batch_id();
    if (!ok) {
      broken_ = true;
      context_.TryCancel();
      return;
    }
    // Stays listed until it has been reported: Idle() means that everybody has been told.
    tickets = unanswered_.front().tickets;
  }
  on_reply_(tickets, reply_);
  {
    absl::MutexLock lock(&mutex_);
    unanswered_.pop_front();
  }
  StartRead(&reply_);
}

void ApplyStream::OnDone(const grpc::Status&) {
  absl::MutexLock lock(&mutex_);
  broken_ = true;
  done_ = true;
}

}  // namespace lns::controlplane
