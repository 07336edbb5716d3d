// What a process that handles users' passwords must not leave on a disk: its memory.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <sys/prctl.h>
#include <sys/resource.h>

namespace lns {

// Of this process, from now on, neither into a file (RLIMIT_CORE) nor into a program that
// core_pattern names (not dumpable). Called before any secret is read.
inline void ForbidCoreDumps() {
  constexpr rlimit kNone{.rlim_cur = 0, .rlim_max = 0};
  (void)setrlimit(RLIMIT_CORE, &kNone);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace lns
