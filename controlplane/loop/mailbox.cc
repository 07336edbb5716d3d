// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/loop/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>

#include "lib/base/check.h"

namespace lns::controlplane {

Mailbox::Mailbox() : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { LNS_CHECK(wake_.valid()); }

bool Mailbox::Post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    queue_.push_back(std::move(command));
    if (queue_.size() > 1) return true;  // whoever posted the first one woke the loop
  }
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  return true;
}

std::deque<Mailbox::Command> Mailbox::Take(size_t limit) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() <= limit) return std::exchange(queue_, {});
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(limit);
  std::deque<Command> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return batch;
}

bool Mailbox::Empty() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty();
}

void Mailbox::Close() {
  std::deque<Command> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(queue_);
}

void Mailbox::ClearWake() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(wake_.get(), &count, sizeof(count));
}

}  // namespace lns::controlplane
