// SIGTERM and SIGINT as a readable descriptor, so that stopping is one more event of the loop.
// Made first in main, before any other thread: the signals stay blocked in every thread made after.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/os/file_descriptor.h"

namespace lns::controlplane {

class TerminationSignals {
 public:
  TerminationSignals();

  int fd() const { return fd_.get(); }
  // The next signal that arrived, 0 when there is none.
  int Take();

 private:
  FileDescriptor fd_;
};

}  // namespace lns::controlplane
