// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/loop/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/check.h"

namespace lns::controlplane {

TerminationSignals::TerminationSignals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  LNS_CHECK(pthread_sigmask(SIG_BLOCK, &wanted, nullptr) == 0);
  fd_ = FileDescriptor(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  LNS_CHECK(fd_.valid());
  // A peer process that goes away is an error of a write, not a reason to die.
  signal(SIGPIPE, SIG_IGN);
}

int TerminationSignals::Take() {
  signalfd_siginfo info{};
  if (read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace lns::controlplane
