// The process's only clock and wait: epoll over a few descriptors, each with the function to call
// when it is readable (level-triggered). One thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <vector>

#include "lib/base/time.h"
#include "lib/os/file_descriptor.h"

#include "absl/status/status.h"

namespace lns::lacsim {

class EventLoop {
 public:
  EventLoop();
  absl::Status Watch(int fd, std::function<void()> on_readable);
  void Forget(int fd);

  // Calls what is readable; waits for that until `deadline` at most.
  void RunOnce(Instant deadline);

 private:
  FileDescriptor epoll_;
  std::vector<std::function<void()>> watchers_;  // by descriptor number
};

}  // namespace lns::lacsim
