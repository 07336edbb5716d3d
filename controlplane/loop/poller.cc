// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/loop/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/base/check.h"

namespace lns::controlplane {
namespace {
// More than the descriptors a process has here (64 workers x 3 classes and a few): one call shows
// them all.
constexpr int kMaxEvents = 256;
// Longer sleeps than this are cut into several; nothing here needs to sleep longer.
constexpr int64_t kMaxSleepMs = 60'000;

int TimeoutMs(Duration timeout) {
  if (timeout <= Duration()) return 0;
  const int64_t ms = (timeout.nanoseconds() - 1) / 1'000'000 + 1;
  return static_cast<int>(std::min(ms, kMaxSleepMs));
}
}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { LNS_CHECK(epoll_.valid()); }

void Poller::Watch(int fd, Callback callback) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.fd = fd;
  LNS_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  callbacks_[fd] = std::move(callback);
}

void Poller::Forget(int fd) {
  if (callbacks_.erase(fd) == 0) return;
  LNS_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);
}

void Poller::Wait(Duration timeout) {
  std::array<epoll_event, kMaxEvents> events;
  const int ready = epoll_wait(epoll_.get(), events.data(), kMaxEvents, TimeoutMs(timeout));
  for (int i = 0; i < ready; ++i) {
    // A callback before this one may have forgotten the descriptor.
    const auto found = callbacks_.find(events[static_cast<size_t>(i)].data.fd);
    if (found == callbacks_.end()) continue;
    const Callback callback = found->second;  // it may forget itself while it runs
    callback();
  }
}

}  // namespace lns::controlplane
