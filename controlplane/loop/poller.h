// Waits for file descriptors: a thin owner of one epoll. Single-threaded; callbacks run inside
// Wait, on the thread that called it, and may watch or forget descriptors.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>

#include "lib/base/time.h"
#include "lib/os/file_descriptor.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

class Poller {
 public:
  using Callback = std::function<void()>;

  Poller();

  // Level-triggered, readable or hung up. The descriptor stays the caller's, who forgets it before
  // closing it.
  void Watch(int fd, Callback callback);
  void Forget(int fd);

  // Sleeps until a descriptor is ready or `timeout` (rounded up to a millisecond, cut at a minute;
  // zero or negative: no sleep) has passed, then runs the callbacks of those ready.
  void Wait(Duration timeout);

 private:
  FileDescriptor epoll_;
  absl::flat_hash_map<int, Callback> callbacks_;
};

}  // namespace lns::controlplane
