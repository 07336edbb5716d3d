// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/admission_queue.h"

#include <algorithm>
#include <utility>

namespace lns::controlplane {

AdmissionQueue::Lac AdmissionQueue::LacOf(const AuthenticateUser& user) {
  return user.call == nullptr ? Lac() : user.call->tunnel.peer.address;
}

// What is answered in the time one may wait.
size_t AdmissionQueue::limit() const {
  if (!rate_) return settings_.max_waiting;
  const uint64_t answered = *rate_ * static_cast<uint64_t>(settings_.max_wait.milliseconds()) /
                            static_cast<uint64_t>(kRatePeriod.milliseconds());
  const uint64_t at_least = std::min(kSmallestLimit, settings_.max_waiting);
  return static_cast<size_t>(std::clamp<uint64_t>(answered, at_least, settings_.max_waiting));
}

size_t AdmissionQueue::Share() const { return limit() / std::max<size_t>(1, round_.size()); }

std::optional<AuthenticateUser> AdmissionQueue::Push(const AuthenticateUser& user, Instant now) {
  if (size_ == 0) next_sweep_ = now + kSweep;
  const Lac lac = LacOf(user);
  std::deque<Waiting>& queue = queues_[lac];
  if (queue.empty()) round_.push_back(lac);
  std::optional<AuthenticateUser> evicted;
  if (size_ >= limit()) {
    std::deque<Waiting>* loser = queue.size() < Share() ? FindOverShare() : nullptr;
    if (loser == nullptr) {
      if (queue.empty()) {
        round_.pop_back();
        queues_.erase(lac);
      }
      return user;
    }
    evicted = std::move(loser->back().user);
    loser->pop_back();
    --size_;
  }
  queues_[lac].push_back({user, now});
  ++size_;
  return evicted;
}

// A share is somebody at least, so nobody's queue is emptied by the loss.
std::deque<AdmissionQueue::Waiting>* AdmissionQueue::FindOverShare() {
  const size_t share = Share();
  for (const Lac& lac : round_) {
    std::deque<Waiting>& queue = queues_[lac];
    if (queue.size() > share) return &queue;
  }
  return nullptr;
}

std::optional<AuthenticateUser> AdmissionQueue::Pop(size_t in_flight) {
  if (size_ == 0 || in_flight >= window_) return std::nullopt;
  const Lac lac = round_.front();
  round_.pop_front();
  const auto found = queues_.find(lac);
  AuthenticateUser user = std::move(found->second.front().user);
  found->second.pop_front();
  --size_;
  if (found->second.empty()) {
    queues_.erase(found);
  } else {
    round_.push_back(lac);
  }
  return user;
}

void AdmissionQueue::TakeExpired(Instant now, std::vector<AuthenticateUser>& out) {
  next_sweep_ = now + kSweep;
  for (size_t lacs = round_.size(); lacs > 0; --lacs) {
    const Lac lac = round_.front();
    round_.pop_front();
    std::deque<Waiting>& queue = queues_[lac];
    while (!queue.empty() && now - queue.front().since >= settings_.max_wait) {
      out.push_back(std::move(queue.front().user));
      queue.pop_front();
      --size_;
    }
    if (queue.empty()) {
      queues_.erase(lac);
    } else {
      round_.push_back(lac);
    }
  }
}

Instant AdmissionQueue::NextDeadline() const { return size_ == 0 ? Instant::Never() : next_sweep_; }

void AdmissionQueue::OnAnswer(Instant now) {
  if (now >= period_end_) {
    // What was counted over a longer time than a period is no rate worth refusing anybody by.
    const bool fresh = now < period_end_ + kRatePeriod;
    rate_ = fresh ? std::optional(answered_) : std::nullopt;
    answered_ = 0;
    period_end_ = now + kRatePeriod;
  }
  ++answered_;
}

void AdmissionQueue::OnLatency(Duration latency, Instant now) {
  if (latency <= settings_.target) {
    if (++within_target_ < window_) return;
    within_target_ = 0;
    window_ = std::min(window_ + window_ / 8 + 1, settings_.max_in_flight);
  } else if (now >= next_shrink_) {
    within_target_ = 0;
    window_ = std::max(window_ / 4 * 3, std::min(kSmallestWindow, settings_.max_in_flight));
    // What is in flight now was sent under the old window.
    next_shrink_ = now + latency;
  }
}

}  // namespace lns::controlplane
