// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/accounting/delivery.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace lns::controlplane {

bool Delivery::Add(Record record) {
  if (more_in_spool_ || records_.size() >= kMaxLoaded) {
    more_in_spool_ = true;
    return false;
  }
  Insert(std::move(record));
  return true;
}

void Delivery::OnLoaded(std::vector<Record> records, bool more) {
  more_in_spool_ = more;
  for (Record& record : records) Insert(std::move(record));
}

void Delivery::Insert(Record record) {
  const uint64_t number = record.number;
  LNS_CHECK(number > loaded_up_to_);
  loaded_up_to_ = number;
  if (ConcernsAll(record.type)) barriers_.insert(number);
  std::deque<uint64_t>& queue = queues_[record.session];
  queue.push_back(number);
  if (queue.size() == 1) ready_.insert(number);
  records_.emplace(number, std::move(record));
}

// Behind a barrier nothing goes; the barrier itself when nothing is before it any more.
bool Delivery::MayGo(uint64_t number) const {
  if (barriers_.empty() || number < *barriers_.begin()) return true;
  return number == *barriers_.begin() && records_.begin()->first == number;
}

const Record* Delivery::Next(Instant now) {
  if (in_flight_ >= window_ || now < paused_until_ || ready_.empty()) return nullptr;
  const uint64_t number = *ready_.begin();
  if (!MayGo(number)) return nullptr;
  ready_.erase(ready_.begin());
  ++in_flight_;
  return &records_.at(number);
}

void Delivery::OnDelivered(uint64_t number) {
  const auto found = records_.find(number);
  if (found == records_.end()) return;
  --in_flight_;
  const auto queue = queues_.find(found->second.session);
  LNS_CHECK(queue != queues_.end() && queue->second.front() == number);
  queue->second.pop_front();
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    ready_.insert(queue->second.front());
  }
  barriers_.erase(number);
  records_.erase(found);
  window_ = std::min(window_ * 2, kMaxInFlight);
  pause_ = kFirstPause;
  paused_until_ = Instant();
}

void Delivery::OnUnanswered(uint64_t number, Instant now) {
  if (!records_.contains(number)) return;
  --in_flight_;
  ++retries_;
  ready_.insert(number);
  window_ = 1;
  if (now < paused_until_) return;  // those sent together fail together
  paused_until_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
}

Instant Delivery::NextDeadline() const {
  if (ready_.empty() || in_flight_ >= window_ || !MayGo(*ready_.begin())) return Instant::Never();
  return paused_until_;
}

}  // namespace lns::controlplane
