// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/event_loop.h"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lib/base/check.h"
#include "lib/os/clock.h"

namespace lns::lacsim {
namespace {
constexpr int kMaxEvents = 64;
// Bounds one wait, so that a mistake in a deadline shows as slowness and not as a hang.
constexpr Duration kLongestWait = Duration::Seconds(1);
}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) { LNS_CHECK(epoll_.valid()); }

absl::Status EventLoop::Watch(int fd, std::function<void()> on_readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, "epoll_ctl");
  }
  const size_t index = static_cast<size_t>(fd);
  if (index >= watchers_.size()) watchers_.resize(index + 1);
  watchers_[index] = std::move(on_readable);
  return absl::OkStatus();
}

void EventLoop::Forget(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watchers_[static_cast<size_t>(fd)] = nullptr;
}

void EventLoop::RunOnce(Instant deadline) {
  const Instant now = MonotonicNow();
  Duration wait = deadline > now ? std::min(deadline - now, kLongestWait) : Duration();
  const timespec timeout{.tv_sec = wait.nanoseconds() / 1'000'000'000,
                         .tv_nsec = wait.nanoseconds() % 1'000'000'000};
  std::array<epoll_event, kMaxEvents> events;
  const int n = ::epoll_pwait2(epoll_.get(), events.data(), kMaxEvents, &timeout, nullptr);
  for (int i = 0; i < n; ++i) {
    // A function called before may have forgotten a later descriptor.
    const auto& watcher = watchers_[static_cast<size_t>(events[static_cast<size_t>(i)].data.fd)];
    if (watcher) watcher();
  }
}

}  // namespace lns::lacsim
