// Wakes a thread that sleeps in poll() on a descriptor, and costs those who have work for it no
// system call while it is awake.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <sys/eventfd.h>

#include <atomic>

#include "lib/os/file_descriptor.h"

namespace lns {

class Bell {
 public:
  Bell() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // To poll() on; -1: the system has none left.
  int descriptor() const { return event_.get(); }

  // The one who sleeps: before it looks for work a last time, and after poll().
  void BeginSleep() { awake_.exchange(false, std::memory_order_acq_rel); }
  void EndSleep() {
    awake_.exchange(true, std::memory_order_acq_rel);
    eventfd_t count = 0;
    (void)eventfd_read(event_.get(), &count);
  }

  // Anyone, after the work stands where the sleeper looks. Of this exchange and that of BeginSleep
  // the later one sees the other: either the sleeper finds the work or this finds it asleep.
  void Ring() {
    if (!awake_.exchange(true, std::memory_order_acq_rel)) (void)eventfd_write(event_.get(), 1);
  }

 private:
  FileDescriptor event_;
  std::atomic<bool> awake_{true};
};

}  // namespace lns
